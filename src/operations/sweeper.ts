/** Old records go as new ones come. */
import type { OperationStore } from "../stores/operations.js";
import type { Logger } from "../util/logger.js";

/** Records looked at per sweep at the least: too few to hold up calls. */
const SWEEP_RECORDS = 256;
/** Operations that ended since the last sweep, when the next one is due whatever the time. */
const SWEEP_AFTER = 256;
/** Records looked at for each operation that ended: a record is seen twice or more before it is gone. */
const SWEEP_PER_OPERATION = 4;
/** Sweeps come with the work: what nobody adds to does not grow. */
const SWEEP_EVERY_MS = 500;
export class Sweeper {
  readonly #store: OperationStore;
  readonly #logger: Logger;
  #sweeping = false;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #endedSince = 0;

  constructor(store: OperationStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** An operation ended. Not at ticks alone: most work is over before the next one. */
  ended(): void {
    this.#endedSince += 1;
    this.whenDue(performance.now());
  }

  whenDue(now: number): void {
    if (this.#sweeping || (now - this.#sweptAt < SWEEP_EVERY_MS && this.#endedSince < SWEEP_AFTER)) return;
    const records = Math.max(SWEEP_RECORDS, this.#endedSince * SWEEP_PER_OPERATION);
    this.#sweptAt = now;
    this.#endedSince = 0;
    void this.#sweep(records);
  }

  async #sweep(records: number): Promise<void> {
    this.#sweeping = true;
    try {
      await this.#store.sweep(records);
    } catch (error) {
      this.#logger.log("warn", "sweep_failed", { error });
    } finally {
      this.#sweeping = false;
    }
  }
}
