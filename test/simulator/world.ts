/**
 * Virtual time and its one queue: everything that happens in a simulation is an event of it, and one event is through
 * (with all promises it settled) before the next begins. Events of the same time come in an order drawn from the seed.
 *
 * The code under test uses the timers and clocks of the platform. While a simulation runs they are the world's, for
 * code that runs in an event of a host; everybody else (a test runner, say) keeps the real ones.
 */
import { SeededRandom } from "./random.js";

/** A process of the simulation: what it holds in memory is gone when it dies; it does nothing while it is paused. */
export class Host {
  readonly name: string;
  alive = true;
  pausedUntil = 0;
  /** What its own idea of the date is off by. */
  dateOffsetMs = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/** Something that will happen; may be called off. */
export class Event {
  readonly host: Host | undefined;
  readonly work: () => void;
  at: number;
  order: number;
  off = false;
  /** Set for an interval. */
  everyMs: number | undefined;

  constructor(parts: { at: number; order: number; host: Host | undefined; work: () => void }) {
    this.at = parts.at;
    this.order = parts.order;
    this.host = parts.host;
    this.work = parts.work;
  }

  /** Timers of Node have these; a simulation ends when it has seen enough, whatever is still to come. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** What was found to be wrong. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** A date to start from; any will do. */
const EPOCH_MS = 1_750_000_000_000;
/** More lines than anybody reads; a schedule that loops must not fill the memory. */
const MAX_TRACE_LINES = 20_000;

export class World {
  readonly random: SeededRandom;
  readonly trace: string[] = [];
  readonly tracing: boolean;
  /** The clock nobody can set; all hosts and the store of a simulation share it. */
  nowMs = 1000;
  /** What the store's idea of the date is off by. */
  dateOffsetMs = 0;
  /** The host whose event is happening. */
  current: Host | undefined;
  violation: Error | undefined;
  events = 0;
  readonly #queue: Event[] = [];

  constructor(seed: number, tracing: boolean) {
    this.random = new SeededRandom(seed);
    this.tracing = tracing;
  }

  dateOf(host: Host | undefined): number {
    return EPOCH_MS + this.nowMs + (host === undefined ? this.dateOffsetMs : host.dateOffsetMs);
  }

  /** Something happens after `delayMs`, in `host` or, without one, outside of all of them. */
  after(delayMs: number, host: Host | undefined, work: () => void): Event {
    const event = new Event({ at: this.nowMs + Math.max(0, delayMs), order: this.random.next(), host, work });
    this.#queue.push(event);
    return event;
  }

  /** One line of the trace. */
  note(...words: readonly unknown[]): void {
    if (!this.tracing || this.trace.length >= MAX_TRACE_LINES) return;
    const where = this.current?.name ?? "-";
    this.trace.push(`${String(this.nowMs).padStart(8)} ${where.padEnd(4)} ${words.map(String).join(" ")}`);
  }

  /** What the checker calls when a promise was broken. The first one ends the simulation. */
  fail(text: string): void {
    if (this.violation !== undefined) return;
    this.note("VIOLATION", text);
    this.violation = new Violation(text);
  }

  /** Lets events happen until `done`, or until `untilMs`, or until there are none. */
  async run(untilMs: number, done: () => boolean): Promise<void> {
    const restore = virtualise(this);
    try {
      while (this.violation === undefined && !done()) {
        const event = this.#take();
        if (event === undefined || event.at > untilMs) return;
        this.nowMs = event.at;
        await this.#happen(event);
      }
    } finally {
      this.current = undefined;
      restore();
    }
  }

  async #happen(event: Event): Promise<void> {
    this.events += 1;
    this.current = event.host;
    try {
      event.work();
    } catch (error) {
      this.fail(`an event threw: ${error instanceof Error ? error.stack : String(error)}`);
    }
    // After this every promise that could be settled is settled: those continuations belong to the same host.
    await new Promise((resolve) => realImmediate(resolve));
    if (event.everyMs === undefined || event.off) return;
    event.at = this.nowMs + event.everyMs;
    this.#queue.push(event);
  }

  /** The next event. What a paused host would do waits for it; what a dead one would do never happens. */
  #take(): Event | undefined {
    for (;;) {
      const index = this.#first();
      const event = this.#queue[index];
      if (event === undefined) return undefined;
      const last = this.#queue.pop();
      if (last !== undefined && last !== event) this.#queue[index] = last;
      if (event.off || event.host?.alive === false) continue;
      const until = event.host?.pausedUntil ?? 0;
      if (until <= event.at) return event;
      event.at = until;
      this.#queue.push(event);
    }
  }

  /** Few events are waiting at any time: looking at all of them is faster than keeping them in order. */
  #first(): number {
    let found = 0;
    for (let index = 1; index < this.#queue.length; index += 1) {
      const [best, other] = [this.#queue[found], this.#queue[index]];
      if (best === undefined || other === undefined) continue;
      if (other.at < best.at || (other.at === best.at && other.order < best.order)) found = index;
    }
    return found;
  }
}

const realImmediate = setImmediate;

/** Gives code that runs in a host the world's timers and clocks; returns what takes them away again. */
function virtualise(world: World): () => void {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval, now: Date.now };
  const virtual =
    (repeat: boolean) =>
    (work: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const { current } = world;
      if (current === undefined) return (repeat ? real.setInterval : real.setTimeout)(work, ms, ...args);
      const event = world.after(Math.max(1, ms ?? 0), current, () => work(...args));
      if (repeat) event.everyMs = Math.max(1, ms ?? 0);
      return event;
    };
  const clear = (timer: unknown) => {
    if (timer instanceof Event) timer.off = true;
    else real.clearTimeout(timer as NodeJS.Timeout);
  };
  Object.assign(globalThis, { setTimeout: virtual(false), setInterval: virtual(true) });
  Object.assign(globalThis, { clearTimeout: clear, clearInterval: clear });
  Date.now = () => (world.current === undefined ? real.now.call(Date) : world.dateOf(world.current));
  const realNow = performance.now.bind(performance);
  Object.defineProperty(performance, "now", {
    configurable: true,
    value: () => (world.current === undefined ? realNow() : world.nowMs),
  });
  return () => {
    const { now, ...timers } = real;
    Object.assign(globalThis, timers);
    Date.now = now;
    Reflect.deleteProperty(performance, "now");
  };
}
