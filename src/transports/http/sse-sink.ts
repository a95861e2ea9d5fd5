import type { Principal } from "../../auth/principal.js";
import { SSE_KEEP_ALIVE } from "../../protocol/sse.js";
import type { App } from "../../server/app.js";
import type { EventSink } from "../../streams/event-sink.js";
import type { Budget } from "../../util/budget.js";
import type { Ticker, Ticking } from "../../util/ticker.js";
import { followDelivery } from "./respond.js";
import { StallClock, StallWatch } from "./stall-watch.js";
import type { ReplyStream } from "./types.js";

/** A reader with this much waiting is behind: more than sockets buffer for one that keeps up. */
const BEHIND_BYTES = 131_072;

/** A reader that is still there so long after something was written has it: who loses its connection is noticed. */
const ARRIVED_MS = 1000;

/** When a reader loses its right to read, and what happens then. */
export interface Expiry {
  readonly atMs: number;
  readonly end: () => void;
}

/**
 * Ends a stream with the credentials it was opened with: its client comes back with new ones and goes on where it was.
 * Undefined for credentials that do not end.
 */
export function endWith({ expiresAt }: Principal, end: () => void): Expiry | undefined {
  return expiresAt === undefined ? undefined : { atMs: expiresAt, end };
}

type SinkApp = Pick<App, "ticker" | "limits" | "budgets" | "presence" | "instruments">;

interface Unconfirmed {
  readonly writtenAt: number;
  readonly listener: (arrived: boolean) => void;
}

/** An open event stream reply, kept alive by a comment whenever it has been silent for a while. */
export class SseSink implements EventSink, Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #stream: ReplyStream;
  readonly #app: SinkApp;
  readonly #ticker: Ticker;
  readonly #keepAliveMs: number;
  readonly #expiry: Expiry | undefined;
  #lastWrite: number;
  #ended = false;
  readonly #clock: StallClock;
  readonly #queues: Budget;
  #unconfirmed: Unconfirmed[] | undefined;
  /** Bytes counted in `queues` for this reader. */
  #counted = 0;

  constructor(stream: ReplyStream, app: SinkApp, expiry?: Expiry) {
    this.#stream = stream;
    this.#expiry = expiry;
    this.#app = app;
    this.#ticker = app.ticker;
    this.#keepAliveMs = app.limits.keepAliveMs;
    this.#queues = app.budgets.queues;
    this.#clock = new StallClock(2 * this.#keepAliveMs);
    this.#lastWrite = Date.now();
    app.ticker.add(this);
    app.presence.openStreams += 1;
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(text: string): number {
    if (this.#ended) return 0;
    this.#lastWrite = Date.now();
    const waiting = this.#stream.write(text);
    // What the kernel takes at once is not waiting for anybody.
    if (waiting < BEHIND_BYTES && this.#counted === 0) return waiting;
    this.#count(waiting);
    // All slow readers together cost too much: one that is behind goes, whatever its own bound is.
    return this.#queues.exceeded && waiting >= BEHIND_BYTES ? Number.POSITIVE_INFINITY : waiting;
  }

  end(): void {
    if (this.#ended) return;
    const unconfirmed = this.#unconfirmed;
    this.#unconfirmed = undefined;
    if (unconfirmed !== undefined) {
      followDelivery(this.#stream, (arrived) => {
        for (const { listener } of unconfirmed) listener(arrived);
      });
    }
    this.gone();
    this.#stream.end();
    if (this.#stream.waiting > 0) new StallWatch(this.#stream, this.#app);
  }

  /** Its reader lets more pile up than it may. */
  abort(): void {
    if (this.#ended) return;
    this.#app.instruments?.limit("maxQueuedBytes");
    this.#cut();
  }

  #cut(): void {
    this.gone();
    this.#stream.abort();
  }

  whenDrained(listener: () => void): void {
    this.#stream.whenDrained(listener);
  }

  whenDelivered(listener: (arrived: boolean) => void): void {
    if (this.#ended) return listener(false);
    this.#unconfirmed ??= [];
    this.#unconfirmed.push({ writtenAt: Date.now(), listener });
  }

  /** The connection is gone: nothing is written any more. */
  gone(): void {
    if (!this.#ended) this.#app.presence.openStreams -= 1;
    this.#ended = true;
    const unconfirmed = this.#unconfirmed ?? [];
    this.#unconfirmed = undefined;
    for (const { listener } of unconfirmed) listener(false);
    this.#count(0);
    this.#ticker.delete(this);
  }

  tick(nowMs: number): void {
    if (this.#counted > 0) this.#count(this.#stream.waiting);
    const untaken = this.#stream.untaken ?? this.#stream.waiting;
    if (this.#unconfirmed !== undefined && untaken === 0) this.#confirm(nowMs);
    // Bytes that waited for two keep-alives: the reader is gone without a word.
    if (this.#clock.isStalled(untaken, nowMs)) return this.#cut();
    if (this.#expiry !== undefined && nowMs >= this.#expiry.atMs) this.#expiry.end();
    if (nowMs - this.#lastWrite >= this.#keepAliveMs) this.write(SSE_KEEP_ALIVE);
  }

  #confirm(nowMs: number): void {
    const unconfirmed = this.#unconfirmed ?? [];
    const late = unconfirmed.filter(({ writtenAt }) => nowMs - writtenAt < ARRIVED_MS);
    this.#unconfirmed = late.length === 0 ? undefined : late;
    for (const one of unconfirmed) if (!late.includes(one)) one.listener(true);
  }

  #count(waiting: number): void {
    this.#queues.add(waiting - this.#counted);
    this.#counted = waiting;
  }
}
