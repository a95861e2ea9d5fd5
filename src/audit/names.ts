import { REDACTED, redactText } from "../util/redact.js";
import type { AuditedName } from "./types.js";

/** Names come from callers and may be as long as a request; no registered one is longer. */
const MAX_NAME_LENGTH = 256;
/** What URLs have in practice. */
const MAX_URI_LENGTH = 2048;

/**
 * A URI without what may be secret in it: the values of its query, its user information and its fragment. Path segments
 * stay: they say which resource it was.
 *
 * @example
 * ```ts
 * import { redactUri } from "holdfast";
 *
 * redactUri("https://files.example.com/report.pdf?version=3&sig=c2VjcmV0"); // …/report.pdf?version=[redacted]&sig=[redacted]
 * ```
 */
export function redactUri(uri: string): string {
  const [, place = "", query, fragment] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(uri) ?? [];
  const open = place.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, `$1${REDACTED}@`);
  const members = query === undefined ? "" : `?${query.slice(1).split("&").map(withoutValue).join("&")}`;
  return `${open}${members}${fragment === undefined ? "" : `#${REDACTED}`}`;
}

function withoutValue(member: string): string {
  const equals = member.indexOf("=");
  if (member === "") return "";
  // A member without a name is a value.
  return equals < 0 ? REDACTED : `${member.slice(0, equals)}=${REDACTED}`;
}

/** Text from outside, short and without credentials. */
export function shown(text: string, maxLength: number = MAX_NAME_LENGTH): string {
  // Redacted before it is cut: half a credential would not be known for one.
  const left = redactText(text.slice(0, 4 * maxLength));
  return left.length <= maxLength && text.length <= 4 * maxLength ? left : `${left.slice(0, maxLength)}…`;
}

/** What the default puts into events. */
export function redactName(text: string, kind: AuditedName): string {
  return kind === "uri" ? redactUri(text) : text;
}

/** The bound for a name of this kind. */
export function maxLengthOf(kind: AuditedName): number {
  return kind === "uri" ? MAX_URI_LENGTH : MAX_NAME_LENGTH;
}
