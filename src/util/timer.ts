/** The longest delay a timer takes; a longer one would fire at once. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

/** Runs `work` after `delayMs`, or never when the delay is longer than any timer (`Infinity` lifts a bound). */
export function after(delayMs: number, work: () => void): NodeJS.Timeout | undefined {
  return delayMs > MAX_DELAY_MS ? undefined : setTimeout(work, delayMs);
}

/** Waits for `settled`, but for `ms` at the longest. */
export async function within(ms: number, settled: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = after(ms, resolve);
  });
  await Promise.race([settled, deadline]);
  clearTimeout(timer);
}
