/** Streamable HTTP of 2026-07-28: stateless, every request checked against its own headers. */
import type { Principal } from "../../auth/principal.js";
import { ErrorCode, PermissionError } from "../../errors.js";
import { decodeHeaderValue, HEADER, headerMatches } from "../../protocol/headers.js";
import { encodeError, type RequestMessage, type RpcErrorShape } from "../../protocol/jsonrpc.js";
import { decodeEnvelope, isEnvelopeError } from "../../protocol/revisions/2026-07-28/envelope.js";
import { MODERN, revisionOf } from "../../protocol/revisions/index.js";
import type { RequestId } from "../../protocol/types.js";
import { judge } from "../../server/access.js";
import type { App } from "../../server/app.js";
import { dispatchRequest, methodNotFound } from "../../server/dispatch.js";
import type { ToolEntry } from "../../server/entries.js";
import { unknownTool } from "../../server/handlers/tools.js";
import type { Peer } from "../../server/peer.js";
import { unsupported } from "../../server/unsupported.js";
import { type JsonObject, own, ownObject, ownString } from "../../util/json.js";
import { chain } from "../../util/maybe-promise.js";
import type { Door } from "./authenticate.js";
import { acceptedForms } from "./negotiation.js";
import { PostExchange } from "./post-exchange.js";
import { JSON_HEADERS, refuseMessage } from "./respond.js";
import type { HttpExchange } from "./types.js";

/** Where the value of `Mcp-Name` stands in the body, by method (2026-07-28, "Standard Request Headers"). */
const NAME_SOURCE: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
]);

/** Serves one request; the order of the checks is the specification's: envelope, version, method, name, parameters. */
export function serveModern(door: Door, http: HttpExchange, message: RequestMessage, principal: Principal): void {
  const envelope = decodeEnvelope(message.params);
  if (isEnvelopeError(envelope)) return refuseMessage(http, 400, envelope, message.id);
  const mismatch = checkVersionHeader(http, envelope.protocolVersion);
  if (mismatch !== undefined) return refuseMessage(http, 400, mismatch, message.id);
  if (revisionOf(envelope.protocolVersion)?.era !== "modern") {
    return refuseMessage(http, 400, unsupported(envelope.protocolVersion), message.id);
  }
  const misnamed = checkMethodHeader(http, message.method);
  if (misnamed !== undefined) return refuseMessage(http, 400, misnamed, message.id);
  if (!MODERN.requests.has(message.method)) {
    return refuseMessage(http, 404, describe(methodNotFound(message.method, MODERN.version)), message.id);
  }
  const wrong = checkNameHeader(http, message);
  if (wrong !== undefined) return refuseMessage(http, 400, wrong, message.id);
  const client = { info: envelope.clientInfo, capabilities: envelope.capabilities };
  const peer: Peer = { revision: MODERN, transport: "http", principal, client, session: undefined };
  const tool = mirrored(door.app, message);
  if (tool === undefined) return serve(door, http, message, peer);
  const error = checkParamHeaders(tool, http, ownObject(message.params, "arguments"));
  if (error === undefined) return serve(door, http, message, peer);
  // A mismatch is refused in any case; only callers who may use the tool are told which headers it wants.
  chain(judge(tool, peer, undefined), (access) => {
    if (access === true) refuseMessage(http, 400, error, message.id);
    else if (access === false) refuseMessage(http, 200, describe(unknownTool(tool.name)), message.id);
    else refuseForbidden(door, http, new PermissionError(access.permissions, `tool ${tool.name}`), message.id);
  });
}

function refuseForbidden({ protection }: Door, http: HttpExchange, error: PermissionError, id: RequestId): void {
  const { message, required } = error;
  const challenge = protection.challenge(http, {
    error: "insufficient_scope",
    description: message,
    permissions: required,
  });
  const headers = { ...JSON_HEADERS, "www-authenticate": challenge };
  http.end(403, headers, encodeError(id, { code: ErrorCode.Forbidden, message }));
}

function serve({ app, protection }: Door, http: HttpExchange, message: RequestMessage, peer: Peer): void {
  const accepted = acceptedForms(http);
  const exchange = new PostExchange({ app, protection, http, peer, calls: undefined, accepted, resumable: undefined });
  const call = dispatchRequest(app, exchange, message);
  if (exchange.done) return;
  // Closing the connection is how a client of this revision cancels.
  exchange.cancels = call;
  exchange.watch();
}

function describe(error: { readonly code: number; readonly message: string }): RpcErrorShape {
  return { code: error.code, message: error.message };
}

function mismatch(message: string): RpcErrorShape {
  return { code: ErrorCode.HeaderMismatch, message: `Header mismatch: ${message}` };
}

function checkVersionHeader(http: HttpExchange, version: string): RpcErrorShape | undefined {
  const header = http.header(HEADER.protocolVersion);
  if (header === version) return undefined;
  if (header === undefined) return mismatch("the MCP-Protocol-Version header is missing");
  return mismatch("MCP-Protocol-Version does not match the version in the body's _meta");
}

function checkMethodHeader(http: HttpExchange, method: string): RpcErrorShape | undefined {
  const header = http.header(HEADER.method);
  if (header === method) return undefined;
  return mismatch(header === undefined ? "the Mcp-Method header is missing" : "Mcp-Method does not match the body");
}

function checkNameHeader(http: HttpExchange, message: RequestMessage): RpcErrorShape | undefined {
  const source = NAME_SOURCE.get(message.method);
  if (source === undefined) return undefined;
  const expected = ownString(message.params, source);
  // Without a name in the body the request is invalid for a better reason than its headers.
  if (expected === undefined) return undefined;
  const header = http.header(HEADER.name);
  if (header === expected && !header.startsWith("=?base64?")) return undefined;
  if (header === undefined) return mismatch("the Mcp-Name header is missing");
  if (decodeHeaderValue(header) === expected) return undefined;
  return mismatch(`Mcp-Name does not match params.${source}`);
}

/** The tool a call names, if it has arguments that headers mirror; others cost a map look-up. */
function mirrored(app: App, message: RequestMessage): ToolEntry | undefined {
  if (message.method !== "tools/call") return undefined;
  const tool = app.catalogue.tools.get(ownString(message.params, "name") ?? "");
  return tool === undefined || tool.paramHeaders.length === 0 ? undefined : tool;
}

/** Compares `Mcp-Param-*` headers with the arguments they mirror. */
function checkParamHeaders(
  tool: ToolEntry,
  http: HttpExchange,
  args: JsonObject | undefined,
): RpcErrorShape | undefined {
  for (const { header, path, type } of tool.paramHeaders) {
    const value = valueAt(args, path);
    const raw = http.header(header);
    if (value === undefined || value === null) {
      if (raw !== undefined) return mismatch(`${header} mirrors an argument that is not in the body`);
      continue;
    }
    if (raw === undefined) return mismatch(`the ${header} header is missing`);
    const decoded = decodeHeaderValue(raw);
    if (decoded === undefined) return mismatch(`${header} has characters or Base64 that are not valid`);
    if (!headerMatches(decoded, value, type)) return mismatch(`${header} does not match the argument in the body`);
  }
  return undefined;
}

function valueAt(args: JsonObject | undefined, path: readonly string[]): unknown {
  let value: unknown = args;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = own(value as JsonObject, key);
  }
  return value;
}
