import { SSE_KEEP_ALIVE } from "../../protocol/sse.js";
import type { EventSink } from "../../streams/event-stream.js";
import type { Ticker, Ticking } from "../../util/ticker.js";
import { StallClock, StallWatch } from "./stall-watch.js";
import type { ReplyStream } from "./types.js";

/** An open event stream reply, kept alive by a comment whenever it has been silent for a while. */
export class SseSink implements EventSink, Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #stream: ReplyStream;
  readonly #ticker: Ticker;
  readonly #keepAliveMs: number;
  #lastWrite: number;
  #ended = false;
  readonly #clock: StallClock;

  constructor(stream: ReplyStream, ticker: Ticker, keepAliveMs: number) {
    this.#stream = stream;
    this.#ticker = ticker;
    this.#keepAliveMs = keepAliveMs;
    this.#clock = new StallClock(2 * keepAliveMs);
    this.#lastWrite = Date.now();
    ticker.add(this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(text: string): number {
    if (this.#ended) return 0;
    this.#lastWrite = Date.now();
    return this.#stream.write(text);
  }

  end(): void {
    if (this.#ended) return;
    this.gone();
    this.#stream.end();
    if (this.#stream.waiting > 0) new StallWatch(this.#stream, this.#ticker, 2 * this.#keepAliveMs);
  }

  abort(): void {
    if (this.#ended) return;
    this.gone();
    this.#stream.abort();
  }

  whenDrained(listener: () => void): void {
    this.#stream.whenDrained(listener);
  }

  /** The connection is gone: nothing is written any more. */
  gone(): void {
    this.#ended = true;
    this.#ticker.delete(this);
  }

  tick(nowMs: number): void {
    // Bytes that waited for two keep-alives: the reader is gone without a word.
    if (this.#clock.isStalled(this.#stream.waiting, nowMs)) return this.abort();
    if (nowMs - this.#lastWrite >= this.#keepAliveMs) this.write(SSE_KEEP_ALIVE);
  }
}
