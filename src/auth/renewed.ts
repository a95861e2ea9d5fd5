import { AuthenticationUnavailableError } from "../errors.js";
import { inTime } from "./in-time.js";

/** The pause after a first failure; it doubles with each further one. Short, as everybody waits outside meanwhile. */
const FIRST_PAUSE_MS = 1000;
/** The longest pause: an issuer that is back is noticed within it, and one that is down is not hammered. */
const MAX_PAUSE_MS = 30_000;

/** How long something that was fetched is good. */
export interface Freshness {
  /** Used without asking again. */
  readonly maxAgeMs: number;
  /** Beyond that: used while it is fetched anew, or cannot be. Afterwards it is not used any more. */
  readonly staleMs: number;
  readonly timeoutMs: number;
}

/** What is fetched, and who hears of every failure, also of those that nobody waits for. */
export interface RenewedSource<T> {
  /** Named in messages. */
  readonly what: string;
  /** Gives the previous value itself when nothing has changed. */
  fetch(signal: AbortSignal, previous: T | undefined): Promise<T>;
  failed(error: unknown): void;
}

/**
 * Something remote that is kept here and fetched again when it is old.
 *
 * 1. At most one fetch is under way; whoever needs its outcome waits for that one.
 * 2. Nobody waits as long as what is here may still be used.
 * 3. After a failure nothing is fetched for a pause, however many ask: an issuer that is down gets few requests.
 */
export class Renewed<T extends object> {
  readonly #source: RenewedSource<T>;
  readonly #freshness: Freshness;
  #value: T | undefined;
  #fetchedAt = 0;
  #triedAt = 0;
  #failures = 0;
  #lastError: unknown;
  #fetching: Promise<T> | undefined;

  constructor(source: RenewedSource<T>, freshness: Freshness) {
    this.#source = source;
    this.#freshness = freshness;
  }

  /** What is here, if it may still be used; starts to fetch it anew in the background when it is old. */
  current(now: number = Date.now()): T | undefined {
    const { maxAgeMs, staleMs } = this.#freshness;
    const age = now - this.#fetchedAt;
    // A clock that was set back tells nothing about the age: like old.
    if (this.#value === undefined || (age >= 0 && age < maxAgeMs)) return this.#value;
    if (age >= maxAgeMs + staleMs) return undefined;
    // Told to the source already; nobody else waits.
    if (this.#fetching === undefined && this.#mayTry(now)) this.#fetch(now).catch(() => undefined);
    return this.#value;
  }

  /**
   * `paced` is for a caller that pauses after failures itself.
   *
   * @throws AuthenticationUnavailableError when there is nothing that may be used, and nothing can be fetched now.
   */
  async load({ paced = false }: { readonly paced?: boolean } = {}): Promise<T> {
    const now = Date.now();
    const here = this.current(now);
    if (here !== undefined) return here;
    if (this.#fetching === undefined && !paced && !this.#mayTry(now)) throw this.#unavailable(this.#lastError);
    return this.#fetching ?? this.#fetch(now);
  }

  /**
   * For a caller to whom `used` was not enough: something newer, or undefined when there is nothing newer. Fetches at
   * most once in `cooldownMs`, however often it is called.
   *
   * @throws AuthenticationUnavailableError when it could not be fetched.
   */
  async newerThan(used: T, cooldownMs: number): Promise<T | undefined> {
    if (this.#value !== used && this.#value !== undefined) return this.#value;
    const now = Date.now();
    if (this.#fetching === undefined && isWithin(now, this.#triedAt, cooldownMs)) {
      if (this.#failures > 0) throw this.#unavailable(this.#lastError);
      return undefined;
    }
    const value = await (this.#fetching ?? this.#fetch(now));
    return value === used ? undefined : value;
  }

  #mayTry(now: number): boolean {
    if (this.#failures === 0) return true;
    return !isWithin(now, this.#triedAt, Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), MAX_PAUSE_MS));
  }

  #fetch(now: number): Promise<T> {
    this.#triedAt = now;
    const { what } = this.#source;
    const { timeoutMs } = this.#freshness;
    const fetching = inTime((signal) => this.#source.fetch(signal, this.#value), { what, timeoutMs });
    this.#fetching = fetching.then(
      (value) => {
        this.#value = value;
        // As old as the question: what was published while the answer was on its way is not in it.
        this.#fetchedAt = now;
        this.#failures = 0;
        this.#lastError = undefined;
        this.#fetching = undefined;
        return value;
      },
      (error: unknown) => {
        this.#failures += 1;
        this.#lastError = error;
        this.#fetching = undefined;
        this.#source.failed(error);
        throw this.#unavailable(error);
      },
    );
    return this.#fetching;
  }

  #unavailable(cause: unknown): AuthenticationUnavailableError {
    return new AuthenticationUnavailableError(`${this.#source.what} cannot be had now`, { cause });
  }
}

/** True within `spanMs` after `since`; a clock that was set back ends the span. */
function isWithin(now: number, since: number, spanMs: number): boolean {
  return now >= since && now - since < spanMs;
}
