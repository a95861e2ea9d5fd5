/** JSON-RPC 2.0 as MCP narrows it, read from the specification for comparison: what must be answered, and with which id. */
import { MODERN } from "./messages.js";

export type Id = string | number;

/** What one message asks of a server. */
export type Due =
  | {
      readonly kind: "request";
      readonly id: Id;
      readonly method: string;
      readonly modern: boolean;
      readonly params: Members;
    }
  | { readonly kind: "silent"; readonly cancels?: unknown }
  | { readonly kind: "invalid"; readonly id: Id | undefined };

type Members = Readonly<Record<string, unknown>>;

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
/** Bounds the server puts on what it echoes; longer is no request. */
const MAX_ID = 1024;
const MAX_METHOD = 256;

export function dueOf(value: unknown): Due {
  if (!isMembers(value)) return { kind: "invalid", id: undefined };
  const id = member(value, "id");
  const usable = isId(id) ? id : undefined;
  const wellFormed = member(value, "jsonrpc") === "2.0";
  if (!Object.hasOwn(value, "method")) {
    return wellFormed && usable !== undefined && isAnswer(value) ? { kind: "silent" } : { kind: "invalid", id: usable };
  }
  const { method, params = {} } = value;
  const sound = typeof method === "string" && method.length <= MAX_METHOD && isMembers(params);
  if (!wellFormed || !sound) return { kind: "invalid", id: usable };
  if (!Object.hasOwn(value, "id")) return { kind: "silent", ...cancelled(method, params) };
  if (usable === undefined) return { kind: "invalid", id: undefined };
  return { kind: "request", id: usable, method, modern: isModern(method, params), params };
}

function isAnswer(value: Members): boolean {
  const { result, error } = value;
  if (Object.hasOwn(value, "result")) return !Object.hasOwn(value, "error") && isMembers(result);
  return isMembers(error) && Number.isInteger(error.code) && typeof error.message === "string";
}

function cancelled(method: string, params: Members): { cancels?: unknown } {
  return method === "notifications/cancelled" ? { cancels: member(params, "requestId") } : {};
}

function isModern(method: string, params: Members): boolean {
  const meta = member(params, "_meta");
  return method === "server/discover" || (isMembers(meta) && member(meta, VERSION_KEY) !== undefined);
}

/** The revision by whose schema the answer to `due` is judged. */
export function spokenBy(due: Due & { kind: "request" }, session: string): string {
  return due.modern ? MODERN : session;
}

function isId(value: unknown): value is Id {
  return typeof value === "string" ? value.length <= MAX_ID : Number.isSafeInteger(value);
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function member(value: Members, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
