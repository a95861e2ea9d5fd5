/** The shapes of the extension `io.modelcontextprotocol/tasks` (SEP-2663), which has no JSON Schema of its own. */
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import type { WireObject } from "./wire-definitions.js";

const ajv = new Ajv({ strict: false, allErrors: true });
formats.default(ajv);

const TASK = {
  taskId: { type: "string", minLength: 22 },
  statusMessage: { type: "string" },
  createdAt: { type: "string", format: "date-time" },
  lastUpdatedAt: { type: "string", format: "date-time" },
  ttlMs: { type: ["integer", "null"], minimum: 1 },
  pollIntervalMs: { type: "integer", minimum: 1 },
  _meta: { type: "object" },
};
const REQUIRED = ["taskId", "status", "createdAt", "lastUpdatedAt", "ttlMs"];
const STATUSES = ["working", "input_required", "completed", "failed", "cancelled"];

/** The member that a status brings along. */
const PAYLOADS: Readonly<Record<string, WireObject>> = {
  working: {},
  cancelled: {},
  completed: { result: { type: "object" } },
  failed: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "integer" }, message: { type: "string" } },
    },
  },
  input_required: {
    inputRequests: {
      type: "object",
      minProperties: 1,
      additionalProperties: {
        type: "object",
        required: ["method"],
        properties: { method: { enum: ["elicitation/create", "sampling/createMessage", "roots/list"] } },
      },
    },
  },
};

function compile(status: object, more: WireObject): ValidateFunction {
  const properties = { ...TASK, status, ...more };
  const required = [...REQUIRED, ...Object.keys(more)];
  return ajv.compile({ type: "object", required, properties, additionalProperties: false });
}

const CREATED = compile({ enum: STATUSES }, { resultType: { const: "task" } });
const COMPLETE = { resultType: { const: "complete" } };
const GOT = new Map(
  STATUSES.map((status) => [status, compile({ const: status }, { ...COMPLETE, ...PAYLOADS[status] })]),
);
const TOLD = new Map(STATUSES.map((status) => [status, compile({ const: status }, { ...PAYLOADS[status] })]));
const ACK = ajv.compile({
  type: "object",
  required: ["resultType"],
  properties: { ...COMPLETE, _meta: { type: "object" } },
  additionalProperties: false,
});

/** What is wrong with a `CreateTaskResult`; undefined when nothing is. */
export function createTaskError(result: WireObject): string | undefined {
  return errorOf(CREATED, result);
}

/** What is wrong with the result of a method of the extension. */
export function taskResultError(
  method: string,
  result: WireObject,
  isCallResult: ValidateFunction,
): string | undefined {
  if (method !== "tasks/get") return errorOf(ACK, result);
  const error = errorOf(GOT.get(String(result.status)), result);
  if (error !== undefined || result.status !== "completed") return error;
  return errorOf(isCallResult, result.result);
}

/** What is wrong with a notification of the extension. */
export function taskNotificationError(method: string, params: unknown): string | undefined {
  if (method !== "notifications/tasks") return `is ${method}, which the extension does not have`;
  return errorOf(TOLD.get(String((params as WireObject).status)), params);
}

function errorOf(check: ValidateFunction | undefined, value: unknown): string | undefined {
  if (check === undefined) return "has a status that no task has";
  return check(value) ? undefined : `breaks the rules of tasks: ${ajv.errorsText(check.errors)}`;
}
