/** Going on with a task that no handler works on: it waited for its client, or its server died. */
import { ErrorCode, McpError } from "../../errors.js";
import { isFenceLost } from "../../operations/running.js";
import type { Outcome, Settlement } from "../../operations/types.js";
import type { JournalEntry } from "../../stores/operations.js";
import type { JsonObject } from "../../util/json.js";
import { within } from "../../util/timer.js";
import { judgeLate } from "../access.js";
import { Call } from "../call.js";
import type { ToolEntry } from "../entries.js";
import type { Exchange } from "../exchange.js";
import { type ToolWork, unknownOutcome } from "../handlers/perform.js";
import { toolWork } from "../handlers/tools.js";
import type { Peer } from "../peer.js";
import { errorResult } from "../results.js";
import { describeIssues } from "../schema/index.js";
import { finish, retentionOf, taskRecovery } from "./finish.js";
import { holderOf, type TaskHolder } from "./holder.js";
import { callIn, outstandingIn, type StoredTask, taskAt } from "./record.js";
import { TaskCancelledError, type TaskRun } from "./run.js";

/** Nobody is connected to a task's handler: what it sends on the way goes nowhere. */
class NoExchange implements Exchange {
  readonly peer: Peer;
  readonly calls = undefined;
  readonly mute = true;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  notify(): void {}
  reply(): void {}
  abandon(): void {}
}

/** A step before the handler runs again; an outcome ends the task without it. */
type First = (run: TaskRun) => Promise<Outcome | undefined>;

interface Resumed {
  readonly settled: Promise<Settlement>;
  /**
   * Resolves with true when `first` was done, with false when somebody else works on the task; rejects when the store
   * failed, so that it was not done.
   */
  readonly begun: Promise<boolean>;
}

/** Takes the task over, as the caller of `call`, who owns it. */
function resume(call: Call, stored: StoredTask, first: First): Resumed {
  const { app, peer } = call;
  const { snapshot, facts, key } = stored;
  const tool = app.catalogue.tools.get(facts.tool);
  const asked = callIn(snapshot.journal);
  const params = { name: facts.tool, arguments: asked.arguments, _meta: asked.meta };
  const own = new Call(app, new NoExchange(peer), { jsonrpc: "2.0", id: call.id, method: "tools/call", params });
  let holder: TaskHolder | undefined;
  let begin: (first: boolean) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const begun = new Promise<boolean>((resolve, reject) => {
    begin = resolve;
    fail = reject;
  });
  const { settled } = app.ledger.perform({
    key,
    fingerprint: snapshot.fingerprint,
    id: snapshot.id,
    recovery: tool === undefined ? "unknown" : taskRecovery(tool),
    retention: retentionOf(() => holder?.run, { ttlMs: app.limits.taskTtlMs, tombstoneMs: 0 }),
    watcher: own,
    unknown: unknownOutcome,
    admission: app.admissions.of(peer.principal, tool?.limits),
    work: async (operation) => {
      holder = holderOf(operation);
      own.operation = operation;
      own.operationNamed = true;
      const run = holder.attach({ call: own, tool: tool ?? MISSING, named: "key" });
      if (run === undefined) return { kind: "released", error: undefined };
      // What could not be written down did not happen: the task waits on, and its client is told to say it again.
      const outcome = await first(run).catch((error: unknown) => {
        if (!isFenceLost(error)) fail(error);
        return run.outcome(own, { kind: "suspended" });
      });
      begin(true);
      if (outcome !== undefined) return outcome;
      if (run.waits) return run.outcome(own, { kind: "suspended" });
      return finish(own, holder, ...rerun(own, tool, asked.arguments));
    },
  });
  settled.then(() => begin(false), fail);
  return { settled, begun };
}

/** The tool was taken away while its task waited. */
const MISSING = {} as ToolEntry;

/** The handler once more, after the same checks as a call. */
function rerun(call: Call, tool: ToolEntry | undefined, args: JsonObject): [ToolWork, () => Promise<object>] {
  const none: ToolWork = {
    admission: undefined,
    run: () => ({}),
    refused: (error) => {
      throw error;
    },
  };
  if (tool === undefined) {
    const gone = new McpError(ErrorCode.InvalidParams, `Unknown tool: ${String(call.params.name)}`);
    return [none, () => Promise.reject(gone)];
  }
  const run = async () => {
    const checked = await (tool.input?.validate(args) ?? { ok: true as const, value: args });
    if (!checked.ok) return errorResult(`Invalid arguments for tool ${tool.name}: ${describeIssues(checked.issues)}`);
    if ((await judgeLate(tool, call.peer, checked.value)) !== true) {
      throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${tool.name}`);
    }
    return toolWork(call, tool, checked.value, true).run(call);
  };
  return [toolWork(call, tool, args, true), run];
}

/** How often a task is looked at again when somebody else had it in hand. */
const ATTEMPTS = 20;

/** Answers questions of a task; resolves when the answers are recorded, or nobody waits for them any more. */
export async function answerTask(call: Call, stored: StoredTask, responses: JsonObject): Promise<void> {
  const { ledger } = call.app;
  let task: StoredTask | undefined = stored;
  for (let attempt = 1; attempt <= ATTEMPTS && task !== undefined; attempt += 1) {
    const running = ledger.running(task.key);
    if (!isAwaited(running?.entries() ?? task.snapshot.journal, responses)) return;
    if (running === undefined) {
      const { begun } = resume(call, task, async (run) => {
        await run.answer(responses);
        return undefined;
      });
      if (await begun) return;
    }
    // Another update is being recorded, or the handler has just asked: that is over in a moment.
    else await running.settled.catch(() => undefined);
    task = await taskAt(call.app, task.key);
  }
  // An answer that is not recorded must not look so: a client answers each question once.
  if (task !== undefined && isAwaited(task.snapshot.journal, responses)) throw inOtherHands();
}

function inOtherHands(): McpError {
  return new McpError(ErrorCode.Unavailable, "The answers could not be recorded now; send them again.");
}

function isAwaited(journal: readonly JournalEntry[], responses: JsonObject): boolean {
  return Object.keys(outstandingIn(journal)).some((key) => Object.hasOwn(responses, key));
}

/** Cancels a task, as far as this process can: what runs elsewhere goes on. */
export async function cancelTask(call: Call, stored: StoredTask): Promise<void> {
  const { ledger } = call.app;
  const { state } = stored.snapshot;
  if (state === "done" || state === "expired") return;
  const running = ledger.running(stored.key);
  if (running !== undefined) return running.abort(new TaskCancelledError());
  if (state === "running") return;
  const { begun } = resume(call, stored, async (run) => {
    run.operation.abort(new TaskCancelledError());
    return run.outcome(call, { kind: "suspended" });
  });
  await begun;
}

/** Whoever else finds it out at the same time needs no longer. */
const RECOVERY_MS = 5000;

/** Finds out what became of a task whose server died; resolves when that is recorded, or the work goes on. */
export async function recoverTask(call: Call, stored: StoredTask): Promise<void> {
  const { begun, settled } = resume(call, stored, async () => undefined);
  const known = begun.then((mine) => (mine ? undefined : settled));
  await within(RECOVERY_MS, known);
}
