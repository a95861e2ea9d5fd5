/** For states that announce themselves by nothing: looks again after each turn of the event loop, with a bound. */
import { setImmediate, setTimeout } from "node:timers/promises";

/** Far above what anything here takes, so that only something that never happens runs into it. */
const BOUND_MS = 10_000;

export async function until(what: string, holds: () => boolean, boundMs: number = BOUND_MS): Promise<void> {
  const from = performance.now();
  for (let look = 0; !holds(); look += 1) {
    if (performance.now() - from > boundMs) throw new Error(`still not so after ${boundMs} ms: ${what}`);
    await (look < 50 ? setImmediate() : setTimeout(5));
  }
}
