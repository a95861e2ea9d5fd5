/** The extension `io.modelcontextprotocol/tasks` of 2026-07-28 (SEP-2663): its shapes on the wire. */
import { isObject, type JsonObject, pick } from "../../../util/json.js";
import type { ClientCapabilities } from "../../types.js";

export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";
/** How either side declares it; no settings are defined. */
export const TASKS_CAPABILITY: { readonly extensions: Readonly<Record<string, object>> } = {
  extensions: { [TASKS_EXTENSION]: {} },
};
export const TASK_NOTIFICATION = "notifications/tasks";

export type TaskStatus = "working" | "input_required" | "completed" | "failed" | "cancelled";

/** `DetailedTask`: a task with what its status brings along. */
export interface DetailedTask {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly statusMessage?: string;
  /** ISO 8601, as `lastUpdatedAt`. */
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** From `createdAt` on; null for no end. */
  readonly ttlMs: number | null;
  readonly pollIntervalMs?: number;
  readonly inputRequests?: JsonObject;
  readonly result?: object;
  readonly error?: object;
}

/** True for a status that a task does not leave. */
export function isTerminal(status: TaskStatus): boolean {
  return status !== "working" && status !== "input_required";
}

/** True when a request says that its client knows tasks. */
export function declaresTasks(capabilities: ClientCapabilities): boolean {
  return isObject(capabilities.extensions) && isObject(capabilities.extensions[TASKS_EXTENSION]);
}

const TASK_KEYS = ["taskId", "status", "statusMessage", "createdAt", "lastUpdatedAt", "ttlMs", "pollIntervalMs"];

/** `CreateTaskResult`: the task without what only `tasks/get` tells. */
export function createTaskResult(task: DetailedTask): object {
  return { resultType: "task", ...pick(task, TASK_KEYS) };
}
