import { type Linked, LinkedList } from "./list.js";

/** Something that wants to know the time now and then. */
export interface Ticking extends Linked<Ticking> {
  tick(nowMs: number): void;
}

/** Half a second: fine enough for keep-alives, slow-call upgrades and idle limits, which are all counted in seconds. */
export const TICK_MS = 500;
/** No sweep for this long: the timer is gone, or the process was busy and a new timer does no harm. */
const STALE_MS = 2 * TICK_MS;

/**
 * One timer for everything that waits. Members are swept in turn instead of each owning a timer: a call that ends at
 * once costs an insertion and a deletion, no timer is ever made for it. The interval runs only while there are members
 * and never keeps the process alive.
 */
export class Ticker {
  readonly #members = new LinkedList<Ticking>();
  #timer: NodeJS.Timeout | undefined;
  #sweptAtMs = 0;

  get size(): number {
    return this.#members.size;
  }

  add(member: Ticking): void {
    this.#members.add(member);
    if (this.#timer === undefined) this.#start();
  }

  /** Makes sure that time passes. Workers drop a timer together with the request in which it was made. */
  wake(): void {
    if (this.#timer === undefined || Date.now() - this.#sweptAtMs < STALE_MS) return;
    clearInterval(this.#timer);
    this.#start();
  }

  delete(member: Ticking): void {
    this.#members.delete(member);
  }

  #start(): void {
    this.#sweptAtMs = Date.now();
    this.#timer = setInterval(() => this.#sweep(), TICK_MS);
    this.#timer.unref?.();
  }

  #sweep(): void {
    if (this.#members.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = Date.now();
    this.#sweptAtMs = now;
    for (const member of this.#members.all()) if (member.linked) member.tick(now);
  }
}
