/** From a handler's end to what is recorded of it, and on which terms: for calls that may be or become tasks. */
import { HoldfastError, McpError } from "../../errors.js";
import type { Outcome, Recovery } from "../../operations/types.js";
import type { CallToolResult } from "../../protocol/types.js";
import type { Retention } from "../../stores/operations.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import type { Call } from "../call.js";
import type { ToolEntry } from "../entries.js";
import type { ToolWork } from "../handlers/perform.js";
import type { TaskHolder } from "./holder.js";
import { outstandingIn, PARKED } from "./record.js";
import { type Ended, TaskCancelledError, type TaskRun } from "./run.js";

/** How long an outcome is kept, which is decided when there is one. */
export function retentionOf(run: () => TaskRun | undefined, plain: Retention): Retention {
  return {
    get ttlMs() {
      return (run() ?? plain).ttlMs;
    },
    get tombstoneMs() {
      return (run() ?? plain).tombstoneMs;
    },
  };
}

/** Runs the handler to its end and says what is recorded of it. */
export async function finish(
  call: Call,
  holder: TaskHolder,
  { refused }: ToolWork,
  run: () => MaybePromise<object>,
): Promise<Outcome> {
  const ended = await end(call, run);
  holder.finished = true;
  await holder.decided();
  const { run: task } = holder;
  if (task !== undefined) {
    if (isLeftOver(call, holder, task)) return { kind: "suspended", answer: PARKED, keep: true };
    return task.outcome(call, recordable(ended, refused));
  }
  if (ended.kind === "suspended") {
    // It asked as a task, and then could not become one.
    if (ended.answer === PARKED)
      return { kind: "released", error: new HoldfastError("ERR_STORE", "No task was made.") };
    return { kind: "suspended", answer: ended.answer, keep: call.operationNamed };
  }
  if (ended.kind === "result") return { kind: "done", json: JSON.stringify({ result: ended.result }) };
  const { error } = ended;
  if (!(error instanceof McpError)) return { kind: "released", error };
  const { code, message, data } = error;
  return { kind: "done", json: JSON.stringify({ error: { code, message, data } }) };
}

type RunEnd = Exclude<Ended, { kind: "suspended" }> | { readonly kind: "suspended"; readonly answer: object };

async function end(call: Call, run: () => MaybePromise<object>): Promise<RunEnd> {
  try {
    const result = await run();
    if (call.openJournal?.suspended) return { kind: "suspended", answer: result };
    return { kind: "result", result: result as CallToolResult };
  } catch (error) {
    return { kind: "error", error };
  }
}

/** True when the server stops, and the next one may run the handler again: the task is left to it. */
function isLeftOver({ app }: Call, { work, operation }: TaskHolder, { stopped }: TaskRun): boolean {
  if (!app.draining || !stopped || app.ledger.durability === "process" || work === undefined) return false;
  return mayRerun(work.tool) && !(operation.aborted instanceof TaskCancelledError);
}

/** A task that was refused halfway has an outcome like any other: its client waits for one. */
function recordable(ended: RunEnd, refused: ToolWork["refused"]): Ended {
  if (ended.kind !== "error" || ended.error instanceof McpError) return ended;
  try {
    return { kind: "result", result: refused(ended.error) as CallToolResult };
  } catch (error) {
    return { kind: "error", error };
  }
}

/** What may be done with work that a crash cut off. While it waits for its client nothing runs, so nothing is in doubt. */
export function taskRecovery(tool: ToolEntry): Recovery {
  const { recovery } = tool;
  return async (operation) => {
    if (recovery === "rerun" || mayRerun(tool)) return "not-done";
    if (Object.keys(outstandingIn(operation.journal)).length > 0) return "not-done";
    return recovery === "unknown" ? recovery : recovery(operation);
  };
}

function mayRerun({ readOnly, recovery }: ToolEntry): boolean {
  return readOnly || recovery === "rerun";
}
