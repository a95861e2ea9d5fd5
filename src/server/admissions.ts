/**
 * Lets calls begin, or not, by the limits per caller (docs/rate-limits.md).
 *
 * Invariants:
 * 1. What is refused has not begun, and nothing is recorded of it.
 * 2. What joins work that is running, or gets an outcome that is recorded, is not asked here at all.
 * 3. What was let in once goes on without being refused, whatever is asked of its caller meanwhile.
 * 4. What cannot be counted is not let in.
 */
import type { Principal } from "../auth/principal.js";
import { ErrorCode, McpError } from "../errors.js";
import type { Admission } from "../operations/types.js";
import type { CounterStore, Place } from "../stores/counters.js";
import { randomId } from "../util/ids.js";
import type { Logger } from "../util/logger.js";
import { chain, isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { Ticker, Ticking } from "../util/ticker.js";
import { CallAdmission, nothing } from "./call-admission.js";
import type { CallLimits } from "./rate-limits.js";

/** Calls let in until records are swept: what nobody adds to does not grow. */
const SWEEP_AFTER = 256;
/** Records looked at for each of these calls: more than a call can add. */
const SWEEP_PER_CALL = 8;

export interface AdmissionsOptions {
  readonly counters: CounterStore;
  /** The server's name: servers that share a store do not share limits. */
  readonly name: string;
  /** Those over everything. */
  readonly limits: CallLimits | undefined;
  readonly leaseMs: number;
  readonly ticker: Ticker;
  readonly logger: Logger;
}

/** The limits of one server. */
export class Admissions implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly options: AdmissionsOptions;
  readonly #held = new Set<Place>();
  #renewedAt = 0;
  #owner: string | undefined;
  #places = 0;
  #sinceSweep = 0;

  constructor(options: AdmissionsOptions) {
    this.options = options;
  }

  /** Places held by this process. */
  get size(): number {
    return this.#held.size;
  }

  /** What a call has to pass: the server's limits and its own. Undefined when there are none. */
  of(principal: Principal, own: CallLimits | undefined): CallAdmission | undefined {
    const { limits } = this.options;
    if (own === undefined && limits === undefined) return undefined;
    return new CallAdmission(
      this,
      principal,
      [limits, own].filter((one) => one !== undefined),
    );
  }

  /** The registration's own limits, where the server's have been passed already. */
  own(principal: Principal, own: CallLimits): CallAdmission {
    return new CallAdmission(this, principal, [own]);
  }

  /** Asks the store; whatever goes wrong there becomes an answer that says that nothing was done. */
  ask<T>(work: (counters: CounterStore) => MaybePromise<T>): MaybePromise<T> {
    try {
      const answer = work(this.options.counters);
      return isThenable(answer)
        ? Promise.resolve(answer as Promise<T>).catch((error) => this.#unavailable(error))
        : answer;
    } catch (error) {
      return this.#unavailable(error);
    }
  }

  /** Ids are made late: workers have no random numbers while their modules load. */
  nextId(): string {
    this.#owner ??= randomId();
    this.#places += 1;
    return `${this.#owner}.${this.#places}`;
  }

  /** What lives in one process ends with its work, so its lease never does. */
  get leaseMs(): number {
    return this.options.counters.shared ? this.options.leaseMs : Number.POSITIVE_INFINITY;
  }

  /** The place was given; returns what gives it back. */
  hold(place: Place): () => void {
    this.#held.add(place);
    if (this.#held.size === 1 && this.options.counters.shared) {
      this.#renewedAt = performance.now();
      this.options.ticker.add(this);
    }
    return () => {
      if (!this.#held.delete(place)) return;
      if (this.#held.size === 0) this.options.ticker.delete(this);
      void this.#quietly("place_not_released", (counters) => counters.release(place));
    };
  }

  /** A call was counted: now and then what counts no longer is removed. */
  counted(): void {
    this.#sinceSweep += 1;
    if (this.#sinceSweep < SWEEP_AFTER) return;
    this.#sinceSweep = 0;
    void this.#quietly("sweep_failed", (counters) => counters.sweep(SWEEP_AFTER * SWEEP_PER_CALL));
  }

  tick(): void {
    const now = performance.now();
    if (now - this.#renewedAt < this.options.leaseMs / 3) return;
    this.#renewedAt = now;
    void this.#quietly("places_not_renewed", (counters) => counters.renew([...this.#held], this.options.leaseMs));
  }

  /** For what no caller waits for. */
  async #quietly(event: string, work: (counters: CounterStore) => MaybePromise<void>): Promise<void> {
    try {
      await work(this.options.counters);
    } catch (error) {
      this.options.logger.log("warn", event, { error });
    }
  }

  #unavailable(error: unknown): never {
    this.options.logger.log("error", "limits_unavailable", { error });
    const text = "The store of limits is not available: nothing was run, call again.";
    throw new McpError(ErrorCode.Unavailable, text, undefined, { cause: error });
  }
}

/** Runs work that no ledger records, for as long as it lasts under its limits. */
export function admitted<T>(admission: Admission | undefined, work: () => MaybePromise<T>): MaybePromise<T> {
  if (admission === undefined) return work();
  return chain(admission.enter(false), (leave) => {
    if (leave === nothing) return work();
    return leaving(leave, work);
  });
}

function leaving<T>(leave: () => void, work: () => MaybePromise<T>): MaybePromise<T> {
  let result: MaybePromise<T>;
  try {
    result = work();
  } catch (error) {
    leave();
    throw error;
  }
  if (isThenable(result)) return Promise.resolve(result as Promise<T>).finally(leave);
  leave();
  return result;
}
