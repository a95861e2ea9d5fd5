/** A bounded number of inputs of one target: the form for every day. */
import fc from "fast-check";
import { InputArbitrary } from "./arbitrary.js";
import { shown, simplest, told } from "./shrink.js";
import { catchStrays, takeStray } from "./strays.js";
import type { Target } from "./target.js";

interface Bounds {
  readonly seed: number;
  readonly inputs: number;
}

/** Throws an error that names the input that failed, its simplest form, and the command that runs it again. */
export async function checkTarget(target: Target, bounds: Bounds): Promise<void> {
  catchStrays();
  takeStray();
  await target.open?.();
  try {
    await check(target, bounds);
  } finally {
    await target.close?.();
  }
}

async function check(target: Target, { seed, inputs }: Bounds): Promise<void> {
  const property = fc.asyncProperty(new InputArbitrary(target, seed), async (input) => {
    await target.run(input);
  });
  // What fails is shrunk below: within a bound of time, and only to inputs that fail in the same way.
  const { failed, numRuns, errorInstance } = await fc.check(property, { seed, numRuns: inputs, endOnFailure: true });
  const again = `node scripts/fuzz.mjs --target ${target.name} --seed ${seed}`;
  if (failed) {
    const index = numRuns - 1;
    const found = await simplest(target, seed, index);
    const input = shown(found?.input ?? new InputArbitrary(target, seed).at(index).value);
    const what = `${target.name} ${index}: ${told(found?.error ?? errorInstance)}`;
    throw new Error(`${what}\nThe simplest input that fails so:\n${input}\nAgain: ${again} --replay ${index}`);
  }
  await new Promise(setImmediate);
  const stray = takeStray();
  if (stray === undefined) return;
  throw new Error(`${target.name}: went past its promise: ${told(stray.error)}\nWhere: ${again} --inputs ${inputs}`);
}
