/** Requests as bytes, built once; only the seven digits of the id (and of the text that must come back) change. */
export const MARK = "9999999";
export const FIRST_ID = 1_000_000;
const CLIENT = { name: "bench", version: "1.0.0" };
const META = "io.modelcontextprotocol/";
export const LEGACY = "2025-11-25";
export const MODERN = "2026-07-28";

/** `_meta` of every request of 2026-07-28. */
const modernMeta = {
  [`${META}protocolVersion`]: MODERN,
  [`${META}clientInfo`]: CLIENT,
  [`${META}clientCapabilities`]: {},
};

export function request(method, params) {
  return { jsonrpc: "2.0", id: Number(MARK), method, params };
}

export function initialize(revision) {
  return request("initialize", { protocolVersion: revision, capabilities: {}, clientInfo: CLIENT });
}

export const initialized = { jsonrpc: "2.0", method: "notifications/initialized" };

/** A text of `size` characters that holds the id, so that an answer to another call cannot pass. */
export function payload(size = 0) {
  return `hello ${MARK}`.padEnd(size, "The quick brown fox jumps over the lazy dog. ");
}

/** `{ message, headers }` of a call in the era's own way. */
export function call(tool, args, { modern = false, progress = false } = {}) {
  const _meta = { ...(modern && modernMeta), ...(progress && { progressToken: Number(MARK) }) };
  const params = { name: tool, arguments: args, ...(modern || progress ? { _meta } : {}) };
  const headers = { "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool };
  return { message: request("tools/call", params), headers: modern ? headers : {} };
}

/** A whole HTTP request, with `patch(id)` that writes an id where the mark was and gives the bytes. */
export function httpRequest({ method = "POST", path = "/mcp", port, accept, headers = {}, message }) {
  const body = message === undefined ? "" : JSON.stringify(message);
  const all = {
    host: `127.0.0.1:${port}`,
    accept: accept ?? (method === "GET" ? "text/event-stream" : "application/json, text/event-stream"),
    ...(message !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return template(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** Text as bytes in which every mark can be overwritten; the n-th mark group of `step` marks gets `id + n`. */
export function template(text, step = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(text, "latin1");
  const places = [];
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) places.push(at);
  return {
    bytes,
    patch(id) {
      for (let n = 0; n < places.length; n++) bytes.latin1Write(String(id + Math.floor(n / step)), places[n]);
      return bytes;
    },
  };
}
