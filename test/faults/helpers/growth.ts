/** How the cost of some work grows with its input: a bomb shows in the exponent, on a slow machine as on a fast one. */

/** Tries of one size; the least disturbed one counts. */
const TRIES = 3;
/** What the small size must cost at least, so that the clock's grain does not count. */
const LEAST_MS = 2;
/** The large size is so many times the small one: enough that linear and quadratic lie far apart. */
export const FACTOR = 16;

export interface Growing<T> {
  /** An input of this size. Made beforehand: making it costs nothing that counts. */
  readonly make: (size: number) => T;
  readonly work: (input: T) => unknown;
}

/**
 * The exponent k of cost ~ size^k between `size` and `FACTOR` times `size`: 1 is linear, 2 quadratic, and what backtracks
 * is beyond all bounds. Processor time of this process, so that others at work do not count.
 */
export async function growth<T>(size: number, { make, work }: Growing<T>): Promise<number> {
  const [small, large] = [make(size), make(size * FACTOR)];
  // Compiled and cached by now.
  await cost(2, () => work(small));
  await cost(2, () => work(large));
  let repeats = 1;
  while ((await cost(repeats, () => work(small))) < LEAST_MS) repeats *= 2;
  const ratio = (await least(repeats, () => work(large))) / (await least(repeats, () => work(small)));
  return Math.log(ratio) / Math.log(FACTOR);
}

async function least(repeats: number, work: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let times = 0; times < TRIES; times += 1) best = Math.min(best, await cost(repeats, work));
  return best;
}

async function cost(repeats: number, work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let times = 0; times < repeats; times += 1) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
