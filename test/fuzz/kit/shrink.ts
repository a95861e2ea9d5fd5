/** A failure, and how it is made simpler: what fast-check does, bounded in time and true to the kind of the failure. */

import { inspect } from "node:util";
import type fc from "fast-check";
import { InputArbitrary } from "./arbitrary.js";
import { takeStray } from "./strays.js";
import type { Target } from "./target.js";

/** A failure is told within this time, as simple as it is by then. */
const SHRINK_MS = 8000;
/** Characters of an error that are told. */
const MAX_TOLD = 4000;

export interface Failure {
  readonly input: unknown;
  readonly error: unknown;
}

/** The simplest input found that fails as the one of `seed` and `index` does; undefined when that one passes now. */
export async function simplest(target: Target, seed: number, index: number): Promise<Failure | undefined> {
  const until = performance.now() + SHRINK_MS;
  const arbitrary = new InputArbitrary(target, seed);
  let value = arbitrary.at(index);
  let failure = await failureOf(target, value.value);
  if (failure === undefined) return undefined;
  const kind = kindOf(failure.error);
  const fails = async (candidate: unknown): Promise<Failure | undefined> => {
    const found = await failureOf(target, candidate);
    return found !== undefined && kindOf(found.error) === kind ? found : undefined;
  };
  for (let next = await simpler(arbitrary, { value, fails, until }); next !== undefined; ) {
    ({ failure, value } = next);
    next = await simpler(arbitrary, { value, fails, until });
  }
  return failure;
}

interface Search {
  readonly value: fc.Value<unknown>;
  readonly fails: (input: unknown) => Promise<Failure | undefined>;
  readonly until: number;
}

async function simpler(
  arbitrary: fc.Arbitrary<unknown>,
  { value, fails, until }: Search,
): Promise<{ readonly failure: Failure; readonly value: fc.Value<unknown> } | undefined> {
  for (const candidate of arbitrary.shrink(value.value, value.context)) {
    if (performance.now() > until) return undefined;
    const failure = await fails(candidate.value);
    if (failure !== undefined) return { failure, value: candidate };
  }
  return undefined;
}

/** Runs one input alone and waits a turn of the loop for what goes past its promise. */
export async function failureOf(target: Target, input: unknown): Promise<Failure | undefined> {
  takeStray();
  try {
    await target.run(input);
  } catch (error) {
    return { input, error };
  }
  await new Promise(setImmediate);
  const stray = takeStray();
  return stray && { input, error: new Error("went past its promise", { cause: stray.error }) };
}

/** The beginning of the message without what differs from input to input: another failure is another story. */
export function kindOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.slice(0, 60).replace(/["'\d].*$/s, "");
}

/** An input as somebody reads it who looks for a bug. */
export function shown(input: unknown): string {
  return inspect(input, { depth: 12, maxStringLength: 4000, maxArrayLength: 300, breakLength: 120 });
}

/** An error with its stack and causes; what is told of an endless message is its beginning and its end. */
export function told(error: unknown): string {
  const text = error instanceof Error ? inspect(error) : `threw ${shown(error)}`;
  if (text.length <= MAX_TOLD) return text;
  return `${text.slice(0, MAX_TOLD / 2)}\n…\n${text.slice(-MAX_TOLD / 2)}`;
}
