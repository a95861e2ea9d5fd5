/** A self-signed certificate for 127.0.0.1 in files, chain and key also in one, as HAProxy wants them. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireProgram } from "../../support/debian.js";

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  readonly bundle: string;
  remove(): Promise<void>;
}

export async function makeCertificate(days: number, address = "127.0.0.1"): Promise<Certificate> {
  const openssl = await requireProgram("openssl");
  const folder = await mkdtemp(join(tmpdir(), "holdfast-certificate-"));
  const [certificate, key, bundle] = ["chain.pem", "key.pem", "both.pem"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=holdfast", "-addext", `subjectAltName=IP:${address}`];
  const args = ["req", "-x509", ...curve, "-days", String(days), ...subject, "-keyout", key, "-out", certificate];
  await promisify(execFile)(openssl.path, args, { env: { ...process.env, ...openssl.env } });
  await writeFile(bundle, (await readFile(certificate, "utf8")) + (await readFile(key, "utf8")));
  return { certificate, key, bundle, remove: () => rm(folder, { recursive: true, force: true }) };
}
