import type { StreamEvent, StreamLog, StreamLogBounds, StreamSlice, StreamStore } from "../types.js";

const NOTHING: string[] = [];
/** Between the events of a finished log: JSON texts have no raw line breaks. */
const SEPARATOR = "\n";

/** A stream log in this process's memory: a queue that drops its oldest events at its bounds. */
class MemoryStreamLog implements StreamLog {
  readonly #bounds: StreamLogBounds;
  /** Made with the first event: most standing streams never see one. */
  #events: string[] = NOTHING;
  /** Index of the oldest event still held; the array is cut only now and then, so that dropping costs nothing. */
  #head = 0;
  #chars = 0;
  #last = 0;
  /**
   * What is held of a finished stream, as one text. Finished streams are many and seldom read again; as one text each
   * they cost the garbage collector one object instead of two for every event.
   */
  #packed: string | undefined;

  constructor(bounds: StreamLogBounds) {
    this.#bounds = bounds;
  }

  get heldChars(): number {
    return this.#chars;
  }

  append(seq: number, data: string): void {
    if (seq !== this.#last + 1) throw new RangeError(`stream log: event ${seq} cannot follow ${this.#last}`);
    this.#last = seq;
    this.#unpack();
    if (this.#events === NOTHING) this.#events = [];
    this.#events.push(data);
    this.#chars += data.length;
    const { maxEvents, maxBytes } = this.#bounds;
    if (this.#held > maxEvents || this.#chars > maxBytes) this.#cut(maxEvents, maxBytes);
  }

  read(afterSeq: number): StreamSlice {
    this.#unpack();
    const first = this.#last - this.#held + 1;
    const from = Math.max(first, afterSeq + 1);
    const events: StreamEvent[] = [];
    for (let seq = from; seq <= this.#last; seq += 1) {
      events.push({ seq, data: this.#events[this.#head + (seq - first)] ?? "" });
    }
    return { events, missed: from - (afterSeq + 1) };
  }

  finish(): void {
    if (this.#held < 2) return;
    this.#packed = this.#events.slice(this.#head).join(SEPARATOR);
    this.#events = NOTHING;
    this.#head = 0;
  }

  trim(maxChars: number): void {
    this.#unpack();
    this.#cut(Number.POSITIVE_INFINITY, maxChars);
  }

  drop(): void {
    this.#events = NOTHING;
    this.#packed = undefined;
    this.#head = 0;
    this.#chars = 0;
  }

  get #held(): number {
    return this.#events.length - this.#head;
  }

  #unpack(): void {
    if (this.#packed === undefined) return;
    this.#events = this.#packed.split(SEPARATOR);
    this.#packed = undefined;
  }

  #cut(maxEvents: number, maxChars: number): void {
    // The newest event always stays, whatever its size: it may be the result.
    while (this.#held > 1 && (this.#held > maxEvents || this.#chars > maxChars)) {
      this.#chars -= this.#events[this.#head]?.length ?? 0;
      // Let go at once: the array may be cut much later.
      this.#events[this.#head] = "";
      this.#head += 1;
    }
    if (this.#head > this.#held) {
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
