import type { JournalEntry } from "../stores/operations.js";
import type { MaybePromise } from "../util/maybe-promise.js";

/** What a handler sees of its operation. */
export interface Operation {
  /** Stable over retries of the same work: pass it downstream as an idempotency key. */
  readonly id: string;
  /** Rises when another process takes the work over. */
  readonly fence: number;
}

/** What came of the work. */
export type Outcome =
  /** To be recorded: every caller gets this, now and later. JSON text. */
  | { readonly kind: "done"; readonly json: string }
  /** The work waits for input that comes with another request; `answer` is what callers are told meanwhile. */
  | {
      readonly kind: "suspended";
      readonly answer: object;
      /** True when the next request comes with the same key. */
      readonly keep: boolean;
    }
  /** Nothing was done, nothing is recorded: the next call runs. `error` is for the callers of this one. */
  | { readonly kind: "released"; readonly error: unknown };

/** What a caller gets. */
export type Settlement = Outcome & {
  readonly id: string;
  /** True when the outcome was recorded before this call came. */
  readonly replayed: boolean;
};

/** What is known of an operation whose owner died after the start. */
export interface InterruptedOperation extends Operation {
  /** What the handler had journaled. */
  readonly journal: readonly JournalEntry[];
}

/** What to do with an operation whose owner died after the start. */
export type Recovery =
  /** Report that the outcome is unknown; never run again. */
  | "unknown"
  /** Run again; journaled steps are not repeated. */
  | "rerun"
  /** Find out: an outcome (JSON text), `"not-done"` (run), or `"unknown"`. */
  | ((operation: InterruptedOperation) => Promise<{ readonly json: string } | "not-done" | "unknown">);

/** What decides whether work may begin now, and counts it while it lasts. */
export interface Admission {
  /** Why new work is refused now; undefined when it is not. Counts nothing. */
  refusal(): MaybePromise<Error | undefined>;
  /**
   * Lets work begin; throws when it may not. What was let in once and `goesOn` (after a question, after a crash) is
   * counted while it lasts, and never refused. Returns what ends it.
   */
  enter(goesOn: boolean): MaybePromise<() => void>;
}

/** Somebody who waits for the outcome of an operation. */
export interface Watcher {
  /** Why it stopped waiting. Whoever lost its connection, or was sent away, may come back for the outcome. */
  readonly cancelled: "client" | "disconnect" | "timeout" | "shutdown" | undefined;
  /** Called while the work is going on; the watcher reports it in its own way. */
  progressed(done: number, total: number | undefined, message: string | undefined): void;
}
