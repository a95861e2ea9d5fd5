/** Calls that need no record unless they become tasks: reads, and what nothing tells from other calls. */

import { HoldfastError } from "../../errors.js";
import { createTaskResult } from "../../protocol/revisions/2026-07-28/tasks.js";
import type { CallToolResult } from "../../protocol/types.js";
import { nodeCrypto } from "../../util/crypto.js";
import { isThenable, type MaybePromise } from "../../util/maybe-promise.js";
import { admitted } from "../admissions.js";
import type { Call } from "../call.js";
import { type ToolWork, unknownOutcome } from "../handlers/perform.js";
import type { Identity } from "../operation-identity.js";
import { describeTask } from "./describe.js";
import { finish, retentionOf, taskRecovery } from "./finish.js";
import { holderOf, type TaskHolder, type TaskWork, whenSlow } from "./holder.js";
import { freshKey, PARKED, type StoredTask, taskAt, taskIdOf } from "./record.js";

/** A call that needs no record unless it becomes a task: one is made when it turns out to be slow. */
export function runAlone(work: TaskWork, run: ToolWork): MaybePromise<object> {
  const { call } = work;
  const running = admitted(run.admission, () => run.run(call));
  if (!isThenable(running)) return encode(call, running);
  return raceAlone(work, run, Promise.resolve(running) as Promise<object>);
}

async function raceAlone(work: TaskWork, run: ToolWork, running: Promise<object>): Promise<object> {
  const { call } = work;
  let adopting: Promise<TaskHolder | undefined> | undefined;
  let stop = () => {};
  const slow = new Promise<void>((resolve) => {
    stop = whenSlow(call, () => {
      if (!call.settled) adopting = adopt(work, run, running);
      resolve();
    });
  });
  const ended = running.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([ended, slow]).finally(stop);
  const holder = await adopting;
  return holder === undefined ? encode(call, await running) : leave(work, holder);
}

/** Records a handler that runs already. Undefined when that fails: then the call goes on as it was. */
function adopt(work: TaskWork, run: ToolWork, running: Promise<object>): Promise<TaskHolder | undefined> {
  const { call, tool } = work;
  const { key, fingerprint } = unnamed();
  let holder: TaskHolder | undefined;
  return new Promise((resolve) => {
    const { settled } = call.app.ledger.perform({
      key,
      fingerprint,
      id: call.openJournal?.operationId ?? nodeCrypto().randomUUID(),
      recovery: taskRecovery(tool),
      retention: retentionOf(() => holder?.run, { ttlMs: 0, tombstoneMs: 0 }),
      watcher: call,
      unknown: unknownOutcome,
      work: async (operation) => {
        holder = holderOf(operation);
        holder.work = work;
        if (!(await adoptCall(call, holder))) return { kind: "released", error: undefined };
        resolve(holder);
        return finish(call, holder, run, () => running);
      },
    });
    settled.then(
      () => resolve(undefined),
      (error: unknown) => {
        call.app.logger.log("error", "task_not_created", { tool: tool.name, error });
        resolve(undefined);
      },
    );
  });
}

/** The call's handler has begun, so whoever aborts the operation means it. */
async function adoptCall(call: Call, holder: TaskHolder): Promise<boolean> {
  const { operation } = holder;
  call.operation = operation;
  const run = await holder.promote().catch(() => undefined);
  if (run === undefined) {
    call.operation = undefined;
    return false;
  }
  const { signal } = operation;
  signal.addEventListener("abort", () => call.abort(signal.reason as Error), { once: true });
  return true;
}

function encode(call: Call, result: object): object {
  if (result === PARKED) throw new HoldfastError("ERR_STORE", "No task was made.");
  return call.openJournal?.suspended ? result : call.peer.revision.callResult(result as CallToolResult);
}

/** The call is answered with its task, which goes on without it. */
export async function leave({ call }: TaskWork, holder: TaskHolder): Promise<object> {
  // Whatever the store says now, the task is there: a client that were told to call again would start the work anew.
  const stored = await taskAt(call.app, holder.operation.key).catch(() => undefined);
  holder.operation.unwatch(call);
  return created(call, stored ?? asItWas(holder));
}

/** The task was over and forgotten before its client could be told of it, or its store does not answer. */
function asItWas({ operation, run }: TaskHolder): StoredTask {
  if (run === undefined) throw new HoldfastError("ERR_STORE", "No task was made.");
  const { id, fingerprint, key } = operation;
  const snapshot = { id, fingerprint, state: "running", journal: [], outcome: undefined } as const;
  return { taskId: taskIdOf(run.facts, key), key, facts: run.facts, snapshot };
}

export function created(call: Call, stored: StoredTask): object {
  return createTaskResult(describeTask(call.app, call.peer.revision, stored));
}

/** A key for what nothing tells from other calls. */
export function unnamed(): Identity {
  return { key: freshKey(), fingerprint: "", named: true };
}
