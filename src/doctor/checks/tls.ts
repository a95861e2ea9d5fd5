import { isIP } from "node:net";
import { checkServerIdentity, connect, type PeerCertificate } from "node:tls";
import { fault, sound } from "../findings.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";

/** Two weeks: common issuers' certificates are renewed 30 days before they end, so by then it has failed often. */
const SOON_MS = 14 * 86_400_000;

const DATES_AND_NAMES: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

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
  const strange = checkServerIdentity(hostOf(url), certificate) !== undefined;
  const expired = until < Date.now() || Date.parse(certificate.valid_from) > Date.now();
  const soon = !expired && until - Date.now() < SOON_MS;
  // Node names the first of its reasons; dates and names are looked at above.
  const untrusted = error !== undefined && !DATES_AND_NAMES.has(error);
  if (strange) yield fault("tls-name", seen);
  if (expired) yield fault("tls-expired", seen);
  if (soon) yield fault("tls-expires-soon", seen);
  if (untrusted) yield fault("tls-untrusted", `${seen} (${error})`);
  if (!strange && !expired && !soon && !untrusted) yield sound("tls", "tls", seen);
}

/** A URL has brackets around an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}

function presented(url: URL, timeoutMs: number): Promise<Presented> {
  const host = hostOf(url);
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
