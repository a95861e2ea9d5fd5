import type { App } from "../../server/app.js";
import type { Budget } from "../../util/budget.js";
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
  readonly #queues: Budget;
  readonly #clock: StallClock;
  #counted = 0;

  constructor(stream: Stallable, app: Pick<App, "ticker" | "limits" | "budgets">) {
    this.#stream = stream;
    this.#ticker = app.ticker;
    this.#queues = app.budgets.queues;
    this.#clock = new StallClock(2 * app.limits.keepAliveMs);
    app.ticker.add(this);
  }

  tick(nowMs: number): void {
    const { waiting } = this.#stream;
    // Counted from the first sweep on: an answer that is on its way waits for nobody.
    const took = waiting < this.#counted || this.#counted === 0;
    this.#queues.add(waiting - this.#counted);
    this.#counted = waiting;
    if (waiting > 0 && !this.#clock.isStalled(waiting, nowMs) && (took || !this.#queues.exceeded)) return;
    this.#queues.add(-this.#counted);
    this.#ticker.delete(this);
    if (waiting > 0) this.#stream.abort();
  }
}
