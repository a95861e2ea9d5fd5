/** Limits per caller: from what an author writes to rules with keys. */

import { type Principal, principalKey } from "../auth/principal.js";
import { MAX_PLACES, MAX_RATE_LIMIT, MAX_RATE_WINDOW_MS, type PlaceRule, type RateRule } from "../stores/counters.js";
import { nodeCrypto } from "../util/crypto.js";
import type { RateLimit } from "./types.js";

/** What an author may say of one registration, or of the server. */
export interface LimitConfig {
  readonly rateLimit?: RateLimit | readonly RateLimit[] | undefined;
  readonly concurrency?: number | undefined;
}

/** One bound on the calls of each caller. */
export interface CallLimit {
  /** What is bounded, e.g. `tool fetch`; empty for everything of the server. */
  readonly of: string;
  /** The caller's key. Made once for each principal object: authenticators give the same one for the same credentials. */
  key(server: string, principal: Principal): string;
}
export interface CompiledRate extends CallLimit, RateLimit {}
export interface CompiledPlaces extends CallLimit {
  readonly max: number;
}

/** Bounds that hold together. */
export interface CallLimits {
  readonly rates: readonly CompiledRate[];
  readonly places: CompiledPlaces | undefined;
}

/**
 * Checks limits at registration; undefined when there are none.
 *
 * @throws TypeError for a limit that is none.
 */
export function compileLimits(of: string, { rateLimit, concurrency }: LimitConfig): CallLimits | undefined {
  const given = rateLimit === undefined ? [] : [rateLimit].flat();
  if (given.length === 0 && concurrency === undefined) return undefined;
  const distinct = new Map<string, CompiledRate>();
  for (const rate of given) {
    assertRate(rate, of);
    const { limit, windowMs } = rate;
    const rule = `${limit}/${windowMs}`;
    distinct.set(rule, { of, limit, windowMs, key: keyOf("rate", of, rule) });
  }
  if (concurrency !== undefined) assertWhole(concurrency, MAX_PLACES, `${nameOf(of)}concurrency`);
  const places = concurrency === undefined ? undefined : { of, max: concurrency, key: keyOf("places", of, "") };
  return { rates: [...distinct.values()], places };
}

/** The rules of one caller. */
export function rateRules(rates: readonly CompiledRate[], server: string, principal: Principal): readonly RateRule[] {
  return rates.map((rate) => ({ key: rate.key(server, principal), limit: rate.limit, windowMs: rate.windowMs }));
}

export function placeRules(all: readonly CompiledPlaces[], server: string, principal: Principal): readonly PlaceRule[] {
  return all.map((places) => ({ key: places.key(server, principal), max: places.max }));
}

function assertRate(rate: unknown, of: string): asserts rate is RateLimit {
  if (typeof rate !== "object" || rate === null) {
    throw new TypeError(`${nameOf(of)}rateLimit must be { limit, windowMs }, or several of these`);
  }
  const { limit, windowMs, ...others } = rate as Partial<RateLimit>;
  assertWhole(limit, MAX_RATE_LIMIT, `${nameOf(of)}rateLimit.limit`);
  assertWhole(windowMs, MAX_RATE_WINDOW_MS, `${nameOf(of)}rateLimit.windowMs`);
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new TypeError(`${nameOf(of)}rateLimit.${other} does not exist; use limit and windowMs`);
}

function assertWhole(value: unknown, max: number, what: string): void {
  if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= max) return;
  throw new TypeError(`${what} must be a whole number from 1 to ${max}`);
}

function nameOf(of: string): string {
  return of === "" ? "" : `${of}: `;
}

/** A hash: names of callers are as long as they like, and a store's keys are not. */
function keyOf(kind: string, of: string, rule: string): CallLimit["key"] {
  const known = new WeakMap<Principal, string>();
  return (server, principal) => {
    let key = known.get(principal);
    if (key === undefined) {
      const text = JSON.stringify([kind, server, of, rule, principalKey(principal)]);
      key = nodeCrypto().createHash("sha256").update(text).digest("base64url");
      known.set(principal, key);
    }
    return key;
  };
}
