/**
 * The ledger of operations: each is started at most once unless its tool may be run again, has one recorded outcome,
 * and every call with its key gets that outcome.
 *
 * Invariants:
 * 1. The start is in the store before the handler runs; the outcome is in the store before anybody is told.
 * 2. In this process an operation is claimed once, however many calls want it: they share one `RunningOperation`.
 * 3. Whoever lost its fence records nothing; its callers get what was recorded instead.
 */
import { HoldfastError } from "../errors.js";
import type { Claim, Moved, OperationSnapshot, OperationStore, Retention } from "../stores/operations.js";
import type { Logger } from "../util/logger.js";
import { isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { Ticker, Ticking } from "../util/ticker.js";
import { refusedEarly, workAdmitted } from "./admit.js";
import { isFenceLost, RunningOperation } from "./running.js";
import type { Admission, Outcome, Recovery, Settlement, Watcher } from "./types.js";

/** Records looked at per sweep at the least: too few to hold up calls. */
const SWEEP_RECORDS = 256;
/** Operations that ended since the last sweep, when the next one is due whatever the time. */
const SWEEP_AFTER = 256;
/** Records looked at for each operation that ended: a record is seen twice or more before it is gone. */
const SWEEP_PER_OPERATION = 4;
/** Sweeps come with the work: what nobody adds to does not grow. */
const SWEEP_EVERY_MS = 500;
/** How long a waiter sleeps at the most between two looks: what was pushed may have been lost. */
const POLL_MS = 250;
/** A store that cannot record an outcome is asked again this often, this far apart. */
const COMMIT_ATTEMPTS = 5;
const COMMIT_RETRY_MS = 200;

export interface LedgerOptions {
  readonly store: OperationStore;
  readonly owner: string;
  readonly leaseMs: number;
  readonly ticker: Ticker;
  readonly logger: Logger;
}

/** One call's wish to have some work done once. */
export interface PerformRequest {
  readonly key: string;
  readonly fingerprint: string;
  readonly retention: Retention;
  readonly recovery: Recovery;
  /** The id if the operation is new. */
  readonly id: string;
  readonly watcher: Watcher;
  /** The outcome for work that was cut off, when nobody can say what came of it. */
  readonly unknown: () => string;
  /** Decides whether the work may begin now; undefined when nothing limits it. */
  readonly admission?: Admission | undefined;
  /** Does the work. Never throws. */
  readonly work: (operation: RunningOperation) => Promise<Outcome>;
}

export class Ledger implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #options: LedgerOptions;
  readonly #running = new Map<string, RunningOperation>();
  readonly #idle: (() => void)[] = [];
  #tickedAt = 0;
  #sweeping = false;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #endedSince = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
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
    void this.#drive(operation, request).then(
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
    this.#sweepWhenDue(now);
  }

  #start(): void {
    this.#tickedAt = performance.now();
    this.#options.ticker.add(this);
  }

  #end(operation: RunningOperation, settle: () => void): void {
    this.#running.delete(operation.key);
    settle();
    // Not at ticks alone: most work is over before the next one.
    this.#endedSince += 1;
    this.#sweepWhenDue(performance.now());
    if (this.#running.size > 0) return;
    this.#options.ticker.delete(this);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #drive(operation: RunningOperation, request: PerformRequest): Promise<Settlement> {
    const refused = refusedEarly(this.#options.store, request);
    const error = isThenable(refused) ? await refused : refused;
    if (error !== undefined) return { kind: "released", error, id: operation.id, replayed: false };
    let { id } = request;
    for (;;) {
      const askedAt = performance.now();
      const claimed = this.#claim(request, operation.key, id);
      // A store that answers at once is not waited for: the handler starts in the turn in which its call came in.
      const claim = isThenable(claimed) ? await claimed : claimed;
      if (claim.state === "done") {
        return { kind: "done", json: claim.outcome, id: claim.id, replayed: true };
      }
      if (claim.state === "conflict") throw conflict();
      if (claim.state === "expired") {
        throw new HoldfastError(
          "ERR_KEY_EXPIRED",
          "This idempotency key was used before and its outcome is no longer kept. Nothing was run; use a new key.",
        );
      }
      if (claim.state === "doubt") {
        return { kind: "done", json: request.unknown(), id: claim.id, replayed: false };
      }
      if (claim.state === "running") {
        operation.id = claim.id;
        // Nobody waits any more: whoever is at work goes on without this process.
        if (operation.left) throw operation.aborted;
        await this.#changed(operation.key);
        continue;
      }
      if (operation.left) {
        // Everybody left before the store had answered: nothing is begun for nobody. What an owner before had begun
        // stays recorded as begun: whoever asks next finds it when the lease has run out.
        // Another owner may have done the work under this id since: what callers who came later want is other work.
        if (!claim.existed && !(await this.#giveBack(operation.key, claim.fence))) id = `${request.id}.${claim.fence}`;
        if (operation.left) throw operation.aborted;
        continue;
      }
      // Owned before and lost, and the record is gone: whoever took over has decided, and it was forgotten since.
      const decided = !claim.existed && operation.fence > 0 && operation.outcome === undefined;
      const [began, existed] = [claim.began || decided, claim.existed];
      operation.won(claim, { askedAt, leaseMs: this.#leaseMs });
      const settlement = await this.#work(operation, request, { began, existed });
      if (settlement !== undefined) return settlement;
      // The fence was lost: somebody else decides what the outcome is.
      operation.owned = false;
    }
  }

  #claim({ fingerprint }: PerformRequest, key: string, id: string): MaybePromise<Claim> {
    const { store, owner } = this.#options;
    return store.claim({ key, fingerprint, id, owner, leaseMs: this.#leaseMs, begin: true, takeOver: true });
  }

  /** Nobody else can take over what lives in this process only, so its lease never ends. */
  get #leaseMs(): number {
    return this.#options.store.durability === "process" ? Number.POSITIVE_INFINITY : this.#options.leaseMs;
  }

  /** Undefined when the fence was lost. */
  async #work(
    operation: RunningOperation,
    request: PerformRequest,
    { began, existed }: { readonly began: boolean; readonly existed: boolean },
  ): Promise<Settlement | undefined> {
    const { id } = operation;
    const recovered = began ? await this.#recover(operation, request) : undefined;
    // A process that slept since it asked may have lost the lease: then somebody else has decided what is done.
    if (recovered === undefined && !operation.isSure && !(await this.#confirm(operation))) return undefined;
    // This process did the work, its fence was lost, and nobody else has begun (any more): it is not done again.
    const before = recovered ?? (began ? undefined : operation.outcome);
    const outcome = before ?? (await this.#begin(operation, request, began || existed));
    if (outcome === undefined) return undefined;
    if (recovered === undefined) operation.outcome = outcome;
    // Whoever gives up now has not undone what was recorded before: the id and the journal stay for the next attempt.
    const lasts = existed || (before === undefined && operation.entries().length > 0);
    try {
      await this.#record(operation, outcome, { retention: request.retention, lasts });
    } catch (error) {
      if (isFenceLost(error)) return undefined;
      // Recorded nowhere: a later call finds the start and says that the outcome is unknown. These callers know it.
      this.#options.logger.log("error", "outcome_not_recorded", { id, error });
    }
    return { ...outcome, id, replayed: false };
  }

  #begin(operation: RunningOperation, request: PerformRequest, goesOn: boolean): Promise<Outcome | undefined> {
    const { admission, work } = request;
    if (admission === undefined) return work(operation);
    const isOwner = () => operation.isSure || this.#confirm(operation);
    return workAdmitted(operation, { enter: () => admission.enter(goesOn), isOwner, work });
  }

  /** Asks the store whether this process is still the owner. */
  async #confirm(operation: RunningOperation): Promise<boolean> {
    while (!operation.isSure) {
      const askedAt = performance.now();
      try {
        await this.#options.store.renew(operation.key, operation.fence, this.#leaseMs);
      } catch (error) {
        if (isFenceLost(error)) return false;
        throw error;
      }
      operation.renewed(askedAt + this.#leaseMs);
    }
    return true;
  }

  /** What came of work that was cut off; undefined when it is to be done (again). */
  async #recover(operation: RunningOperation, { recovery, unknown }: PerformRequest): Promise<Outcome | undefined> {
    if (recovery === "rerun") return undefined;
    const { id, fence } = operation;
    let found: Awaited<ReturnType<Exclude<Recovery, string>>> = "unknown";
    if (typeof recovery === "function") {
      try {
        found = await recovery({ id, fence, journal: operation.entries() });
      } catch (error) {
        this.#options.logger.log("error", "recover_failed", { id, error });
      }
    }
    if (found === "not-done") return undefined;
    return { kind: "done", json: found === "unknown" ? unknown() : found.json };
  }

  async #record(
    operation: RunningOperation,
    outcome: Outcome,
    { retention, lasts }: { readonly retention: Retention; readonly lasts: boolean },
  ): Promise<void> {
    const { store } = this.#options;
    const { key, fence } = operation;
    const keep = outcome.kind === "suspended" ? outcome.keep : lasts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (outcome.kind === "done") await store.commit(key, fence, outcome.json, retention);
        else if (keep) await store.suspend(key, fence, retention);
        else await store.release(key, fence);
        return;
      } catch (error) {
        if (isFenceLost(error) || attempt >= COMMIT_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, COMMIT_RETRY_MS * attempt));
      }
    }
  }

  /** Nothing was begun. False when somebody else has taken over meanwhile: then there is nothing left to give back. */
  async #giveBack(key: string, fence: number): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#options.store.release(key, fence);
        return true;
      } catch (error) {
        if (isFenceLost(error)) return false;
        if (attempt >= COMMIT_ATTEMPTS) {
          this.#options.logger.log("error", "claim_not_released", { error });
          return true;
        }
        await new Promise((resolve) => setTimeout(resolve, COMMIT_RETRY_MS * attempt));
      }
    }
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

  #sweepWhenDue(now: number): void {
    if (this.#sweeping || (now - this.#sweptAt < SWEEP_EVERY_MS && this.#endedSince < SWEEP_AFTER)) return;
    const records = Math.max(SWEEP_RECORDS, this.#endedSince * SWEEP_PER_OPERATION);
    this.#sweptAt = now;
    this.#endedSince = 0;
    void this.#sweep(records);
  }

  async #sweep(records: number): Promise<void> {
    this.#sweeping = true;
    try {
      await this.#options.store.sweep(records);
    } catch (error) {
      this.#options.logger.log("warn", "sweep_failed", { error });
    } finally {
      this.#sweeping = false;
    }
  }

  /** Resolves when the record may have changed. */
  #changed(key: string): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unwatch();
        resolve();
      };
      const timer = setTimeout(done, POLL_MS);
      const unwatch = this.#options.store.watch(key, done);
    });
  }
}

function conflict(): HoldfastError {
  return new HoldfastError(
    "ERR_KEY_CONFLICT",
    "This idempotency key was used with other arguments. Nothing was run; use a new key for a new call.",
  );
}
