import type { Principal } from "../auth/principal.js";
import { ErrorCode, McpError } from "../errors.js";
import type { Admission } from "../operations/types.js";
import type { Acquired, Place, Taken } from "../stores/counters.js";
import { chain, isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { Admissions } from "./admissions.js";
import { type CallLimits, type CompiledPlaces, type CompiledRate, placeRules, rateRules } from "./rate-limits.js";

/** What clients are told to wait for a place. A guess: nobody knows when the work of others ends. */
const PLACE_RETRY_MS = 1000;

/** What one call has to pass. */
export class CallAdmission implements Admission {
  readonly #all: Admissions;
  readonly #principal: Principal;
  readonly #rates: readonly CompiledRate[];
  readonly #places: readonly CompiledPlaces[];

  constructor(all: Admissions, principal: Principal, limits: readonly CallLimits[]) {
    this.#all = all;
    this.#principal = principal;
    this.#rates = limits.flatMap(({ rates }) => rates);
    this.#places = limits.flatMap(({ places }) => places ?? []);
  }

  refusal(): MaybePromise<McpError | undefined> {
    if (this.#rates.length === 0) return undefined;
    const rules = rateRules(this.#rates, this.#all.options.name, this.#principal);
    return chain(
      this.#all.ask((counters) => counters.peek(rules)),
      (answer) => this.#tooOften(answer),
    );
  }

  /** Counts a call that needs no place: it ends with its answer. Throws when it is one too many. */
  count(): MaybePromise<void> {
    if (this.#rates.length === 0) return undefined;
    const rules = rateRules(this.#rates, this.#all.options.name, this.#principal);
    return chain(
      this.#all.ask((counters) => counters.take(rules)),
      (answer) => {
        const refusal = this.#tooOften(answer);
        if (refusal !== undefined) throw refusal;
        this.#all.counted();
      },
    );
  }

  enter(goesOn: boolean): MaybePromise<() => void> {
    if (goesOn) return this.#takePlaces(true);
    if (this.#places.length === 0) return chain(this.count(), () => nothing);
    // The place first, for a call that finds none shall not count; and before it a look, which costs no write.
    return chain(this.refusal(), (refusal) => {
      if (refusal !== undefined) throw refusal;
      return chain(this.#takePlaces(false), (leave) => this.#countOrLeave(leave));
    });
  }

  /** For a later round of a call that was let in: counted while it lasts, never refused. */
  get onward(): Admission {
    return { refusal: () => undefined, enter: () => this.enter(true) };
  }

  #countOrLeave(leave: () => void): MaybePromise<() => void> {
    const fail = (error: unknown): never => {
      leave();
      throw error;
    };
    try {
      const counted = this.count();
      return isThenable(counted) ? Promise.resolve(counted).then(() => leave, fail) : leave;
    } catch (error) {
      return fail(error);
    }
  }

  #takePlaces(whatever: boolean): MaybePromise<() => void> {
    if (this.#places.length === 0) return nothing;
    const rules = placeRules(this.#places, this.#all.options.name, this.#principal);
    const asked = whatever ? rules.map(({ key }) => ({ key, max: Number.POSITIVE_INFINITY })) : rules;
    const place: Place = { id: this.#all.nextId(), keys: rules.map(({ key }) => key) };
    return chain(
      this.#all.ask((counters) => counters.acquire(place.id, asked, this.#all.leaseMs)),
      (answer) => {
        if (!answer.allowed) throw this.#tooMany(answer);
        return this.#all.hold(place);
      },
    );
  }

  #tooOften(answer: Taken): McpError | undefined {
    if (answer.allowed) return undefined;
    const rate = this.#rates.find((one) => one.key(this.#all.options.name, this.#principal) === answer.key);
    const bound = `${rate?.limit} in ${words(rate?.windowMs ?? 0)} ${rate?.limit === 1 ? "is" : "are"} allowed`;
    const advice = `Nothing was run. Wait ${words(Math.ceil(answer.retryAfterMs / 1000) * 1000)}, then call again.`;
    return new CallLimitError(`Too many calls${of(rate)}: ${bound}. ${advice}`, answer.retryAfterMs);
  }

  #tooMany({ key }: Extract<Acquired, { allowed: false }>): McpError {
    const places = this.#places.find((one) => one.key(this.#all.options.name, this.#principal) === key);
    const bound = `${places?.max} ${places?.max === 1 ? "is" : "are"} allowed`;
    const advice = "Nothing was run. Call again when one of them has ended.";
    return new CallLimitError(`Too many calls${of(places)} at a time: ${bound}. ${advice}`, PLACE_RETRY_MS);
  }
}

/** What ends a call that holds no place. */
export function nothing(): void {}

/** A refusal of ours; the same error of an author's is not one. */
export class CallLimitError extends McpError {
  constructor(text: string, retryAfterMs: number) {
    super(ErrorCode.RateLimited, text, { retryAfterMs });
  }
}

function of(limit: { readonly of: string } | undefined): string {
  return limit === undefined || limit.of === "" ? "" : ` of ${limit.of}`;
}

function words(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
