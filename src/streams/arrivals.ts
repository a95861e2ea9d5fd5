import type { EventSink } from "./event-sink.js";

/** The messages of one stream that nobody is known to have, and who wants to know. */
export class Arrivals {
  readonly #listeners = new Map<number, (arrived: boolean) => void>();

  /** `listener` is told of the message `seq`: `true` may follow `false`, when the client came back for it. */
  await(seq: number, listener: (arrived: boolean) => void): void {
    this.#listeners.set(seq, listener);
  }

  awaits(seq: number): boolean {
    return this.#listeners.has(seq);
  }

  /** The client has everything up to event `seq`. */
  confirm(seq: number): void {
    for (const [at, listener] of this.#listeners) {
      if (at > seq) continue;
      this.#listeners.delete(at);
      listener(true);
    }
  }

  /** What is on its way to a connection, up to `seq`, has arrived when that one says so; else the client may come back. */
  expect(sink: EventSink | undefined, seq: number): void {
    if (this.#listeners.size === 0) return;
    const listeners = [...this.#listeners.values()];
    const told = (arrived: boolean) => {
      if (arrived) this.confirm(seq);
      else for (const listener of listeners) listener(false);
    };
    if (sink?.whenDelivered === undefined) told(false);
    else sink.whenDelivered(told);
  }
}
