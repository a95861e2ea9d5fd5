/** Host, Origin and CORS: what keeps strange web pages out, and lets the right ones in. */
import { HEADER } from "../../protocol/headers.js";
import { isObject, own } from "../../util/json.js";
import { fault, note, sound } from "../findings.js";
import { initialize, post } from "../messages.js";
import type { Patient } from "../patient.js";
import { whatArrives } from "../seen.js";
import type { Finding } from "../types.js";
import type { Answer } from "../wire.js";

/** A name that nobody has (RFC 6761). */
const STRANGER = "holdfast-doctor.invalid";
const ALLOW_ORIGIN = "access-control-allow-origin";

export async function* checkProtection(patient: Patient): AsyncIterable<Finding> {
  yield* checkHost(patient);
  yield* checkOrigin(patient);
  const { origin } = patient.examination;
  if (origin !== undefined) yield* checkCors(patient, origin);
}

async function* checkHost(patient: Patient): AsyncIterable<Finding> {
  const { url } = patient;
  const arrived = (await whatArrives(patient))?.header("host")?.value;
  if (arrived !== undefined && !isSameHost(arrived, url)) {
    return yield fault("host-rewritten", `the server is told Host: ${arrived} in place of ${url.host}`);
  }
  const answer = await patient.ask(url, post(initialize(), { host: STRANGER }));
  const { status } = answer;
  if (isServed(answer)) yield fault("host-unchecked", `a request for Host: ${STRANGER} is answered with ${status}`);
  else yield sound("protection", "host", `a request for another host name is not served (${status})`);
}

async function* checkOrigin(patient: Patient): AsyncIterable<Finding> {
  const answer = await patient.ask(patient.url, post(initialize(), { origin: `https://${STRANGER}` }));
  const { status, header } = answer;
  if (!isServed(answer)) return yield sound("protection", "origin", `a strange Origin is not served (${status})`);
  const allowed = header(ALLOW_ORIGIN);
  const seen = `a request of https://${STRANGER} is answered with ${status}`;
  // With the header the page may even read the answer.
  if (allowed === undefined) yield fault("origin-unchecked", seen);
  else yield fault("origin-unchecked", `${seen} and ${ALLOW_ORIGIN}: ${allowed}`, { severity: "error" });
}

/** What a browser does for a page of `origin`. */
async function* checkCors(patient: Patient, origin: string): AsyncIterable<Finding> {
  const wanted = [
    "content-type",
    HEADER.sessionId,
    HEADER.protocolVersion,
    HEADER.method,
    HEADER.name,
    "authorization",
  ];
  const preflight = await patient.ask(patient.url, {
    method: "OPTIONS",
    bare: true,
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": wanted.join(", "),
    },
  });
  const allowed = (preflight.header("access-control-allow-headers") ?? "").toLowerCase();
  const missing = wanted.filter((name) => !allowed.includes(name));
  if (preflight.times(ALLOW_ORIGIN) > 1) {
    return yield fault("cors-duplicated", `${ALLOW_ORIGIN}: ${preflight.header(ALLOW_ORIGIN)}`);
  }
  if (preflight.status >= 300 || preflight.header(ALLOW_ORIGIN) !== origin) {
    return yield fault("cors-refused", `the preflight of ${origin} is answered with ${preflight.status}`);
  }
  if (missing.length > 0) return yield fault("cors-refused", `the preflight does not allow ${missing.join(", ")}`);
  const { header, times } = await patient.ask(patient.url, post(initialize(), { origin }));
  if (times(ALLOW_ORIGIN) > 1) return yield fault("cors-duplicated", `${ALLOW_ORIGIN}: ${header(ALLOW_ORIGIN)}`);
  if (!(header("access-control-expose-headers") ?? "").toLowerCase().includes(HEADER.sessionId)) {
    return yield note("protection", "cors-not-exposed", "the page cannot read Mcp-Session-Id: it has no session");
  }
  yield sound("protection", "cors", `a page of ${origin} may call`);
}

/** The server itself answered, and did not mind. Some proxies have an empty 200 for hosts that they do not know. */
function isServed({ status, json }: Answer): boolean {
  return status === 401 || (status < 300 && isObject(json) && own(json, "result") !== undefined);
}

/** With its port: URLs that the server builds have it too. */
function isSameHost(host: string, url: URL): boolean {
  const standard = url.protocol === "https:" ? ":443" : ":80";
  return host.toLowerCase().replace(new RegExp(`${standard}$`), "") === url.host;
}
