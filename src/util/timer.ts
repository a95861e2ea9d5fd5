/** The longest delay a timer takes; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Runs `work` after `delayMs`, or never when the delay is longer than any timer (`Infinity` lifts a bound). */
export function after(delayMs: number, work: () => void): NodeJS.Timeout | undefined {
  return delayMs > MAX_DELAY_MS ? undefined : setTimeout(work, delayMs);
}
