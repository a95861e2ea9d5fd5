import type { Ticker, Ticking } from "../../util/ticker.js";

/** Something that writes to a reader which may have gone without a word. */
export interface Stallable {
  readonly waiting: number;
  abort(): void;
}

/** Notices bytes that nobody takes. */
export class StallClock {
  readonly #afterMs: number;
  #least = 0;
  #since = 0;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** True when bytes have waited for the whole time and the reader took none of them. */
  isStalled(waiting: number, nowMs: number): boolean {
    if (waiting === 0 || waiting < this.#least || this.#least === 0) {
      this.#least = waiting;
      this.#since = nowMs;
      return false;
    }
    return nowMs - this.#since > this.#afterMs;
  }
}

/** Watches the last bytes of a reply until they are taken, and cuts the connection if they are not. */
export class StallWatch implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #stream: Stallable;
  readonly #ticker: Ticker;
  readonly #clock: StallClock;

  constructor(stream: Stallable, ticker: Ticker, afterMs: number) {
    this.#stream = stream;
    this.#ticker = ticker;
    this.#clock = new StallClock(afterMs);
    ticker.add(this);
  }

  tick(nowMs: number): void {
    const { waiting } = this.#stream;
    if (waiting > 0 && !this.#clock.isStalled(waiting, nowMs)) return;
    this.#ticker.delete(this);
    if (waiting > 0) this.#stream.abort();
  }
}
