import { ErrorCode } from "../errors.js";
import { isObject, type JsonObject } from "../util/json.js";
import { checkJson, type JsonBounds, type ParsedJson, parseJson } from "../util/json-scan.js";
import { jsonText } from "../util/json-text.js";
import type { RequestId } from "./types.js";

/** A message that passed `messageKind`; nothing further in re-checks its frame. */
export interface RequestMessage {
  readonly jsonrpc: "2.0";
  readonly id: RequestId;
  readonly method: string;
  readonly params?: JsonObject;
}
export interface NotificationMessage {
  readonly jsonrpc: "2.0";
  readonly method: string;
  readonly params?: JsonObject;
}
export interface ResponseMessage {
  readonly jsonrpc: "2.0";
  readonly id: RequestId;
  readonly result?: JsonObject;
  readonly error?: RpcErrorShape;
}
/** The `error` member of a JSON-RPC error response. */
export interface RpcErrorShape {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export type MessageKind = "request" | "notification" | "response" | "invalid";

/** A method name is an identifier; longer ones are attacks on logs and maps. */
const MAX_METHOD_LENGTH = 256;
/** A request id is echoed in every frame of its answer; a longer one is an amplifier, not an id. */
const MAX_ID_LENGTH = 1024;

/** True for the ids MCP allows: a string, or an integer that JavaScript holds exactly. Null is not allowed. */
export function isRequestId(value: unknown): value is RequestId {
  if (typeof value === "string") return value.length <= MAX_ID_LENGTH;
  return typeof value === "number" && Number.isSafeInteger(value);
}

/**
 * Says what a parsed message is (JSON-RPC 2.0 as MCP narrows it: ids are never null, params are objects).
 * One pass over own properties, no allocation: this is the only frame check on the way in.
 */
export function messageKind(value: unknown): MessageKind {
  if (!isObject(value) || !Object.hasOwn(value, "jsonrpc") || value.jsonrpc !== "2.0") return "invalid";
  if (Object.hasOwn(value, "method")) return methodKind(value);
  if (!Object.hasOwn(value, "id") || !isRequestId(value.id)) return "invalid";
  const hasResult = Object.hasOwn(value, "result");
  const hasError = Object.hasOwn(value, "error");
  if (hasResult === hasError) return "invalid";
  if (hasResult) return isObject(value.result) ? "response" : "invalid";
  return isRpcError(value.error) ? "response" : "invalid";
}

function methodKind(value: JsonObject): MessageKind {
  const { method } = value;
  if (typeof method !== "string" || method.length > MAX_METHOD_LENGTH) return "invalid";
  if (Object.hasOwn(value, "params") && !isObject(value.params)) return "invalid";
  if (!Object.hasOwn(value, "id")) return "notification";
  return isRequestId(value.id) ? "request" : "invalid";
}

function isRpcError(value: unknown): value is RpcErrorShape {
  return isObject(value) && Number.isInteger(value.code) && typeof value.message === "string";
}

/** The id of a message that failed `messageKind`, when it can still be named in the error answer. */
export function salvageId(value: unknown): RequestId | undefined {
  if (!isObject(value) || !Object.hasOwn(value, "id")) return undefined;
  return isRequestId(value.id) ? value.id : undefined;
}

/** JSON text of an id. */
export function encodeId(id: RequestId): string {
  return typeof id === "number" ? String(id) : JSON.stringify(id);
}

/** JSON text of a result response around an already serialised result. */
export function encodeResponse(id: RequestId, resultJson: string): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"result":${resultJson}}`;
}

/**
 * JSON text of an error response. Without an id (the message could not be read) the member is left out, as the schemas
 * of 2025-11-25 and 2026-07-28 demand: MCP has no null ids.
 */
export function encodeError(id: RequestId | undefined, error: RpcErrorShape): string {
  const head = id === undefined ? "" : `"id":${encodeId(id)},`;
  const body = error.data === undefined ? { code: error.code, message: error.message } : error;
  return `{"jsonrpc":"2.0",${head}"error":${jsonText(body)}}`;
}

/** JSON text of a notification. */
export function encodeNotification(method: string, params?: object): string {
  return jsonText(params === undefined ? { jsonrpc: "2.0", method } : { jsonrpc: "2.0", method, params });
}

/** JSON text of a request from server to client. */
export function encodeRequest(id: RequestId, method: string, params?: object): string {
  return jsonText(params === undefined ? { jsonrpc: "2.0", id, method } : { jsonrpc: "2.0", id, method, params });
}

export const PARSE_ERROR: RpcErrorShape = {
  code: ErrorCode.ParseError,
  message: "Parse error: the message is not valid JSON",
};
export const INVALID_REQUEST: RpcErrorShape = {
  code: ErrorCode.InvalidRequest,
  message: "Invalid request: not a JSON-RPC 2.0 message as MCP defines it",
};

/** A message as it came in, or the error to answer it with. */
export type DecodedText =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: RpcErrorShape };

/** Parses the text of a message within bounds. */
export function decodeText(text: string, bounds: JsonBounds): DecodedText {
  return decoded(parseJson(text, bounds));
}

/** Checks a message that somebody else has parsed. */
export function decodeValue(value: unknown, bounds: JsonBounds): DecodedText {
  return decoded(checkJson(value, bounds));
}

/** What is not JSON at all is a parse error; what is JSON, but not what a message may be, is an invalid request. */
function decoded(parsed: ParsedJson): DecodedText {
  if (parsed.ok) return parsed;
  const { reason, message } = parsed;
  if (reason === "syntax") return { ok: false, error: PARSE_ERROR };
  const surrogate = reason === "surrogate";
  const code = surrogate ? ErrorCode.ParseError : ErrorCode.InvalidRequest;
  return { ok: false, error: { code, message: `${surrogate ? "Parse error" : "Invalid request"}: ${message}` } };
}
