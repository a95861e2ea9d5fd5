/** Which call works on an operation, and the task it became: what several calls that share the operation must agree on. */
import { principalKey } from "../../auth/principal.js";
import { ErrorCode, McpError } from "../../errors.js";
import { isFenceLost, type RunningOperation } from "../../operations/running.js";
import { randomId } from "../../util/ids.js";
import { ownObject } from "../../util/json.js";
import { after } from "../../util/timer.js";
import type { Call } from "../call.js";
import type { ToolEntry } from "../entries.js";
import { watchDelivery } from "../handlers/perform.js";
import { factsIn, freshKey, type TaskFacts, taskEntries } from "./record.js";
import { TaskRun } from "./run.js";
import { type Place, tasksOf } from "./table.js";

/**
 * What names the operation: a key that whoever asks again has too; its arguments, until the client knows its task; or
 * nothing but its task's id.
 */
export type Naming = "key" | "arguments" | "task";

/** A call and what it is for. */
export interface TaskWork {
  readonly call: Call;
  readonly tool: ToolEntry;
  readonly named: Naming;
}

/** The task an operation is or may become. */
export class TaskHolder {
  readonly operation: RunningOperation;
  /** Resolves when the operation is a task that the store knows. */
  readonly created: Promise<TaskRun>;
  run: TaskRun | undefined;
  /** The call whose context the handler has. */
  work: TaskWork | undefined;
  /** The handler has ended: its outcome goes to whoever called. */
  finished = false;
  #promotion: Promise<TaskRun> | undefined;
  #created!: (run: TaskRun) => void;

  constructor(operation: RunningOperation) {
    this.operation = operation;
    this.created = new Promise((resolve) => {
      this.#created = resolve;
    });
  }

  /** Makes the operation a task. Undefined when it is none of this process's, or is over. */
  async promote(): Promise<TaskRun | undefined> {
    if (this.run !== undefined || this.#promotion !== undefined) return this.run ?? this.#promotion;
    if (this.work === undefined || this.finished || !this.operation.owned) return undefined;
    this.#promotion = this.#promote(this.work);
    try {
      return await this.#promotion;
    } finally {
      this.#promotion = undefined;
    }
  }

  /** Resolves when it is decided whether a promotion that has begun succeeds. */
  async decided(): Promise<void> {
    await this.#promotion?.catch(() => undefined);
  }

  /** Goes on with an operation that is a task already. */
  attach(work: TaskWork): TaskRun | undefined {
    this.work = work;
    this.finished = false;
    const facts = factsIn(this.operation.entries());
    if (facts === undefined) return undefined;
    const place = tasksOf(work.call.app).placeOf(this.operation.key);
    const run = this.#begin(work, facts, place);
    work.call.task = run;
    this.#became(run, place);
    return run;
  }

  async #promote(work: TaskWork): Promise<TaskRun> {
    const { call, named } = work;
    const { app } = call;
    const facts = newFacts(work);
    const table = tasksOf(app);
    const until = facts.ttlMs === null ? Number.POSITIVE_INFINITY : facts.createdAt + facts.ttlMs;
    const place = table.take(call.peer.principal, until);
    if (place === undefined) throw full();
    const run = this.#begin(work, facts, place);
    // From here on the handler's questions are the task's.
    call.task = run;
    try {
      await this.#write(work, facts);
      if (named === "arguments") await this.#move(call);
    } catch (error) {
      call.task = undefined;
      table.give(place);
      app.logger.log("error", "task_not_created", { tool: work.tool.name, error });
      throw isFenceLost(error) ? error : notCreated(error);
    }
    this.#became(run, place);
    return run;
  }

  #begin({ call }: TaskWork, facts: TaskFacts, place: Place | undefined): TaskRun {
    const { app } = call;
    const keyTtlMs = facts.keyed === true ? app.limits.operationTtlMs : 0;
    const run = new TaskRun({ operation: this.operation, facts, table: tasksOf(app), place, keyTtlMs });
    // The task wants the outcome, whoever else has left.
    this.operation.watch(run);
    return run;
  }

  #became(run: TaskRun, place: Place | undefined): void {
    this.run = run;
    const { work, operation } = this;
    if (work !== undefined) {
      const table = tasksOf(work.call.app);
      table.began(operation.key, run, place);
      const ended = () => table.ended(operation.key, run);
      operation.settled.then(ended, ended);
    }
    this.#created(run);
  }

  async #write({ call }: TaskWork, facts: TaskFacts): Promise<void> {
    const { operation } = this;
    const [asked, task] = taskEntries(facts, { arguments: ownObject(call.params, "arguments") ?? {}, meta: call.meta });
    await operation.journal(...asked);
    for (const entry of call.openJournal?.unwritten(operation) ?? []) await operation.journal(...entry);
    // The one that makes it a task comes last.
    await operation.journal(...task);
  }

  /**
   * A task that only its arguments name gets a key of its own, so that an equal call is another one. Until the client
   * has the task's id, an equal call finds it under the old key.
   */
  async #move(call: Call): Promise<void> {
    const { operation } = this;
    const { app } = call;
    const { key } = operation;
    const to = freshKey();
    const retention = { ttlMs: app.limits.joinWindowMs, tombstoneMs: 0 };
    await app.ledger.move(operation, { to, outcome: JSON.stringify({ moved: to }), retention });
    watchDelivery(call, key);
  }
}

/** Operations of this process that are tasks or may become some. */
const HOLDERS = new WeakMap<RunningOperation, TaskHolder>();

export function holderOf(operation: RunningOperation): TaskHolder {
  let holder = HOLDERS.get(operation);
  if (holder === undefined) {
    holder = new TaskHolder(operation);
    HOLDERS.set(operation, holder);
  }
  return holder;
}

function newFacts({ call, tool, named }: TaskWork): TaskFacts {
  const { limits } = call.app;
  const ttlMs = tool.task.ttlMs ?? Math.max(limits.taskTtlMs, 2 * (tool.timeoutMs ?? 0));
  return {
    secret: randomId(),
    owner: principalKey(call.peer.principal),
    tool: tool.name,
    createdAt: Date.now(),
    ...(named === "key" && { keyed: true }),
    ttlMs: Number.isFinite(ttlMs) ? Math.ceil(ttlMs) : null,
    pollIntervalMs: Math.ceil(Math.min(tool.task.pollIntervalMs ?? limits.taskPollMs, Number.MAX_SAFE_INTEGER)),
    // A requirement that is a function decides by the arguments: asked again whenever the task is.
    ...(typeof tool.requires === "function" && { args: ownObject(call.params, "arguments") ?? {} }),
  };
}

function full(): McpError {
  return new McpError(ErrorCode.Unavailable, "The server has as many tasks as it may; call again later.");
}

function notCreated(cause: unknown): McpError {
  const text = "The task could not be recorded: nothing was run, call again.";
  return new McpError(ErrorCode.Unavailable, text, undefined, { cause });
}

/** Runs `work` when a call has lasted too long to be waited for; returns what calls it off. */
export function whenSlow(call: Call, work: () => void): () => void {
  const timer = after(call.app.limits.slowCallMs, work);
  timer?.unref?.();
  return () => clearTimeout(timer);
}
