/** The server's clock, in the hands of the test. `vi.useRealTimers()` gives it back. */
import { vi } from "vitest";
import { TICK_MS } from "../../../src/util/ticker.js";

export const DAY_MS = 86_400_000;
/** Longer than anybody waits. */
export const YEARS_MS: number = 100 * 365 * DAY_MS;

/** From here on time passes when the test says so: for sweeps and what they look at, and for timers if they are named. */
export function stopClock(...more: readonly ("setTimeout" | "clearTimeout")[]): void {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", ...more] });
}

/** A long time passes in two sweeps instead of two for each second. */
export function leap(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
  vi.advanceTimersByTime(2 * TICK_MS);
}
