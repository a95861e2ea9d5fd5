/**
 * One worker of the long form: runs its part of every target's inputs and reports over the channel to its parent,
 * scripts/fuzz.mjs. An input is named by seed, target and index, whatever the number of workers.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { diceOf } from "./kit/dice.js";
import { Run } from "./kit/run.js";
import { shown, simplest, told } from "./kit/shrink.js";
import { catchStrays, takeStray } from "./kit/strays.js";
import type { Target } from "./kit/target.js";

type Job =
  | { readonly kind: "list" }
  | {
      readonly kind: "work";
      readonly seed: number;
      /** This worker takes every `step`-th index from `first` on. */
      readonly first: number;
      readonly step: number;
      /** Inputs of each target for this worker. */
      readonly shares: Readonly<Record<string, number>>;
    }
  /** Says before every input which one it is: how a hang or a crash is found. */
  | {
      readonly kind: "trace";
      readonly seed: number;
      readonly target: string;
      readonly from: number;
      readonly step: number;
    }
  /** Runs this one alone. */
  | { readonly kind: "replay"; readonly seed: number; readonly target: string; readonly index: number };
type JobOf<Kind> = Job & { readonly kind: Kind };

/** A run of fewer inputs says nothing about leaks, and need not wait for what is forgotten late. */
const LEAK_INPUTS = 100_000;
/** Targets take turns, so that rate and estimate mean something; the first turn warms up. */
const ROUNDS = 20;
/** What the servers forget by themselves is gone by then: two ticks and the shortest of their limits. */
const FORGET_MS = 1500;
/** A trace that gets this far has not met what it looks for. */
const TRACE_INPUTS = 200_000;

/** Does the job that the command line names, and ends the process. */
export async function runWorker(targets: readonly Target[]): Promise<never> {
  const job = JSON.parse(process.argv[2] ?? "{}") as Job;
  catchStrays();
  report({ kind: "begun" });
  const named = (name: string): Target => {
    const target = targets.find((one) => one.name === name);
    if (target === undefined) throw new TypeError(`no target is called ${name}`);
    return target;
  };
  if (job.kind === "list") report({ kind: "list", targets: targets.map(({ name, weight }) => ({ name, weight })) });
  else if (job.kind === "trace") await trace(named(job.target), job);
  else if (job.kind === "replay") await replay(named(job.target), job);
  else await work(targets, job);
  // Streams and timers of the servers under fuzz would keep the process for a while.
  if (process.connected) await new Promise((resolve) => process.send?.({ kind: "bye" }, resolve));
  process.exit(0);
}

async function work(targets: readonly Target[], { shares, ...part }: JobOf<"work">): Promise<void> {
  const chosen = targets.filter(({ name }) => (shares[name] ?? 0) > 0);
  for (const target of chosen) await target.open?.();
  const runs = chosen.map((target) => ({ run: new Run(target, part, report), share: shares[target.name] ?? 0 }));
  const total = runs.reduce((sum, { share }) => sum + share, 0);
  let heapAtStart: number | undefined;
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const { run, share } of runs) await run.until((share * round) / ROUNDS);
    if (round === 1 && total >= LEAK_INPUTS) heapAtStart = await heapUsed();
  }
  if (heapAtStart !== undefined) report({ kind: "heap", heapAtStart, heapAtEnd: await heapUsed() });
  for (const target of chosen) await target.close?.();
}

async function heapUsed(): Promise<number> {
  await sleep(FORGET_MS);
  // Twice: what finalizers let go of is collected by the next one.
  globalThis.gc?.();
  await new Promise(setImmediate);
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

async function trace(target: Target, { seed, from, step }: JobOf<"trace">): Promise<void> {
  await target.open?.();
  for (let index = from; index < from + TRACE_INPUTS * step; index += step) {
    // Synchronous, so that the number is out before the input that hangs.
    writeSync(1, `${index}\n`);
    try {
      await target.run(target.generate(diceOf(seed, target.name, index)));
    } catch {
      // Failures of this kind are told by others.
    }
    await new Promise(setImmediate);
    takeStray();
  }
}

async function replay(target: Target, { seed, index }: JobOf<"replay">): Promise<void> {
  await target.open?.();
  const found = await simplest(target, seed, index);
  const input = shown(found === undefined ? target.generate(diceOf(seed, target.name, index)) : found.input);
  if (found === undefined) report({ kind: "passed", target: target.name, index, input });
  else report({ kind: "failure", target: target.name, index, text: told(found.error), input });
  await target.close?.();
}

function report(message: object): void {
  process.send?.(message);
}
