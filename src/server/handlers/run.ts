import { HoldfastError } from "../../errors.js";
import { isThenable, type MaybePromise } from "../../util/maybe-promise.js";
import { after } from "../../util/timer.js";
import type { Call } from "../call.js";

/** How a handler is run and what its outcome becomes. */
export interface HandlerRun {
  readonly work: () => unknown;
  readonly timeoutMs: number | undefined;
  readonly finish: (value: unknown) => MaybePromise<object>;
  /** Turns an error into a result, or throws it on. */
  readonly recover: (error: unknown) => object;
}

/**
 * Runs an author's handler. If it asked the client something on 2026-07-28, the outcome is `input_required`, whatever
 * the handler made of the signal it was thrown. Stays synchronous when the handler does.
 */
export function runHandler(call: Call, run: HandlerRun): MaybePromise<object> {
  // Cancelled while it was found out whether the caller may: nothing is begun for nobody.
  if (call.settled && call.operation === undefined) return {};
  call.record?.begin();
  // State from the client is checked even if the handler never looks at it: altered state must not pass.
  if (call.resumes) void call.journal;
  try {
    // A tool's own limit stands in place of the general one, in both directions.
    if (run.timeoutMs !== undefined) call.deadlineMs = Number.POSITIVE_INFINITY;
    const value = run.work();
    if (!isThenable(value)) return settle(call, run, value);
    const limited = run.timeoutMs === undefined ? value : withTimeout(call, value, run.timeoutMs);
    return Promise.resolve(limited).then(
      (late) => settle(call, run, late),
      (error: unknown) => settleError(call, run, error),
    );
  } catch (error) {
    return settleError(call, run, error);
  }
}

function settle(call: Call, run: HandlerRun, value: unknown): MaybePromise<object> {
  const journal = call.openJournal;
  return journal?.suspended ? journal.inputRequired() : run.finish(value);
}

function settleError(call: Call, run: HandlerRun, error: unknown): MaybePromise<object> {
  const journal = call.openJournal;
  return journal?.suspended ? journal.inputRequired() : run.recover(error);
}

function withTimeout(call: Call, work: PromiseLike<unknown>, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = after(timeoutMs, () => {
      const error = new HoldfastError("ERR_TIMEOUT", `Timed out after ${timeoutMs} ms.`);
      call.abort(error);
      reject(error);
    });
    const stop = () => clearTimeout(timer);
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}
