/** Header names, in the lower case in which Node and fetch give them. */
export const HEADER = {
  sessionId: "mcp-session-id",
  protocolVersion: "mcp-protocol-version",
  method: "mcp-method",
  name: "mcp-name",
  lastEventId: "last-event-id",
} as const;

/** `_meta` keys of the per-request envelope (2026-07-28, basic, "_meta"). */
export const META = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  logLevel: "io.modelcontextprotocol/logLevel",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  serverInfo: "io.modelcontextprotocol/serverInfo",
} as const;

const SENTINEL_START = "=?base64?";
const SENTINEL_END = "?=";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Visible ASCII, space and tab: what RFC 9110 allows in a field value. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

/**
 * Decodes a mirrored header value (2026-07-28, Streamable HTTP, "Value Encoding"): plain ASCII, or the Base64 sentinel.
 * Returns undefined for characters a header may not carry and for malformed Base64: Node's decoder would skip over both.
 */
export function decodeHeaderValue(raw: string): string | undefined {
  if (!FIELD_VALUE.test(raw)) return undefined;
  if (!raw.startsWith(SENTINEL_START) || !raw.endsWith(SENTINEL_END)) return raw;
  const body = raw.slice(SENTINEL_START.length, -SENTINEL_END.length);
  if (raw.length < SENTINEL_START.length + SENTINEL_END.length || !BASE64.test(body)) return undefined;
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Decimal, as the specification says; `42.0` is 42. `Number` alone would take `0x2a` and white space too. */
const DECIMAL = /^-?\d{1,17}(?:\.0{1,17})?$/;

/** True when a decoded `Mcp-Param-*` value says the same as the argument in the body; integers compare by value. */
export function headerMatches(decoded: string, argument: unknown, type: "string" | "integer" | "boolean"): boolean {
  if (type === "integer" && typeof argument === "number") return DECIMAL.test(decoded) && Number(decoded) === argument;
  if (typeof argument === "string") return decoded === argument;
  // Anything else has no text of its own: `String` of it may throw, or say what a scalar says.
  return (typeof argument === "number" || typeof argument === "boolean") && decoded === String(argument);
}
