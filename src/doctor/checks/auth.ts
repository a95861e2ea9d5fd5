/** How clients find out where to log in: the challenge, and the documents it leads to (RFC 9728). */
import { isObject, own, ownString } from "../../util/json.js";
import { fault, note, sound } from "../findings.js";
import { initialize, post } from "../messages.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";
import type { Answer } from "../wire.js";

const UNAUTHORIZED = 401;

export async function* checkAuth(patient: Patient): AsyncIterable<Finding> {
  const { url } = patient;
  const { status, header } = await patient.ask(url, { ...post(initialize()), bare: true });
  if (status !== UNAUTHORIZED) {
    return yield note("auth", "no-login", `without credentials initialize is answered with ${status}`);
  }
  const challenge = header("www-authenticate");
  if (challenge === undefined) return yield fault("auth-challenge-missing", "401 without WWW-Authenticate");
  const place = /resource_metadata="([^"]*)"/.exec(challenge)?.[1];
  if (place === undefined) return yield sound("auth", "challenge", `WWW-Authenticate: ${challenge}`);
  const document = URL.canParse(place) ? await fetchDocument(patient, place) : undefined;
  if (document?.status !== 200 || !isObject(document.json)) {
    const how = document === undefined ? "not reached" : `answered with ${document.status}`;
    return yield fault("auth-metadata-unreachable", `resource_metadata ${place} is ${how}`);
  }
  const resource = ownString(document.json, "resource");
  if (resource === undefined || !isSameResource(resource, url)) {
    return yield fault("auth-metadata-mismatch", `the metadata is of ${resource}, called was ${url}`);
  }
  const servers = own(document.json, "authorization_servers");
  yield sound("auth", "metadata", `log in at ${Array.isArray(servers) ? servers.join(", ") : "nobody says where"}`);
}

/** Nobody is to be made to fetch from anywhere by a header: only what a client of this server would reach too. */
async function fetchDocument(patient: Patient, place: string): Promise<Answer | undefined> {
  const target = new URL(place);
  if (target.hostname !== patient.url.hostname || target.protocol !== patient.url.protocol) return undefined;
  return await patient.ask(target, { bare: true }).catch(() => undefined);
}

/** The URL itself, or one above it (RFC 9728, section 3.3, as clients of MCP take it). */
function isSameResource(resource: string, url: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname } = new URL(resource);
  return origin === url.origin && `${url.pathname}/`.startsWith(`${pathname.replace(/\/$/, "")}/`);
}
