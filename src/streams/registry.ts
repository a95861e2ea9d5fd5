import { encodeNotification } from "../protocol/jsonrpc.js";
import type { StreamLogBounds, StreamStore } from "../stores/types.js";
import { randomId } from "../util/ids.js";
import type { Ticker, Ticking } from "../util/ticker.js";
import { EventStream, type EventStreamOptions } from "./event-stream.js";

/** Bounds of streams; see the limits table for what each protects and its default. */
export interface StreamBounds extends StreamLogBounds {
  /** How long a stream without a connection can still be resumed. */
  readonly resumeWindowMs: number;
  readonly maxQueuedBytes: number;
  readonly maxStreams: number;
  readonly retryMs: number;
}

/** A place in a stream, as an event id names it. */
export interface StreamCursor {
  readonly stream: EventStream;
  readonly seq: number;
}

const EVENT_ID = /^([A-Za-z0-9_-]{22})_(\d{1,15})$/;

/** Makes streams, finds them by event id for their owner only, and forgets those nobody came back for. */
export class StreamRegistry implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #store: StreamStore;
  readonly #bounds: StreamBounds;
  readonly #ticker: Ticker;
  readonly #streams = new Map<string, EventStream>();
  /** Streams of one owner: a session that ends must not look through those of all others. */
  readonly #owned = new Map<string, Set<EventStream>>();
  readonly #shared: EventStreamOptions;

  constructor(store: StreamStore, bounds: StreamBounds, ticker: Ticker) {
    this.#store = store;
    this.#bounds = bounds;
    this.#ticker = ticker;
    const { maxQueuedBytes, retryMs } = bounds;
    this.#shared = { maxQueuedBytes, retryMs, gapMessage, now: Date.now };
  }

  get size(): number {
    return this.#streams.size;
  }

  /** A new stream that belongs to `owner`. At the bound, the stream idle for longest makes room. */
  create(owner: string): EventStream {
    if (this.#streams.size >= this.#bounds.maxStreams) this.#evict();
    const id = randomId();
    const log = this.#store.create(JSON.stringify([owner, id]), this.#bounds);
    const stream = new EventStream({ id, owner, log }, this.#shared);
    this.#streams.set(id, stream);
    const owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, new Set([stream]));
    else owned.add(stream);
    if (this.#streams.size === 1) this.#ticker.add(this);
    return stream;
  }

  /** The place an event id names, if the stream exists, has got that far, and belongs to `owner`. */
  find(eventId: string, owner: string): StreamCursor | undefined {
    const match = EVENT_ID.exec(eventId);
    if (match === null) return undefined;
    const stream = this.#streams.get(match[1] ?? "");
    if (stream === undefined || stream.owner !== owner) return undefined;
    const seq = Number(match[2]);
    // An event that is yet to come: whoever names it has seen another history, and would miss what gets that number.
    return seq > stream.lastSeq ? undefined : { stream, seq };
  }

  delete(stream: EventStream): void {
    if (!this.#streams.delete(stream.id)) return;
    const owned = this.#owned.get(stream.owner);
    owned?.delete(stream);
    if (owned?.size === 0) this.#owned.delete(stream.owner);
    stream.drop();
    if (this.#streams.size === 0) this.#ticker.delete(this);
  }

  /** Ends every stream of `owner`. */
  deleteOwned(owner: string): void {
    for (const stream of this.#owned.get(owner) ?? []) this.delete(stream);
  }

  /** Ends every connection; what the logs hold stays until `delete`. */
  closeAll(): void {
    for (const stream of this.#streams.values()) stream.close();
  }

  tick(nowMs: number): void {
    for (const stream of this.#streams.values()) {
      if (stream.idleMs(nowMs) > this.#bounds.resumeWindowMs) this.delete(stream);
    }
  }

  #evict(): void {
    let oldest: EventStream | undefined;
    const now = Date.now();
    for (const stream of this.#streams.values()) {
      if (stream.attached) continue;
      if (oldest === undefined || stream.idleMs(now) > oldest.idleMs(now)) oldest = stream;
    }
    if (oldest !== undefined) this.delete(oldest);
  }
}

/** Told in a log message, which every revision has: events are gone, and how many. */
function gapMessage(missed: number): string {
  const data = { event: "gap", missed, message: `${missed} event(s) of this stream are no longer held by the server.` };
  return encodeNotification("notifications/message", { level: "warning", logger: "holdfast", data });
}
