import type { HttpExchange } from "./types.js";

/** What forms of answer a client takes. */
export interface Accepted {
  readonly json: boolean;
  readonly sse: boolean;
}

const BOTH: Accepted = { json: true, sse: true };
/** What the clients of this world send; answered without parsing. */
const COMMON = new Set([
  "application/json, text/event-stream",
  "text/event-stream, application/json",
  "application/json,text/event-stream",
  "*/*",
]);

/** Reads the Accept header (RFC 9110, 12.5.1). Lenient: a client that names one form gets that one. */
export function acceptedForms(http: HttpExchange): Accepted {
  const accept = http.header("accept");
  if (accept === undefined || COMMON.has(accept)) return BOTH;
  const wanted = new Map<string, boolean>();
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const some = !parameters.some((one) => /^q=0(\.0*)?$/.test(one));
    wanted.set(type, some || wanted.get(type) === true);
  }
  // The most specific range counts: `application/json;q=0, */*` takes everything but JSON.
  const takes = (...ranges: string[]) => ranges.map((range) => wanted.get(range)).find((one) => one !== undefined);
  return {
    json: takes("application/json", "application/*", "*/*") ?? false,
    sse: takes("text/event-stream", "text/*", "*/*") ?? false,
  };
}

/**
 * True for JSON, by the parsed media type and not by a substring: browsers send `text/plain` and forms across origins
 * without asking, and such a body must never be read as a message (security record, 2).
 */
export function isJson(http: HttpExchange): boolean {
  const type = http.header("content-type");
  if (type === "application/json") return true;
  if (type === undefined) return false;
  const [essence = "", ...parameters] = type.split(";").map((part) => part.trim().toLowerCase());
  return essence === "application/json" && parameters.every((one) => !one.startsWith("charset=") || UTF8.test(one));
}

const UTF8 = /^charset="?utf-?8"?$/;
