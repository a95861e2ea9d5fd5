import { LinkedList } from "../util/list.js";
import type { Ticker, Ticking } from "../util/ticker.js";
import type { Call } from "./call.js";

/** Calls in flight. One sweep ends those past their deadline: no call owns a timer for that. */
export class CallTable implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #calls = new LinkedList<Call>();
  readonly #ticker: Ticker;
  #idle: (() => void)[] = [];

  constructor(ticker: Ticker) {
    this.#ticker = ticker;
  }

  get size(): number {
    return this.#calls.size;
  }

  add(call: Call): void {
    this.#calls.add(call);
    if (this.#calls.size === 1) this.#ticker.add(this);
  }

  delete(call: Call): void {
    if (!call.linked) return;
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    this.#ticker.delete(this);
    if (this.#idle.length === 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  all(): readonly Call[] {
    return this.#calls.all();
  }

  tick(nowMs: number): void {
    for (const call of this.#calls.all()) if (call.deadlineMs < nowMs) call.cancel("timeout");
  }
}
