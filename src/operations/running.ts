import { HoldfastError } from "../errors.js";
import type { Claim, Moved, OperationStore } from "../stores/operations.js";
import type { Operation, Outcome, Settlement, Watcher } from "./types.js";

/** Keys of steps in the journal begin so; the others are answers of the client. */
const STEP = "step:";

/** An operation this process works on or waits for, and the calls that want its outcome. */
export class RunningOperation implements Operation {
  key: string;
  readonly fingerprint: string;
  readonly settled: Promise<Settlement>;
  id: string;
  fence = 0;
  /** When the lease was last renewed, by this process's monotonic clock. */
  renewedAt = 0;
  /** True while the store has this process as the owner. */
  owned = false;
  /** What came of the work in this process, whether or not the store has taken it. */
  outcome: Outcome | undefined;
  #sureUntil = 0;
  #settle!: (settlement: Settlement) => void;
  #fail!: (error: unknown) => void;
  readonly #store: OperationStore;
  readonly #journal = new Map<string, string>();
  readonly #watchers = new Set<Watcher>();
  readonly #writing = new Set<Promise<void>>();
  #moving: Promise<void> | undefined;
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #grace: NodeJS.Timeout | undefined;
  /** True once somebody left who may come back. */
  #awaited = false;

  constructor(parts: { key: string; fingerprint: string; id: string; store: OperationStore }) {
    this.key = parts.key;
    this.fingerprint = parts.fingerprint;
    this.id = parts.id;
    this.#store = parts.store;
    this.settled = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
    });
    // Every caller has a chain of its own; when all of them left, nobody is there to hear of a failure.
    this.settled.catch(() => {});
  }

  /** Aborted when nobody wants the outcome any more, or it can no longer be recorded. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /**
   * The store gave the operation to this process: a run begins. What ended an earlier run, or was said before this one
   * by calls that have left, is no reason to abort it while somebody waits for its outcome.
   */
  won(
    { id, fence, journal }: Extract<Claim, { state: "won" }>,
    { askedAt, leaseMs }: { readonly askedAt: number; readonly leaseMs: number },
  ): void {
    this.id = id;
    this.fence = fence;
    this.owned = true;
    this.renewedAt = askedAt;
    this.#sureUntil = askedAt + leaseMs;
    for (const [key, json] of journal) this.#journal.set(key, json);
    if (this.#watchers.size === 0) return;
    this.#reason = undefined;
    this.#controller = undefined;
  }

  /** The store has confirmed the lease; it counts from when the store was asked, for the answer may have taken long. */
  renewed(sureUntil: number): void {
    this.#sureUntil = sureUntil;
  }

  /** True while the lease cannot have run out, whatever this process did meanwhile. */
  get isSure(): boolean {
    return performance.now() < this.#sureUntil;
  }

  /** What an earlier run recorded under `key`; JSON text. */
  journaled(key: string): string | undefined {
    return this.#journal.get(key);
  }

  entries(): readonly (readonly [key: string, json: string])[] {
    return [...this.#journal];
  }

  /** Records the result of a step; the handler goes on when this resolves. */
  async journal(key: string, json: string): Promise<void> {
    while (this.#moving !== undefined) await this.#moving;
    const written = Promise.resolve(this.#store.journal(this.key, this.fence, [key, json]));
    this.#writing.add(written);
    try {
      await written;
      this.#journal.set(key, json);
    } catch (error) {
      // Stores say that they did nothing, which is not what the caller would take it for.
      throw isFenceLost(error) ? error : notRecorded(key, error);
    } finally {
      this.#writing.delete(written);
    }
  }

  /** Goes on under another key. What is being written goes to the old one first, what comes meanwhile to the new one. */
  async move(moved: Moved): Promise<void> {
    this.#moving = this.#move(moved);
    try {
      await this.#moving;
    } finally {
      this.#moving = undefined;
    }
  }

  async #move(moved: Moved): Promise<void> {
    await Promise.allSettled(this.#writing);
    await this.#store.move(this.key, this.fence, moved);
    this.key = moved.to;
  }

  /** One more call wants the outcome. */
  watch(watcher: Watcher): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#watchers.add(watcher);
  }

  /** A call does not want it any more; returns how many still do. */
  unwatch(watcher: Watcher): number {
    this.#watchers.delete(watcher);
    if (watcher.cancelled === "disconnect" || watcher.cancelled === "shutdown") this.#awaited = true;
    return this.#watchers.size;
  }

  /** True when everybody who wanted the outcome has taken that back: nobody will ask what came of it. */
  get takenBack(): boolean {
    return this.#watchers.size === 0 && this.#reason !== undefined && !this.#awaited;
  }

  progressed(done: number, total: number | undefined, message: string | undefined): void {
    for (const watcher of this.#watchers) watcher.progressed(done, total, message);
  }

  /** Nobody is connected: the work may go on for a while, in case somebody comes back for it. */
  detach(
    graceMs: number,
    error: () => Error,
    after: (ms: number, work: () => void) => NodeJS.Timeout | undefined,
  ): void {
    this.#grace = after(graceMs, () => this.abort(error()));
    this.#grace?.unref?.();
  }

  abort(error: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = error;
    this.#controller?.abort(error);
  }

  get aborted(): Error | undefined {
    return this.#reason;
  }

  /** True when it was aborted and nobody has come for it since. */
  get left(): boolean {
    return this.#reason !== undefined && this.#watchers.size === 0;
  }

  settle(settlement: Settlement): void {
    this.#end();
    this.#settle(settlement);
  }

  fail(error: unknown): void {
    this.#end();
    this.#fail(error);
  }

  #end(): void {
    this.owned = false;
    clearTimeout(this.#grace);
  }
}

function notRecorded(key: string, cause: unknown): HoldfastError {
  const what = key.startsWith(STEP)
    ? `The step ${key.slice(STEP.length)} was done, but its result`
    : `The answer ${key}`;
  return new HoldfastError("ERR_STORE", `${what} could not be recorded.`, { cause });
}

/** Somebody else owns the operation by now. */
export function isFenceLost(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === "ERR_FENCE_LOST";
}
