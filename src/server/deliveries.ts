import type { Ledger } from "../operations/ledger.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import type { Exchange } from "./exchange.js";

/**
 * Answers on their way, of operations that only their arguments name (operations, delivery-aware joining). Such an
 * operation is over when its answer has arrived: the next call like it is meant. Until then a client that calls again,
 * because it never got the answer, gets it.
 */
export class Deliveries {
  readonly #ledger: Ledger;
  /** By key of the operation; the value tells one sending of an answer from another. */
  readonly #onTheWay = new Map<string, object>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Answers on their way. */
  get size(): number {
    return this.#onTheWay.size;
  }

  /** The answer is about to be sent on `exchange`. */
  expect(key: string, exchange: Exchange): void {
    if (exchange.onDelivery === undefined) return void this.#ledger.forget(key);
    const sending = {};
    this.#onTheWay.set(key, sending);
    exchange.onDelivery((arrived) => {
      const latest = this.#onTheWay.get(key) === sending;
      if (latest) this.#onTheWay.delete(key);
      // A later `true` is a client that came back for it; a call that began since then has an operation of its own.
      if (arrived && (latest || !this.#onTheWay.has(key))) void this.#ledger.forget(key);
    });
  }

  /**
   * The same call comes again while the answer is on its way on a connection that nobody has seen break: whoever calls
   * now means another one.
   */
  settle(key: string): MaybePromise<void> {
    return this.#onTheWay.delete(key) ? this.#ledger.forget(key) : undefined;
  }
}
