/**
 * Judges what a Holdfast server puts on the wire against the specification's own JSON Schemas (test/spec), and against
 * the few rules that its prose adds and a schema cannot say. What a client sends is not judged: tests send nonsense
 * on purpose.
 */
import { inspect } from "node:util";
import type { ErrorObject } from "ajv";
import {
  isRevision,
  isWireObject,
  LATEST,
  type RevisionSchema,
  schemaOf,
  type WireObject,
} from "./wire-definitions.js";
import { createTaskError, taskNotificationError, taskResultError } from "./wire-tasks.js";

export interface MessageContext {
  /** The method of the request that a response answers; without it only the shape of a result is checked. */
  readonly method?: string;
  /** The same for the members of a batch, each of which answers another request. */
  readonly methodOf?: (id: unknown) => string | undefined;
}

/** The only requests that 2026-07-28 lets a server answer with `input_required` (basic/patterns/mrtr, 1.2). */
const INPUT_REQUIRED_METHODS = new Set(["tools/call", "prompts/get", "resources/read"]);
/** Retired by 2026-07-28 (basic, "Error Codes"): "MUST NOT emit". */
const RETIRED_CODES = new Set([-32002, -32042]);
/** The tasks extension of 2026-07-28 is judged by its own rules (wire-tasks.ts). */
const EXTENSION_METHOD = /^(tasks|notifications\/tasks)(\/|$)/;

/** Throws, with the message pretty-printed, unless `message` may be sent by a server speaking `revision`. */
export function assertValidServerMessage(message: unknown, revision: string, context: MessageContext = {}): void {
  if (!isRevision(revision)) throw new TypeError(`no schema for revision ${inspect(revision)}`);
  const schema = schemaOf(revision);
  if (Array.isArray(message)) checkBatch(message, schema, context);
  else checkOne(message, schema, context);
}

function checkBatch(message: unknown[], schema: RevisionSchema, context: MessageContext): void {
  // Batches exist in 2025-03-26 only; JSON-RPC 2.0 forbids an empty one.
  if (schema.revision !== "2025-03-26") fail(message, schema, "is a batch, which only 2025-03-26 has");
  if (message.length === 0) fail(message, schema, "is an empty batch");
  for (const part of message) {
    const method = isWireObject(part) ? context.methodOf?.(part.id) : undefined;
    checkOne(part, schema, method === undefined ? {} : { method });
  }
}

function checkOne(message: unknown, schema: RevisionSchema, context: MessageContext): void {
  if (!isWireObject(message)) fail(message, schema, "is not an object");
  if ("method" in message) checkCall(message, schema);
  else if ("error" in message) checkError(message, schema);
  else if ("result" in message) checkResult(message, schema, context);
  else fail(message, schema, "is neither a response, an error, a notification nor a request");
}

function checkCall(message: WireObject, schema: RevisionSchema): void {
  const kind = "id" in message ? "request" : "notification";
  onlyKeys(
    message,
    schema,
    kind === "request" ? ["jsonrpc", "id", "method", "params"] : ["jsonrpc", "method", "params"],
  );
  validate(message, message, schema, kind === "request" ? "JSONRPCRequest" : "JSONRPCNotification");
  const method = String(message.method);
  if (isExtension(method, schema)) {
    const error = kind === "request" ? "is a request of the server" : taskNotificationError(method, message.params);
    if (error !== undefined) fail(message, schema, error);
    return;
  }
  const definition = (kind === "request" ? schema.requests : schema.notifications).get(method);
  if (definition === undefined) fail(message, schema, `is a ${kind} that no server of this revision sends`);
  validate(message, message, schema, definition);
}

