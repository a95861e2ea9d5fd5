/** What a client of 2026-07-28 puts around a request: headers that mirror the body, and the `_meta` of every request. */
import type { Revision, WireObject } from "./wire-schema.js";

const REVISION: Revision = "2026-07-28";
const META = "io.modelcontextprotocol/";

export interface ModernMetaOptions {
  readonly capabilities?: WireObject;
  readonly logLevel?: string;
  readonly progressToken?: string | number;
  readonly clientInfo?: WireObject;
  readonly protocolVersion?: string;
}

export function modernMeta(options: ModernMetaOptions = {}): WireObject {
  const { capabilities = {}, logLevel, progressToken } = options;
  return {
    [`${META}protocolVersion`]: options.protocolVersion ?? REVISION,
    [`${META}clientInfo`]: options.clientInfo ?? { name: "raw-http", version: "1.0.0" },
    [`${META}clientCapabilities`]: capabilities,
    ...(logLevel === undefined ? {} : { [`${META}logLevel`]: logLevel }),
    ...(progressToken === undefined ? {} : { progressToken }),
  };
}

/** `name` is the tool or prompt name, the resource's URI or the task's id; it is encoded when a header cannot carry it as it is. */
export function modernHeaders(method: string, name?: string): Record<string, string> {
  const headers = { "mcp-protocol-version": REVISION, "mcp-method": method };
  return name === undefined ? headers : { ...headers, "mcp-name": encodeHeaderValue(name) };
}

/** Streamable HTTP 2026-07-28, "Value Encoding". */
export function encodeHeaderValue(value: string): string {
  const plain = /^[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?$/.test(value) || value === "";
  const sentinel = value.startsWith("=?base64?") && value.endsWith("?=");
  return plain && !sentinel ? value : `=?base64?${Buffer.from(value, "utf8").toString("base64")}?=`;
}

export interface ModernRequestOptions extends ModernMetaOptions {
  readonly id?: string | number;
}

/** A whole request with its `_meta`, and the headers that go with it. */
export function modernRequest(
  method: string,
  params: WireObject = {},
  options: ModernRequestOptions = {},
): { message: WireObject; headers: Record<string, string> } {
  const { id = 1, ...meta } = options;
  const own = params._meta as WireObject | undefined;
  const message = { jsonrpc: "2.0", id, method, params: { ...params, _meta: { ...modernMeta(meta), ...own } } };
  const named: Record<string, unknown> = {
    "tools/call": params.name,
    "prompts/get": params.name,
    "resources/read": params.uri,
    "tasks/get": params.taskId,
    "tasks/update": params.taskId,
    "tasks/cancel": params.taskId,
  };
  const name = named[method];
  const headers = modernHeaders(method, typeof name === "string" ? name : undefined);
  if (options.protocolVersion !== undefined) headers["mcp-protocol-version"] = options.protocolVersion;
  return { message, headers };
}
