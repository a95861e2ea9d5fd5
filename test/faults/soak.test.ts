/**
 * Memory, handles, timers and listeners of the built package stay bounded: small forms of what `node scripts/soak.mjs`
 * does at length (docs/soak.md). Each judges a server in a process of its own, with nothing of the test in its memory.
 */
import { describe, expect, test } from "vitest";
import { runSoak } from "./helpers/soak-run.js";

/** 3,000 connections and sessions, 30 MB of progress: as much as fits into a run of all tests. */
const SCALE = 0.03;

/** A scenario that says fewer things than this has skipped some. */
async function staysBounded(scenario: string, figures: number, signal: AbortSignal): Promise<void> {
  const { exitCode, rows, progress } = await runSoak(scenario, SCALE, signal);
  expect(rows.filter(({ pass }) => pass === false)).toEqual([]);
  expect(exitCode, progress).toBe(0);
  expect(rows.filter(({ pass }) => pass === true).length).toBeGreaterThanOrEqual(figures);
}

// At the same time: each spends seconds waiting until what may be resumed is forgotten.
describe.concurrent("a server that is left alone with them", { timeout: 120_000 }, () => {
  test("[53, S15] thousands of connections aborted at every moment leave nothing", ({ signal }) =>
    staysBounded("aborts", 6, signal));

  test("[54, S12] thousands of sessions opened and left leave nothing", ({ signal }) =>
    staysBounded("abandoned", 6, signal));

  test("[51] one reader that stops costs a bounded amount, whatever is sent to it", ({ signal }) =>
    staysBounded("flood", 32, signal));
});
