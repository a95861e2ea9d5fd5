/**
 * The journal of one call: answers of the client and results of steps, by key.
 *
 * Invariants:
 * 1. A recorded answer or step is returned, never asked or run again.
 * 2. Once a question is open (modern era) the run is suspended: nothing new is recorded except steps already running.
 * 3. The outcome of a suspended run is always `input_required`, whatever the handler does with the signal thrown at it.
 * 4. State is bound to principal, method, target and arguments, sealed, and expires; anything else is refused.
 */

import { principalKey } from "../auth/principal.js";
import { ErrorCode, McpError } from "../errors.js";
import type { RunningOperation } from "../operations/running.js";
import type { JournalEntry } from "../stores/operations.js";
import { canonicalJson } from "../util/canonical-json.js";
import { nodeCrypto } from "../util/crypto.js";
import { sha256 } from "../util/ids.js";
import { isObject, type JsonObject, own, ownObject, ownString } from "../util/json.js";
import type { Call } from "./call.js";
import { stateKey } from "./operation-identity.js";

/** A question for the client, as it stands in `inputRequests`. */
export interface InputRequest {
  readonly method: string;
  readonly params?: object;
}

/** Thrown out of `ctx.elicit` and its like on 2026-07-28 to end the run: the handler is replayed with the answer. */
export class InputRequiredSignal extends Error {
  override readonly name = "InputRequiredSignal";
  constructor() {
    super(
      "The call waits for input from the client; let this error pass, the handler is called again with the answer.",
    );
  }
}

const BAD_STATE = "requestState is not valid for this request: it was altered, has expired, or belongs to another call";

export class Journal {
  /** The key under which the ledger has the operation, if an earlier round said so. */
  readonly operationKey: string | undefined;
  readonly #id: string;
  readonly #call: Call;
  readonly #recorded: Map<string, unknown>;
  readonly #answers: JsonObject;
  readonly #questions = new Map<string, InputRequest>();
  readonly #counts = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #round: number;

  private constructor(call: Call, state: JsonObject | undefined) {
    this.#call = call;
    this.#recorded = new Map(Object.entries(ownObject(state, "j") ?? {}));
    // JSON has no undefined, which steps often return: their keys stand apart.
    if (Array.isArray(state?.u)) for (const key of state.u) this.#recorded.set(String(key), undefined);
    this.#round = typeof state?.r === "number" ? state.r : 0;
    this.#id = ownString(state, "o") ?? nodeCrypto().randomUUID();
    this.operationKey = ownString(state, "k");
    this.#answers = ownObject(call.params, "inputResponses") ?? {};
  }

  /** Opens the journal of a call; throws -32602 when the client sent state that is not ours. */
  static of(call: Call): Journal {
    const sealed = call.peer.revision.era === "modern" ? own(call.params, "requestState") : undefined;
    return new Journal(call, sealed === undefined ? undefined : openState(call, sealed));
  }

  get operationId(): string {
    return this.#call.operation?.id ?? this.#id;
  }

  get suspended(): boolean {
    return this.#questions.size > 0;
  }

  /** A key for the next unnamed question or step of a kind: its number, the same in every replay. */
  nextKey(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count === 1 && kind.startsWith("step:") ? kind : `${kind}-${count}`;
  }

  /** What was recorded under `key` in this or an earlier round. */
  recorded(key: string): unknown {
    return this.#recorded.get(key) ?? decodeEntry(this.#call.operation?.journaled(key));
  }

  /** What the client sent under `key` this time; not checked yet. */
  offered(key: string): unknown {
    return own(this.#answers, key);
  }

  async record(key: string, value: unknown): Promise<void> {
    await this.#call.operation?.journal(key, encodeEntry(value));
    this.#recorded.set(key, value);
  }

  /** What was recorded and is not in the operation's own journal: earlier rounds, or from before there was one. */
  unwritten(operation: RunningOperation): readonly JournalEntry[] {
    const missing = [...this.#recorded].filter(([key]) => operation.journaled(key) === undefined);
    return missing.map(([key, value]) => [key, encodeEntry(value)]);
  }

  /** Opens a question: the run is suspended from here on. */
  ask(key: string, request: InputRequest): never {
    this.#questions.set(key, request);
    throw new InputRequiredSignal();
  }

  /** Runs a step once; its result must be JSON. */
  async step<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const key = this.nextKey(`step:${name}`);
    if (this.#recorded.has(key)) return this.#recorded.get(key) as T;
    const earlier = this.#call.operation?.journaled(key);
    if (earlier !== undefined) return decodeEntry(earlier) as T;
    if (this.suspended) throw new InputRequiredSignal();
    const running = Promise.resolve().then(work);
    this.#running.add(running);
    try {
      const value = await running;
      await this.record(key, value);
      return value;
    } finally {
      this.#running.delete(running);
    }
  }

  /** The result that asks the client for everything that is open. Waits for running steps: their results go along. */
  async inputRequired(): Promise<object> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    const { limits } = this.#call.app;
    const { task } = this.#call;
    if (task !== undefined) return task.ask(Object.fromEntries(this.#questions), limits.maxRounds);
    if (this.#round >= limits.maxRounds) {
      throw new McpError(ErrorCode.InvalidParams, `The call asked for input ${this.#round} times; giving up.`);
    }
    const state = JSON.stringify({
      j: Object.fromEntries(this.#recorded),
      u: [...this.#recorded].flatMap(([key, value]) => (value === undefined ? [key] : [])),
      o: this.operationId,
      k: this.#call.operationNamed ? this.#call.operation?.key : stateKey(this.#call, this.operationId),
      r: this.#round + 1,
      // JSON has no infinity: a lifted bound is a date that never comes.
      e: Math.min(Date.now() + limits.requestStateTtlMs, Number.MAX_SAFE_INTEGER),
    });
    const requestState = this.#call.app.sealer("request-state").seal(state, binding(this.#call));
    if (requestState.length > limits.requestStateMaxBytes) {
      throw new Error(
        `requestState of ${requestState.length} bytes exceeds limits.requestStateMaxBytes; record less in steps`,
      );
    }
    return { resultType: "input_required", inputRequests: Object.fromEntries(this.#questions), requestState };
  }
}

/** JSON has no undefined, which steps often return. */
function encodeEntry(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

function decodeEntry(json: string | undefined): unknown {
  return json === undefined || json === "" ? undefined : (JSON.parse(json) as unknown);
}

/** What state is bound to: who asked for what. `inputResponses` and `_meta` differ between rounds and stay out. */
function binding(call: Call): string {
  const { params } = call;
  const target = own(params, "name") ?? own(params, "uri");
  const digest = sha256(canonicalJson(own(params, "arguments") ?? {}));
  return JSON.stringify([principalKey(call.peer.principal), call.method, target, digest]);
}

function openState(call: Call, sealed: unknown): JsonObject {
  const plain = typeof sealed === "string" ? call.app.sealer("request-state").open(sealed, binding(call)) : undefined;
  const state: unknown = plain === undefined ? undefined : JSON.parse(plain);
  if (!isObject(state) || typeof state.e !== "number" || state.e < Date.now()) {
    throw new McpError(ErrorCode.InvalidParams, BAD_STATE);
  }
  return state;
}
