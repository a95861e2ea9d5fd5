import {
  ErrorCode,
  HoldfastError,
  McpError,
  MissingClientCapabilityError,
  PermissionError,
  ToolError,
} from "../errors.js";
import type { RpcErrorShape } from "../protocol/jsonrpc.js";
import type { CallToolResult, ContentBlock } from "../protocol/types.js";
import { correlationId } from "../util/ids.js";
import { isObject, type JsonObject } from "../util/json.js";
import type { Call } from "./call.js";

const BLOCK_TYPES = new Set(["text", "image", "audio", "resource", "resource_link"]);

/** Turns whatever a tool returned into a tool result. */
export function toCallResult(value: unknown, structured: boolean): CallToolResult {
  if (typeof value === "string" && !structured) return { content: [{ type: "text", text: value }] };
  if (value === undefined) return { content: [] };
  if (value === null && !structured) return { content: [] };
  if (isBlocks(value)) return { content: value };
  if (isObject(value)) {
    if (isCallResult(value)) return value;
    if (isBlock(value)) return { content: [value as unknown as ContentBlock] };
    if (value.structuredContent !== undefined && onlyResultKeys(value)) {
      return { ...value, content: [textOf(value.structuredContent)] };
    }
  }
  // Text beside the structure, for clients that read only text (2026-07-28, tools, "Structured Content").
  return { content: [textOf(value)], structuredContent: value };
}

function textOf(value: unknown): ContentBlock {
  return { type: "text", text: typeof value === "string" ? value : (JSON.stringify(value) ?? String(value)) };
}

function isBlock(value: unknown): boolean {
  return isObject(value) && typeof value.type === "string" && BLOCK_TYPES.has(value.type) && hasBlockBody(value);
}

function hasBlockBody(value: JsonObject): boolean {
  if (value.type === "text") return typeof value.text === "string";
  if (value.type === "resource") return isObject(value.resource);
  if (value.type === "resource_link") return typeof value.uri === "string";
  return typeof value.data === "string" && typeof value.mimeType === "string";
}

function isBlocks(value: unknown): value is readonly ContentBlock[] {
  return Array.isArray(value) && value.length > 0 && value.every(isBlock);
}

const RESULT_KEYS = new Set(["content", "structuredContent", "isError", "_meta"]);

function onlyResultKeys(value: JsonObject): boolean {
  return Object.keys(value).every((key) => RESULT_KEYS.has(key));
}

/** A full result has `content` made of blocks (or nothing) and no keys of its own. */
function isCallResult(value: JsonObject): value is JsonObject & CallToolResult {
  const { content } = value;
  return Array.isArray(content) && (content.length === 0 || content.every(isBlock)) && onlyResultKeys(value);
}

/** A tool result that says what went wrong, for the model to read. */
export function errorResult(text: string): CallToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

/**
 * What the caller of a tool may know of an error: the message of a `ToolError` and of our own refusals; of anything
 * else only a correlation id, the rest goes to the log.
 */
export function toolFailure(call: Call, name: string, error: unknown): CallToolResult {
  if (error instanceof ToolError || error instanceof HoldfastError) return errorResult(error.message);
  return errorResult(mask(call, `tool ${name}`, error));
}

/** Turns anything thrown into the `error` member of the answer. */
export function describeFailure(call: Call, error: unknown): RpcErrorShape {
  if (error instanceof McpError) return { code: error.code, message: error.message, data: error.data };
  if (error instanceof MissingClientCapabilityError) return describeCapability(call, error);
  if (error instanceof PermissionError) {
    const { message, required } = error;
    return {
      code: ErrorCode.Forbidden,
      message,
      ...(required.length > 0 && { data: { requiredPermissions: required } }),
    };
  }
  if (error instanceof HoldfastError) {
    const ledger = ledgerFailure(error);
    if (ledger !== undefined) return ledger;
    const code = error.code === "ERR_LIMIT" ? ErrorCode.Unavailable : ErrorCode.InternalError;
    return { code, message: error.message };
  }
  if (error instanceof ToolError) return { code: ErrorCode.InternalError, message: error.message };
  return { code: ErrorCode.InternalError, message: mask(call, call.method, error) };
}

/** What the ledger refuses: outside the reserved codes, and never a 400, which clients take for another era. */
function ledgerFailure({ code, message }: HoldfastError): RpcErrorShape | undefined {
  if (code === "ERR_KEY_CONFLICT") return { code: ErrorCode.KeyConflict, message };
  if (code === "ERR_KEY_EXPIRED") return { code: ErrorCode.KeyExpired, message };
  if (code !== "ERR_STORE") return undefined;
  return {
    code: ErrorCode.Unavailable,
    message: "The store of operations is not available: nothing was run, call again.",
  };
}

function describeCapability(call: Call, error: MissingClientCapabilityError): RpcErrorShape {
  const { requiredCapabilities } = error;
  if (call.peer.revision.era === "legacy") return { code: ErrorCode.InvalidRequest, message: error.message };
  const code = ErrorCode.MissingRequiredClientCapability;
  return { code, message: error.message, data: { requiredCapabilities } };
}

function mask(call: Call, where: string, error: unknown): string {
  // What a handler throws because it was cancelled is no failure, and nobody reads the answer.
  if (call.cancelled !== undefined) return `Cancelled: ${where}`;
  const id = correlationId();
  call.app.logger.log("error", "handler_failed", { where, id, error });
  if (!call.app.maskErrors && error instanceof Error) return error.message;
  return `Internal error in ${where}. The server's log has the details under ${id}.`;
}
