/** Which era a request over HTTP belongs to, by what it says of itself. */
import { HEADER } from "../../protocol/headers.js";
import { claimedVersion } from "../../protocol/revisions/2026-07-28/envelope.js";
import { revisionOf } from "../../protocol/revisions/index.js";
import { unsupported } from "../../server/unsupported.js";
import { isObject, ownObject } from "../../util/json.js";
import type { HttpExchange } from "./types.js";

/** A version header that is not of the legacy era. */
export function isModernHeader(http: HttpExchange): boolean {
  const header = http.header(HEADER.protocolVersion);
  return header !== undefined && revisionOf(header)?.era !== "legacy";
}

/** The error for a version header that names no revision at all (2025-11-25, transports: 400). */
export function unknownVersion(http: HttpExchange): ReturnType<typeof unsupported> | undefined {
  const header = http.header(HEADER.protocolVersion);
  return header === undefined || revisionOf(header) !== undefined ? undefined : unsupported(header);
}

/** A request of 2026-07-28, by its header or its body (2026-07-28, versioning, "dual-era"). */
export function isModern(http: HttpExchange, body: unknown): boolean {
  if (isModernHeader(http)) return true;
  return isObject(body) && claimedVersion(ownObject(body, "params")) !== undefined;
}
