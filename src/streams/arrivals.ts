import type { EventSink } from "./event-sink.js";

/** The messages of one stream that nobody is known to have, and who wants to know. */
export class Arrivals {
  /** Made for the first and let go with the last: many streams are idle for a long time after their messages. */
  #listeners: Map<number, (arrived: boolean) => void> | undefined;

  /** `listener` is told of the message `seq`: `true` may follow `false`, when the client came back for it. */
  await(seq: number, listener: (arrived: boolean) => void): void {
    this.#listeners ??= new Map();
    this.#listeners.set(seq, listener);
  }

  awaits(seq: number): boolean {
    return this.#listeners?.has(seq) === true;
  }

  /** The client has everything up to event `seq`. */
  confirm(seq: number): void {
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    for (const [at, listener] of listeners) {
      if (at > seq) continue;
      listeners.delete(at);
      listener(true);
    }
    // What a listener began may have brought another map.
    if (this.#listeners?.size === 0) this.#listeners = undefined;
  }

  /** What is on its way to a connection, up to `seq`, has arrived when that one says so; else the client may come back. */
  expect(sink: EventSink | undefined, seq: number): void {
    if (this.#listeners === undefined) return;
    const listeners = [...this.#listeners.values()];
    const told = (arrived: boolean) => {
      if (arrived) this.confirm(seq);
      else for (const listener of listeners) listener(false);
    };
    if (sink?.whenDelivered === undefined) told(false);
    else sink.whenDelivered(told);
  }
}
