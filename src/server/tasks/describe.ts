import type { DetailedTask } from "../../protocol/revisions/2026-07-28/tasks.js";
import type { Revision } from "../../protocol/revisions/index.js";
import type { CallToolResult } from "../../protocol/types.js";
import { type JsonObject, own, ownObject, ownString } from "../../util/json.js";
import type { App } from "../app.js";
import { OPERATION_META } from "../operation-identity.js";
import { changedAt, outstandingIn, type StoredTask } from "./record.js";
import { tasksOf } from "./table.js";

/** A task as `tasks/get` tells it. Every state of an operation is one of a task's. */
export function describeTask(app: App, revision: Revision, stored: StoredTask): DetailedTask {
  const { facts, snapshot, taskId, key } = stored;
  const base = {
    taskId,
    createdAt: new Date(facts.createdAt).toISOString(),
    ttlMs: facts.ttlMs,
    pollIntervalMs: facts.pollIntervalMs,
  };
  const since = (date: number) => ({ lastUpdatedAt: new Date(Math.max(date, facts.createdAt)).toISOString() });
  if (snapshot.state === "done") return { ...base, ...ended(revision, snapshot.outcome ?? "{}", since) };
  const asked = outstandingIn(snapshot.journal);
  const changed = changedAt(snapshot.journal);
  if (Object.keys(asked).length > 0) {
    return { ...base, ...since(changed), status: "input_required", inputRequests: asked };
  }
  const run = tasksOf(app).run(key);
  const message = run?.message === undefined ? {} : { statusMessage: run.message };
  return { ...base, ...since(Math.max(changed, run?.reportedAt ?? 0)), status: "working", ...message };
}

type End = Pick<DetailedTask, "status" | "statusMessage" | "lastUpdatedAt" | "result" | "error">;

function ended(revision: Revision, json: string, since: (date: number) => { readonly lastUpdatedAt: string }): End {
  const outcome = JSON.parse(json) as JsonObject;
  const end = ownObject(outcome, "task") ?? {};
  const dates = since(typeof end.at === "number" ? end.at : 0);
  if (end.cancelled === true) return { ...dates, status: "cancelled", statusMessage: "The client cancelled the task." };
  const error = ownObject(outcome, "error");
  if (error !== undefined) {
    return { ...dates, status: "failed", statusMessage: ownString(error, "message") ?? "failed", error };
  }
  const result = own(outcome, "result") as CallToolResult;
  const unknown = ownString(ownObject(result._meta as JsonObject, OPERATION_META), "state") === "unknown";
  return {
    ...dates,
    status: "completed",
    ...(unknown && { statusMessage: "The server stopped in the middle of the work; its outcome is unknown." }),
    // What the call itself would have been answered with.
    result: { resultType: "complete", ...revision.callResult(result) },
  };
}
