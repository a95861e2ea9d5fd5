/**
 * The ledger of operations: each is started at most once unless its tool may be run again, has one recorded outcome,
 * and every call with its key gets that outcome.
 *
 * Invariants:
 * 1. The start is in the store before the handler runs; the outcome is in the store before anybody is told.
 * 2. In this process an operation is claimed once, however many calls want it: they share one `RunningOperation`.
 * 3. Whoever lost its fence records nothing; its callers get what was recorded instead.
 */
import type { Moved, OperationSnapshot, OperationStore } from "../stores/operations.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import type { Ticker, Ticking } from "../util/ticker.js";
import { conflict, type DriverOptions, OperationDriver, type PerformRequest } from "./driver.js";
import { isFenceLost, RunningOperation } from "./running.js";
import { Sweeper } from "./sweeper.js";
import type { Settlement } from "./types.js";

export interface LedgerOptions extends DriverOptions {
  readonly ticker: Ticker;
}

export class Ledger implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #options: LedgerOptions;
  readonly #running = new Map<string, RunningOperation>();
  readonly #idle: (() => void)[] = [];
  readonly #driver: OperationDriver;
  readonly #sweeper: Sweeper;
  #tickedAt = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#driver = new OperationDriver(options);
    this.#sweeper = new Sweeper(options.store, options.logger);
  }

  get durability(): OperationStore["durability"] {
    return this.#options.store.durability;
  }

  /** Operations this process works on or waits for. */
  get size(): number {
    return this.#running.size;
  }

  /** Resolves when this process works on no operation. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The process ends: whoever works on an operation is told. */
  abortAll(error: Error): void {
    for (const operation of this.#running.values()) operation.abort(error);
  }

  /** The operation with this key, if this process works on it or waits for it. */
  running(key: string): RunningOperation | undefined {
    return this.#running.get(key);
  }

  /**
   * Does the work, or attaches to it, or gives its recorded outcome.
   *
   * @throws HoldfastError `ERR_KEY_CONFLICT`, `ERR_KEY_EXPIRED`, `ERR_STORE`.
   */
  perform(request: PerformRequest): { readonly operation: RunningOperation; readonly settled: Promise<Settlement> } {
    const { key, fingerprint, id, watcher } = request;
    const found = this.#running.get(key);
    if (found !== undefined) {
      if (found.fingerprint !== fingerprint) throw conflict();
      found.watch(watcher);
      return { operation: found, settled: found.settled };
    }
    const operation = new RunningOperation({ key, fingerprint, id, store: this.#options.store });
    operation.watch(watcher);
    this.#running.set(key, operation);
    if (this.#running.size === 1) this.#start();
    void this.#driver.drive(operation, request).then(
      (settlement) => this.#end(operation, () => operation.settle(settlement)),
      (error: unknown) => this.#end(operation, () => operation.fail(error)),
    );
    return { operation, settled: operation.settled };
  }

  /** The outcome of an operation that no key names was delivered: the next call like it is another one. */
  async forget(key: string): Promise<void> {
    try {
      await this.#options.store.forget(key);
    } catch (error) {
      this.#options.logger.log("warn", "operation_not_forgotten", { error });
    }
  }

  /** Gives an operation that this process works on another key; its old key has `moved.outcome` from then on. */
  async move(operation: RunningOperation, moved: Moved): Promise<void> {
    const { key } = operation;
    await operation.move(moved);
    // It may have ended meanwhile, because its fence was lost.
    if (this.#running.delete(key)) this.#running.set(moved.to, operation);
  }

  /** What the store knows under a key; claims nothing. */
  inspect(key: string): MaybePromise<OperationSnapshot | undefined> {
    return this.#options.store.inspect(key);
  }

  /** Calls back when an operation may have changed: a hint. Returns what ends it. */
  watch(key: string, listener: () => void): () => void {
    return this.#options.store.watch(key, listener);
  }

  tick(): void {
    const now = performance.now();
    const { leaseMs, logger } = this.#options;
    const stalledMs = now - this.#tickedAt;
    this.#tickedAt = now;
    if (stalledMs > leaseMs) logger.log("error", "event_loop_stalled", { stalledMs: Math.round(stalledMs), leaseMs });
    for (const operation of this.#running.values()) {
      if (operation.owned && now - operation.renewedAt > leaseMs / 3) void this.#renew(operation, now);
    }
    this.#sweeper.whenDue(now);
  }

  #start(): void {
    this.#tickedAt = performance.now();
    this.#options.ticker.add(this);
  }

  #end(operation: RunningOperation, settle: () => void): void {
    this.#running.delete(operation.key);
    settle();
    this.#sweeper.ended();
    if (this.#running.size > 0) return;
    this.#options.ticker.delete(this);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #renew(operation: RunningOperation, now: number): Promise<void> {
    const { store, leaseMs, logger } = this.#options;
    if (store.durability === "process") return;
    operation.renewedAt = now;
    const { key } = operation;
    try {
      await store.renew(key, operation.fence, leaseMs);
      operation.renewed(now + leaseMs);
    } catch (error) {
      if (!operation.owned || operation.key !== key) return;
      logger.log("error", "lease_not_renewed", { id: operation.id, error });
      if (isFenceLost(error)) operation.abort(error as Error);
      // Anything else is tried again at the next tick, until the lease has run out.
      else operation.renewedAt = now - leaseMs / 2;
    }
  }
}
