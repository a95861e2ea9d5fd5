import type { StreamEvent, StreamLog, StreamLogBounds, StreamSlice, StreamStore } from "../types.js";

const NO_EVENTS: StreamEvent[] = [];

/** A stream log in this process's memory: a queue that drops its oldest events at its bounds. */
class MemoryStreamLog implements StreamLog {
  readonly #bounds: StreamLogBounds;
  /** Made with the first event: most standing streams never see one. */
  #events: StreamEvent[] = NO_EVENTS;
  /** Index of the oldest event still held; the array is cut only now and then, so that dropping costs nothing. */
  #head = 0;
  #bytes = 0;
  #last = 0;

  constructor(bounds: StreamLogBounds) {
    this.#bounds = bounds;
  }

  append(seq: number, data: string): void {
    if (seq !== this.#last + 1) throw new RangeError(`stream log: event ${seq} cannot follow ${this.#last}`);
    this.#last = seq;
    if (this.#events === NO_EVENTS) this.#events = [];
    this.#events.push({ seq, data });
    this.#bytes += data.length;
    this.#trim();
  }

  read(afterSeq: number): StreamSlice {
    const first = this.#last - (this.#events.length - this.#head) + 1;
    const from = Math.max(first, afterSeq + 1);
    const events = this.#events.slice(this.#head + (from - first));
    return { events, missed: from - (afterSeq + 1) };
  }

  drop(): void {
    this.#events = NO_EVENTS;
    this.#head = 0;
    this.#bytes = 0;
  }

  #trim(): void {
    const { maxEvents, maxBytes } = this.#bounds;
    // The newest event always stays, whatever its size: it may be the result.
    while (this.#events.length - this.#head > 1) {
      const held = this.#events.length - this.#head;
      if (held <= maxEvents && this.#bytes <= maxBytes) break;
      this.#bytes -= this.#events[this.#head]?.data.length ?? 0;
      this.#head += 1;
    }
    if (this.#head > maxEvents) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** Stream logs in memory: gone with the process. */
export class MemoryStreamStore implements StreamStore {
  readonly durability = "process";

  create(_key: string, bounds: StreamLogBounds): StreamLog {
    return new MemoryStreamLog(bounds);
  }
}
