import type { MaybePromise } from "../util/maybe-promise.js";

/** `limit` calls at once under a key, and one more every `windowMs / limit` from then on. */
export interface RateRule {
  /** Names whose calls these are and by which rule: 64 characters at the most, none of them a space. */
  readonly key: string;
  /** A whole number, 1 to `MAX_RATE_LIMIT`. */
  readonly limit: number;
  /** A whole number, 1 to `MAX_RATE_WINDOW_MS`. */
  readonly windowMs: number;
}

/** Whether calls were taken; if not, the rule that wants the longest wait, and how long from now on that is. */
export type Taken =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly key: string; readonly retryAfterMs: number };

/** At most `max` places under a key; `Infinity` counts without refusing. */
export interface PlaceRule {
  /** As in `RateRule`. */
  readonly key: string;
  readonly max: number;
}

/** What somebody holds while it works: one place under each of its keys. */
export interface Place {
  /** Unique over all processes, of letters, digits, `-`, `_` and `.`. */
  readonly id: string;
  readonly keys: readonly string[];
}

/** Whether places were given; if not, under which key there was none. */
export type Acquired = { readonly allowed: true } | { readonly allowed: false; readonly key: string };

/** Above that a limit bounds nothing; the arithmetic is exact below it. */
export const MAX_RATE_LIMIT = 1_000_000;
/** 31 days: quotas of a month are the longest that anybody counts by the call. */
export const MAX_RATE_WINDOW_MS = 2_678_400_000;
/** Places under one key: a store may look at each of them when one is asked for. */
export const MAX_PLACES = 10_000;

export const ALLOWED = { allowed: true } as const;

/**
 * Where calls are counted, so that what a caller may do is the same whichever process it asks.
 * - Each method MUST be atomic over all its rules and over all processes: it takes under every key, or under none.
 * - Rates MUST be counted as `waitMs` and `taken` (stores/rate.ts) do it: GCRA, one number for each key.
 * - `take` MUST answer with the exact time after which the same call is allowed, if nobody else is before it. A refused
 *   `take` or `acquire` MUST NOT change anything. `peek` answers as `take` would now, and changes nothing.
 * - Time MUST be the store's own, one clock for all processes, and SHOULD be one that nobody can set.
 * - A key MUST always come with the same `limit` and `windowMs`; whoever changes them uses another key.
 * - A place MUST count until it is released or its lease is over. A place of a process that is certainly dead SHOULD NOT
 *   count any longer. `renew` MUST take a place that was lost meanwhile again, whatever the bound: its work goes on.
 * - `release` of what is not held MUST do nothing.
 * - Counts MUST outlive any one process where `shared` is true; they may be lost with the machine.
 * - A store MAY forget the rates of the key that is nearest to having its full limit again, when it holds as many keys
 *   as it may; it MUST NOT refuse for that. It MUST bound what it holds.
 * - A store that cannot do its work MUST throw `ERR_STORE`; it MUST NOT allow what it cannot count.
 */
export interface CounterStore {
  /** True when other processes count here too: places then have leases that end, and are renewed. */
  readonly shared: boolean;
  /** What `take` would answer. */
  peek(rules: readonly RateRule[]): MaybePromise<Taken>;
  /** Counts one call by every rule, or by none. The keys differ. */
  take(rules: readonly RateRule[]): MaybePromise<Taken>;
  /** Takes one place under every key, or under none. The keys differ. */
  acquire(id: string, rules: readonly PlaceRule[], leaseMs: number): MaybePromise<Acquired>;
  /** Whoever holds these places is alive. */
  renew(places: readonly Place[], leaseMs: number): MaybePromise<void>;
  release(place: Place): MaybePromise<void>;
  /** Removes what counts no longer; looks at `limit` records of each kind, at others the next time. */
  sweep(limit: number): MaybePromise<void>;
}