function checkError(message: WireObject, schema: RevisionSchema): void {
  onlyKeys(message, schema, ["jsonrpc", "id", "error"]);
  const code = isWireObject(message.error) ? message.error.code : undefined;
  // Up to 2025-06-18 the schemas demand an id that JSON-RPC 2.0 cannot give when the request was unreadable, and forbid
  // the null that JSON-RPC writes then. Leaving it out is what later revisions made the rule, so it is allowed for
  // exactly the two codes that say "I could not read who asked". Everything but the id is still judged.
  const unreadable = !("id" in message) && (code === -32700 || code === -32600);
  validate(unreadable ? { id: 0, ...message } : message, message, schema, schema.shapes.error);
  const typed = schema.errors.get(Number(code));
  if (typed !== undefined) validate(message, message, schema, typed);
  if (schema.revision !== LATEST) return;
  if (RETIRED_CODES.has(Number(code))) fail(message, schema, "carries a code that 2026-07-28 retired");
  const reserved = Number(code) <= -32020 && Number(code) >= -32099;
  if (reserved && typed === undefined) fail(message, schema, "carries a reserved code that 2026-07-28 does not define");
}

function checkResult(message: WireObject, schema: RevisionSchema, { method }: MessageContext): void {
  onlyKeys(message, schema, ["jsonrpc", "id", "result"]);
  validate(message, message, schema, schema.shapes.result);
  const result = message.result;
  if (!isWireObject(result) || method === undefined) return;
  if (isExtension(method, schema)) {
    const error = taskResultError(method, result, schema.validator("CallToolResult"));
    if (error !== undefined) fail(message, schema, error);
    return;
  }
  const definition = schema.results.get(method);
  if (definition === undefined) fail(message, schema, `answers ${method}, which this revision does not have`);
  if (schema.revision === LATEST && result.resultType !== "complete") {
    checkOtherType(message, result, schema, method);
    return;
  }
  const task = schema.revision === "2025-11-25" && method === "tools/call" && "task" in result;
  validate(result, message, schema, task ? "CreateTaskResult" : definition);
  // The schema of an empty result allows anything; "empty" is what clients rely on.
  if (definition === "EmptyResult") onlyKeys(result, schema, ["_meta", "resultType"], message);
}

function checkOtherType(message: WireObject, result: WireObject, schema: RevisionSchema, method: string): void {
  // The tasks extension answers calls of tools with its own result.
  if (result.resultType === "task") {
    const error = method === "tools/call" ? createTaskError(result) : "makes a task of what is no call of a tool";
    if (error !== undefined) fail(message, schema, error);
    return;
  }
  if (result.resultType !== "input_required") fail(message, schema, "has an unknown resultType");
  if (!INPUT_REQUIRED_METHODS.has(method)) fail(message, schema, `answers ${method} with input_required`);
  validate(result, message, schema, "InputRequiredResult");
  if (!("inputRequests" in result || "requestState" in result)) {
    fail(message, schema, "asks for input with neither inputRequests nor requestState");
  }
}

function isExtension(method: string, schema: RevisionSchema): boolean {
  return schema.revision === LATEST && EXTENSION_METHOD.test(method);
}

function onlyKeys(
  value: WireObject,
  schema: RevisionSchema,
  allowed: readonly string[],
  message: unknown = value,
): void {
  const extra = Object.keys(value).filter((key) => !allowed.includes(key));
  if (extra.length > 0) fail(message, schema, `has the unexpected member ${extra.join(", ")}`);
}

function validate(value: unknown, message: unknown, schema: RevisionSchema, definition: string): void {
  const check = schema.validator(definition);
  if (!check(value)) fail(message, schema, `is no valid ${definition}`, check.errors);
}

function fail(message: unknown, schema: RevisionSchema, why: string, errors?: ErrorObject[] | null): never {
  const details = (errors ?? []).slice(0, 20).map((error) => {
    const { instancePath, message: text = "", params } = error;
    return `\n  ${instancePath === "" ? "(top)" : instancePath}: ${text} ${JSON.stringify(params)}`;
  });
  const shown = JSON.stringify(message, null, 2) ?? inspect(message);
  throw new Error(`a server message of ${schema.revision} ${why}${details.join("")}\n${shown}`);
}
