/** The requests of the soak as bytes. */
import { call, httpRequest, MODERN, request } from "../../bench/load/messages.mjs";

const META = "io.modelcontextprotocol/";
const MODERN_META = {
  [`${META}protocolVersion`]: MODERN,
  [`${META}clientInfo`]: { name: "soak", version: "1.0.0" },
  [`${META}clientCapabilities`]: {},
};

/** A call of a tool; with `headers` of a session, or of its own on 2026-07-28. */
export function toolCall(port, { tool, args = {}, headers = {}, modern = false, path }) {
  const made = call(tool, args, { modern, progress: true });
  return httpRequest({ port, path, headers: { ...made.headers, ...headers }, message: made.message }).bytes;
}

/** `subscriptions/listen` of 2026-07-28. */
export function listenRequest(port) {
  const method = "subscriptions/listen";
  const message = request(method, { notifications: { toolsListChanged: true }, _meta: MODERN_META });
  const headers = { "mcp-protocol-version": MODERN, "mcp-method": method };
  return httpRequest({ port, headers, message }).bytes;
}

export function getRequest(port, headers, path) {
  return httpRequest({ method: "GET", port, path, headers }).bytes;
}
