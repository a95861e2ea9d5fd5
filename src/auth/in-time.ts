import { after } from "../util/timer.js";

/**
 * Waits for `work`, but no longer than `timeoutMs`. Bounded also when it does not heed its signal, as a `fetch` of the
 * caller's may not.
 *
 * @throws Error "`what` did not come within … ms".
 */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { what, timeoutMs }: { readonly what: string; readonly timeoutMs: number },
): Promise<T> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = after(timeoutMs, () => {
      const error = new Error(`${what} did not come within ${timeoutMs} ms`);
      reject(error);
      stop.abort(error);
    });
  });
  try {
    return await Promise.race([work(stop.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
