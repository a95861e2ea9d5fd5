import { isIP } from "node:net";
import { connect, type PeerCertificate } from "node:tls";
import { fault, sound } from "../findings.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";

/** Two weeks: common issuers' certificates are renewed 30 days before they end, so by then it has failed often. */
const SOON_MS = 14 * 86_400_000;

interface Presented {
  readonly certificate: PeerCertificate;
  readonly protocol: string | null;
  /** What Node has against it. */
  readonly error: string | undefined;
}

/** The certificate: dates, name, chain. */
export async function* checkTls(patient: Patient): AsyncIterable<Finding> {
  const { url, examination } = patient;
  if (url.protocol !== "https:") return;
  const { certificate, protocol, error } = await presented(url, examination.answerMs);
  const until = Date.parse(certificate.valid_to);
  const seen = `${protocol}, ${certificate.subjectaltname ?? "no names"}, until ${certificate.valid_to}`;
  const dates = ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"];
  if (error === "ERR_TLS_CERT_ALTNAME_INVALID") yield fault("tls-name", seen);
  else if (error !== undefined && !dates.includes(error)) yield fault("tls-untrusted", `${seen} (${error})`);
  if (until < Date.now() || (error !== undefined && dates.includes(error))) yield fault("tls-expired", seen);
  else if (until - Date.now() < SOON_MS) yield fault("tls-expires-soon", seen);
  else if (error === undefined) yield sound("tls", "tls", seen);
}

function presented(url: URL, timeoutMs: number): Promise<Presented> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(url.port || 443), rejectUnauthorized: false, ...servername });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("the TLS handshake takes too long")));
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const reason = socket.authorizationError as Error | string | undefined;
      const code = typeof reason === "string" ? reason : (reason as { code?: string } | undefined)?.code;
      resolve({
        certificate: socket.getPeerCertificate(),
        protocol: socket.getProtocol(),
        error: reason ? (code ?? String(reason)) : undefined,
      });
      socket.destroy();
    });
  });
}
