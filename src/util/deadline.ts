import { HoldfastError } from "../errors.js";
import { after } from "./timer.js";

/** Something that its caller may give up, and that must end in time. */
export interface Deadline {
  /** Aborts with the caller's reason, or with `ERR_TIMEOUT`. */
  readonly signal: AbortSignal;
  /** Waits for `work`, but not beyond the end. */
  race<T>(work: Promise<T>): Promise<T>;
  /** It has ended: gives back the timer, and the place at the caller's signal. */
  release(): void;
}

export function openDeadline(caller: AbortSignal, timeoutMs: number): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const onAbort = () => controller.abort(caller.reason);
  const timer = after(timeoutMs, () => {
    controller.abort(new HoldfastError("ERR_TIMEOUT", `Not done within ${timeoutMs} ms (timeoutMs).`));
  });
  if (caller.aborted) onAbort();
  caller.addEventListener("abort", onAbort, { once: true });
  return {
    signal,
    race: (work) =>
      new Promise((resolve, reject) => {
        const stop = () => reject(signal.reason);
        if (signal.aborted) stop();
        signal.addEventListener("abort", stop, { once: true });
        work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
      }),
    release: () => {
      clearTimeout(timer);
      caller.removeEventListener("abort", onAbort);
    },
  };
}
