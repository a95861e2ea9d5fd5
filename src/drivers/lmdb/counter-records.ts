/** Counts as texts. What cannot be read counts for nothing: it is not worth locking anybody out. */

export interface HeldRate {
  readonly state: number;
  readonly limit: number;
  readonly windowMs: number;
}

export interface HeldPlace {
  readonly until: number;
  readonly leaseMs: number;
  readonly owner: string;
}

export function encodeRate({ state, limit, windowMs }: HeldRate): string {
  return `${state} ${limit} ${windowMs}`;
}

export function decodeRate(text: string): HeldRate | undefined {
  const [state = Number.NaN, limit = Number.NaN, windowMs = Number.NaN] = text.split(" ").map(Number);
  return state >= 0 && limit > 0 && windowMs > 0 ? { state, limit, windowMs } : undefined;
}

/**
 * False for a state that this boot of the machine cannot have written: the clock begins at 0 with each. A state is a
 * window ahead of its clock at the most; another window is left for clocks that are read a moment apart.
 */
export function isFresh({ state, limit, windowMs }: HeldRate, nowMs: number): boolean {
  return state <= (nowMs + 2 * windowMs) * limit;
}

/** The owner comes last: its name has spaces. */
export function encodePlace({ until, leaseMs, owner }: HeldPlace): string {
  return `${until} ${leaseMs} ${owner}`;
}

export function decodePlace(text: string): HeldPlace | undefined {
  const [until = "", leaseMs = "", ...owner] = text.split(" ");
  const place = { until: Number(until), leaseMs: Number(leaseMs), owner: owner.join(" ") };
  return until !== "" && place.until >= 0 && place.leaseMs >= 0 ? place : undefined;
}

/** True when the lease has run out, or is of another boot. */
export function isOver({ until, leaseMs }: HeldPlace, nowMs: number): boolean {
  return until <= nowMs || until > nowMs + 2 * leaseMs;
}
