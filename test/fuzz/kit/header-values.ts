/** Values of HTTP header fields, right and wrong. */
import { STATIC_URI } from "./definition.js";
import type { Dice } from "./dice.js";
import { oddString } from "./json.js";
import { LEGACY, MODERN } from "./messages.js";
import { mutateText } from "./text.js";

export type Headers = Record<string, string>;

const HOSTS = ["127.0.0.1", "127.0.0.1:8000", "localhost", "[::1]:80", "10.0.0.1", "evil.test", "", "a b", "[::1", "é"];
const ORIGINS = [
  "http://127.0.0.1",
  "https://page.test",
  "null",
  "https://evil.test",
  "",
  "http://localhost",
  "\u00ff",
];
const ACCEPTS = [
  "*/*",
  "application/json",
  "text/event-stream",
  "text/html",
  "",
  "application/*;q=0, text/*;q=0.0",
  ",,;;",
  "text/event-stream;q=1.0, */*;q=0",
];
const TYPES = [
  "application/json; charset=utf-8",
  "text/plain",
  "application/json;charset=latin1",
  "",
  "application/jsonx",
];
const VERSIONS = [...LEGACY, MODERN, "1900-01-01", "", "2025-11-25, 2025-11-25", "constructor"];
export const EVENT_IDS = [
  "AAAAAAAAAAAAAAAAAAAAAA_0",
  "_0",
  "0",
  "AAAAAAAAAAAAAAAAAAAAAA_999999999999999",
  "\u00ff",
  "",
];
const HEADER_NAMES = [
  "host",
  "origin",
  "accept",
  "content-type",
  "content-encoding",
  "mcp-session-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "mcp-param-region",
  "mcp-param-count",
  "mcp-param-dry-run",
  "last-event-id",
  "access-control-request-headers",
  "access-control-request-method",
  "authorization",
  "idempotency-key",
] as const;

const KNOWN_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ["host", HOSTS],
  ["origin", ORIGINS],
  ["accept", ACCEPTS],
  ["content-type", TYPES],
  ["content-encoding", ["gzip", "identity", "IDENTITY", ""]],
  ["mcp-protocol-version", VERSIONS],
  ["mcp-method", ["tools/call", "tools/list", "ping", ""]],
  ["mcp-name", ["echo", "mirror", "=?base64?ZWNobw==?=", "=?base64??=", "=?base64?ZWNobw=?=", STATIC_URI]],
  ["mcp-param-count", ["3", "3.0", "03", "0x3", "3e0", " 3", "-0", "9".repeat(400)]],
  ["mcp-param-dry-run", ["false", "False", "0", ""]],
  ["last-event-id", EVENT_IDS],
  ["access-control-request-headers", ["mcp-param-a, mcp-param-\u00e9", "x,,mcp-param-", "mcp-param-x\r\ny: z"]],
]);

/** `headers` with one of them changed, gone or new. */
export function mutatedHeaders(dice: Dice, headers: Readonly<Headers>): Headers {
  const name = dice.flip(3) ? dice.pick(Object.keys(headers)) : dice.pick(HEADER_NAMES);
  const { [name]: value = "", ...others } = headers;
  if (dice.flip(4)) return others;
  return { ...others, [name]: fieldValue(oddHeader(dice, name, value)) };
}

function oddHeader(dice: Dice, name: string, value: string): string {
  const known = KNOWN_VALUES.get(name);
  if (known !== undefined && !dice.flip(3)) return dice.pick(known);
  if (dice.flip(8)) return `${value}, ${value}`;
  return dice.flip(3) ? oddString(dice) : mutateText(dice, value);
}

/** What a parser of HTTP lets through: no line breaks, no characters beyond Latin-1, no white space around. */
function fieldValue(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim();
}
