/** One operation from its claim to its recorded outcome. */
import { HoldfastError } from "../errors.js";
import type { Claim, OperationStore, Retention } from "../stores/operations.js";
import type { Logger } from "../util/logger.js";
import { isThenable, type MaybePromise } from "../util/maybe-promise.js";
import { refusedEarly, workAdmitted } from "./admit.js";
import { giveBack, recordOutcome } from "./record.js";
import { askAuthor } from "./recover.js";
import { isFenceLost, type RunningOperation } from "./running.js";
import type { Admission, Outcome, Recovery, Settlement, Watcher } from "./types.js";

/** How long a waiter sleeps at the most between two looks: what was pushed may have been lost. */
const POLL_MS = 250;
export interface DriverOptions {
  readonly store: OperationStore;
  readonly owner: string;
  readonly leaseMs: number;
  /** How long it may take to find out what came of work that was cut off. */
  readonly recoveryMs: number;
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

export class OperationDriver {
  readonly #options: DriverOptions;

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /** Claims, works and records until there is an outcome, here or elsewhere. */
  async drive(operation: RunningOperation, request: PerformRequest): Promise<Settlement> {
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
        if (!claim.existed && !(await giveBack(this.#options, operation.key, claim.fence)))
          id = `${request.id}.${claim.fence}`;
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
      await recordOutcome(this.#options.store, operation, outcome, { retention: request.retention, lasts });
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
    const found = typeof recovery === "function" ? await askAuthor(recovery, operation, this.#options) : "unknown";
    if (found === "not-done") return undefined;
    return { kind: "done", json: found === "unknown" ? unknown() : found.json };
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

/** The same key with other work. */
export function conflict(): HoldfastError {
  return new HoldfastError(
    "ERR_KEY_CONFLICT",
    "This idempotency key was used with other arguments. Nothing was run; use a new key for a new call.",
  );
}
