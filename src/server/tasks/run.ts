/** A task while this process works on it: what its handler asks, what it reports, and what its outcome becomes. */
import { ErrorCode, HoldfastError, McpError } from "../../errors.js";
import { isFenceLost, type RunningOperation } from "../../operations/running.js";
import type { Outcome, Watcher } from "../../operations/types.js";
import type { CallToolResult } from "../../protocol/types.js";
import type { Retention } from "../../stores/operations.js";
import type { JsonObject } from "../../util/json.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import type { Call } from "../call.js";
import type { InputRequest } from "../journal.js";
import { describeFailure, errorResult } from "../results.js";
import {
  answerEntry,
  answerIn,
  askEntry,
  outstandingIn,
  PARKED,
  roundsIn,
  type TaskEnd,
  type TaskFacts,
} from "./record.js";
import type { Place, TaskTable } from "./table.js";

/** Why a task's signal aborts when its client cancelled it. */
export class TaskCancelledError extends HoldfastError {
  override readonly name = "TaskCancelledError";
  constructor() {
    super("ERR_CANCELLED", "The client cancelled the task.");
  }
}

/** What became of a handler, before it is written down. */
export type Ended =
  | { readonly kind: "result"; readonly result: CallToolResult }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "suspended" };

export interface TaskRunParts {
  readonly operation: RunningOperation;
  readonly facts: TaskFacts;
  readonly table: TaskTable;
  readonly place: Place | undefined;
  /** How long a key that the client gave keeps its outcome; 0 without one. */
  readonly keyTtlMs: number;
}

export class TaskRun implements Watcher, Retention {
  readonly facts: TaskFacts;
  readonly operation: RunningOperation;
  /** A task waits until it is over: it does not leave. */
  readonly cancelled = undefined;
  /** What the handler last reported. */
  message: string | undefined;
  reportedAt = 0;
  /** Set when the handler failed after it had been told to stop. */
  stopped = false;
  readonly #parts: TaskRunParts;

  constructor(parts: TaskRunParts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.operation = parts.operation;
  }

  progressed(done: number, total: number | undefined, message: string | undefined): void {
    this.message = message ?? (total === undefined ? `${done} done` : `${done} of ${total}`);
    this.reportedAt = Date.now();
  }

  /** Until the end of the task, but for half its time at least: whoever was late to answer still gets the result. */
  get ttlMs(): number {
    const { ttlMs, createdAt } = this.facts;
    if (ttlMs === null) return Number.POSITIVE_INFINITY;
    return Math.max(createdAt + ttlMs - Date.now(), ttlMs / 2, this.#parts.keyTtlMs);
  }

  /** A key of the client's is remembered for as long again; a task that only its id names is forgotten. */
  get tombstoneMs(): number {
    return this.#parts.keyTtlMs;
  }

  /** The answer to the newest form of a question that its asker accepts; else the key under which it is asked next. */
  async answered(
    key: string,
    accept: (answer: unknown) => MaybePromise<boolean>,
  ): Promise<{ readonly wireKey: string } | { readonly answer: unknown }> {
    const journal = this.operation.entries();
    for (let attempt = 1; ; attempt += 1) {
      // A key stands for one question over the life of a task, so what has to be asked again gets another one.
      const wireKey = attempt === 1 ? key : `${key}#${attempt}`;
      const answer = answerIn(journal, wireKey);
      if (answer === undefined) return { wireKey };
      if (await accept(answer)) return { answer };
    }
  }

  /** Writes down what the handler wants to know; it is run again when all of it was answered. */
  async ask(requests: Readonly<Record<string, InputRequest>>, maxRounds: number): Promise<object> {
    const journal = this.operation.entries();
    if (roundsIn(journal) >= maxRounds) {
      throw new McpError(ErrorCode.InvalidParams, `The task asked for input ${maxRounds} times; giving up.`);
    }
    const [key, json] = askEntry(journal, requests as JsonObject, Date.now());
    await this.operation.journal(key, json).catch((error: unknown) => {
      if (isFenceLost(error)) throw error;
      const text =
        "What the task wanted to ask could not be recorded, so nobody was asked; what had been done stays done.";
      throw new HoldfastError("ERR_STORE", text, { cause: error });
    });
    return PARKED;
  }

  /** Writes down answers to open questions; what nobody asked is left out. */
  async answer(responses: JsonObject): Promise<void> {
    for (const name of Object.keys(outstandingIn(this.operation.entries()))) {
      if (!Object.hasOwn(responses, name)) continue;
      const [key, json] = answerEntry(name, responses[name], Date.now());
      await this.operation.journal(key, json);
    }
  }

  /** True while the task waits for its client. */
  get waits(): boolean {
    return Object.keys(outstandingIn(this.operation.entries())).length > 0;
  }

  /** What is recorded of an end, or that the task waits. */
  outcome(call: Call, ended: Ended): Outcome {
    const cancelled = this.operation.aborted instanceof TaskCancelledError;
    if (ended.kind === "suspended" && !cancelled) return { kind: "suspended", answer: PARKED, keep: true };
    const over = cancelled && (ended.kind !== "result" || this.stopped);
    const task: TaskEnd = { at: Date.now(), ...(over && { cancelled: true }) };
    let json = JSON.stringify({ ...describe(call, ended, over), task });
    const { maxResultBytes } = call.app.limits;
    if (json.length > maxResultBytes) {
      const text = `The result has ${json.length} characters, ${maxResultBytes} are allowed (limits.maxResultBytes).`;
      json = JSON.stringify({ result: errorResult(`${text} Ask for less, or for a link to it.`), task });
    }
    const { place, table } = this.#parts;
    if (place !== undefined) {
      table.filled(place, json.length);
      place.until = Date.now() + this.ttlMs;
    }
    return { kind: "done", json };
  }
}

function describe(call: Call, ended: Ended, cancelled: boolean): object {
  if (cancelled || ended.kind === "suspended") {
    return { result: errorResult("The task was cancelled. What had been done by then stays done.") };
  }
  return ended.kind === "result" ? { result: ended.result } : { error: describeFailure(call, ended.error) };
}
