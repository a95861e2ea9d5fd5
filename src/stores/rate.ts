/**
 * The generic cell rate algorithm (ITU-T I.371, annex A), as pure functions that stores share. Its state is one number
 * for each key: the time at which nothing is left of the calls so far, in units of `1 / limit` milliseconds, so that with
 * whole milliseconds everything is a whole number and nothing is ever rounded.
 */
import type { RateRule } from "./counters.js";

type Rate = Pick<RateRule, "limit" | "windowMs">;

/** The state of a key that nobody has used. */
export const UNUSED = 0;

/** How many milliseconds until one more call is allowed: 0 when it is now. */
export function waitMs(state: number, { limit, windowMs }: Rate, nowMs: number): number {
  const now = nowMs * limit;
  const over = Math.max(now, state) + windowMs - windowMs * limit - now;
  return over <= 0 ? 0 : Math.ceil(over / limit);
}

/** The state after one more call. */
export function taken(state: number, { limit, windowMs }: Rate, nowMs: number): number {
  return Math.max(nowMs * limit, state) + windowMs;
}

/** True when the state says nothing any more: all of the limit is there again. */
export function isSpent(state: number, { limit }: Rate, nowMs: number): boolean {
  return state <= nowMs * limit;
}
