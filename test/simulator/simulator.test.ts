/**
 * [1, 2, 3, 5, 7, 11, 12, 16, 17, 20, 26, 27, 30, 31] The promise of operations, and that of streams, over random schedules of
 * crashes, stalls, cuts, lost acknowledgements and clocks that jump. `npm run simulate` is the long form.
 */
import { describe, expect, test } from "vitest";
import { type Coverage, noCoverage } from "./coverage.js";
import { type Report, simulate } from "./simulate.js";
import { simulateStream } from "./simulate-stream.js";

const SCHEDULES = 600;
/** So many schedules reach each of these; a simulator that does not is worth nothing. */
const REACHED: readonly (keyof Coverage)[] = [
  "crashes",
  "pauses",
  "cuts",
  "jumps",
  "takeovers",
  "zombies",
  "refused",
  "attaches",
  "replays",
  "reruns",
  "unknowns",
  "releases",
  "suspends",
  "expired",
  "conflicts",
  "cancels",
  "disconnects",
  "storeErrors",
  "resumes",
  "gaps",
  "slowAborts",
  "lostStreams",
];
/** Schedules in which the simulator has found bugs, as it is now, each with what was wrong. */
const REGRESSIONS: readonly (readonly [number, string])[] = [
  [2, "a fence was given again after the record had been removed, so that a sleeper passed for the owner"],
  [69, "a process that slept between claim and start began what had been taken over"],
  [85, "the callers of an owner that lost its lease were told so instead of the outcome"],
  [97, "a caller was told that another one had lost its connection"],
  [121, "a retry asked for after a journaled step removed the journal"],
  [277, "a retry asked for in a second run removed what was known of the first"],
  [562, "a caller was told that another one had cancelled"],
  [2096, "an outcome was recorded, not acknowledged and forgotten, and the work was done again"],
  [2612, "an owner that was succeeded began anew when its successor's record was forgotten"],
];

type Run = (options: { seed: number; tracing?: boolean }) => Promise<Report>;

/** Fails with the seed, the command that runs it again, and all that happened. */
async function hold(run: Run, seed: number): Promise<Coverage> {
  const { coverage, violation } = await run({ seed });
  if (violation === undefined) return coverage;
  const { trace } = await run({ seed, tracing: true });
  throw new Error(`${violation}\nnpm run simulate -- --seed ${seed}\n${trace.join("\n")}`);
}

describe("[27] a simulation", () => {
  test("holds the promise in schedules that nobody has seen before", { timeout: 60_000 }, async () => {
    const first = Math.floor(Math.random() * 2 ** 31);
    const reached = noCoverage();
    for (let seed = first; seed < first + SCHEDULES; seed += 1) {
      for (const run of [simulate, simulateStream]) {
        const coverage = await hold(run, seed);
        for (const name of Object.keys(coverage) as (keyof Coverage)[]) reached[name] += coverage[name];
      }
    }
    expect(REACHED.filter((name) => reached[name] === 0)).toEqual([]);
  });

  test.each(REGRESSIONS)("holds it in schedule %d: %s", async (seed) => {
    await hold(simulate, seed);
  });

  test("is the same for the same seed, to the last line of its trace", async () => {
    for (const run of [simulate, simulateStream]) {
      const [first, second] = [await run({ seed: 7, tracing: true }), await run({ seed: 7, tracing: true })];
      expect(first.trace.length).toBeGreaterThan(20);
      expect(second).toEqual(first);
    }
  });

  test("leaves the timers and clocks of the platform as they were", async () => {
    const before = [setTimeout, clearTimeout, setInterval, clearInterval, Date.now];
    await simulate({ seed: 1 });
    expect([setTimeout, clearTimeout, setInterval, clearInterval, Date.now]).toEqual(before);
    expect(Object.hasOwn(performance, "now")).toBe(false);
  });
});
