/**
 * Tool calls of clients that know tasks (2026-07-28, extension `io.modelcontextprotocol/tasks`): the server decides for
 * each call whether it is answered with a result or with a task. A task is an operation of the ledger: whoever asks
 * again with the same key gets the same task.
 */

import { MissingClientCapabilityError } from "../../errors.js";
import type { RunningOperation } from "../../operations/running.js";
import type { Settlement } from "../../operations/types.js";
import { declaresTasks, TASKS_CAPABILITY } from "../../protocol/revisions/2026-07-28/tasks.js";
import { nodeCrypto } from "../../util/crypto.js";
import { isObject, own, ownString } from "../../util/json.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import type { Call } from "../call.js";
import type { ToolEntry } from "../entries.js";
import { answer, clear, concludeUnnamed, retentionFor, type ToolWork, unknownOutcome } from "../handlers/perform.js";
import { type Identity, identify } from "../operation-identity.js";
import { created, leave, runAlone, unnamed } from "./adopt.js";
import { finish, retentionOf, taskRecovery } from "./finish.js";
import { holderOf, type TaskHolder, type TaskWork, whenSlow } from "./holder.js";
import { type StoredTask, taskAt } from "./record.js";

/** True when a call may be answered with a task. Throws when the tool cannot do without and the client knows none. */
export function mayBeTask(call: Call, tool: ToolEntry): boolean {
  const { start, required } = tool.task;
  if (start === "never") return false;
  const { era } = call.peer.revision;
  if (era === "modern" && declaresTasks(call.peer.client.capabilities)) {
    // Progress goes to the call's own stream, and a task has none: who asked for it waits for the result.
    return start === "always" || required || own(call.meta, "progressToken") === undefined;
  }
  if (required) throw new MissingClientCapabilityError("tasks", TASKS_CAPABILITY);
  return false;
}

/** Answers a call with its result, or with a task when that takes too long or the tool is made for it. */
export function callAsTask(call: Call, tool: ToolEntry, args: unknown, run: ToolWork): MaybePromise<object> {
  const identity = tool.readOnly ? undefined : identify(call, tool, args);
  const { start } = tool.task;
  if (identity === undefined && start === "slow") return runAlone({ call, tool, named: "task" }, run);
  const named = identity === undefined ? "task" : identity.named ? "key" : "arguments";
  return runRecorded({ call, tool, named }, identity ?? unnamed(), run);
}

async function runRecorded(work: TaskWork, identity: Identity, run: ToolWork): Promise<object> {
  const { call, tool } = work;
  // Whether the answer to the last call like it has arrived is being found out.
  if (!identity.named) await clear(call, identity.key);
  const known = await knownTask(call, identity);
  if (known !== undefined) return created(call, known);
  call.operationNamed = identity.named;
  const { operation, settled } = perform(work, identity, run);
  call.operation = operation;
  const holder = holderOf(operation);
  const promote = () => {
    // A client that has gone meanwhile would never learn of its task.
    if (!call.settled) holder.promote().catch(() => undefined);
  };
  if (tool.task.start === "always") promote();
  const stop = tool.task.start === "always" ? () => undefined : whenSlow(call, promote);
  const settlement = await Promise.race([settled, holder.created.then(() => undefined)]).finally(stop);
  if (settlement === undefined || holder.run !== undefined) return leave(work, holder);
  if (!identity.named && settlement.kind === "done") await concludeUnnamed(call, operation);
  return settlement.kind === "released" ? run.refused(settlement.error) : answer(call, settlement);
}

function perform(
  { call, tool, named }: TaskWork,
  { key, fingerprint, resumed }: Identity,
  run: ToolWork,
): { readonly operation: RunningOperation; readonly settled: Promise<Settlement> } {
  const { limits, ledger } = call.app;
  let holder: TaskHolder | undefined;
  const plain = retentionFor(limits, named === "key");
  return ledger.perform({
    key,
    fingerprint,
    id: call.openJournal?.operationId ?? nodeCrypto().randomUUID(),
    recovery: taskRecovery(tool),
    retention: retentionOf(() => holder?.run, plain),
    watcher: call,
    unknown: unknownOutcome,
    admission: resumed === true ? run.admission?.onward : run.admission,
    work: async (operation) => {
      holder = holderOf(operation);
      call.operation = operation;
      call.record?.claim(operation.id);
      const attached = holder.attach({ call, tool, named });
      if (attached === undefined && tool.task.start === "always") {
        // Not begun without its task: where there is no place for one, nothing was done.
        const error = await holder.promote().catch((reason: unknown) => reason as Error);
        if (error instanceof Error) return { kind: "released", error };
      }
      // Taken over while it waits for its client: the answers come with `tasks/update`.
      if (attached?.waits) return attached.outcome(call, { kind: "suspended" });
      return finish(call, holder, run, () => run.run(call));
    },
  });
}

/** The task this call asks for, if it is one already. One that was cut off is gone on with by performing it. */
async function knownTask(call: Call, { key, fingerprint }: Identity): Promise<StoredTask | undefined> {
  const { app } = call;
  const snapshot = await app.ledger.inspect(key);
  if (snapshot === undefined || snapshot.fingerprint !== fingerprint || snapshot.state === "cut-off") return undefined;
  const outcome: unknown = snapshot.outcome === undefined ? undefined : JSON.parse(snapshot.outcome);
  const moved = isObject(outcome) ? ownString(outcome, "moved") : undefined;
  const stored = await taskAt(app, moved ?? key);
  return stored?.snapshot.state === "expired" ? undefined : stored;
}
