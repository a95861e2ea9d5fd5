import { encodeNotification } from "../protocol/jsonrpc.js";
import type { StreamLogBounds, StreamStore } from "../stores/types.js";
import { type Budget, Tally } from "../util/budget.js";
import { randomId } from "../util/ids.js";
import { LinkedList } from "../util/list.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import type { Ticker, Ticking } from "../util/ticker.js";
import { EventStream, type EventStreamOptions, type EventStreamParts, type StreamKeeper } from "./event-stream.js";

/** Bounds of streams; see the limits table for what each protects and its default. */
export interface StreamBounds extends StreamLogBounds {
  /** How long a stream without a connection can still be resumed. */
  readonly resumeWindowMs: number;
  readonly maxQueuedBytes: number;
  readonly maxStreams: number;
  readonly maxStreamsPerPrincipal: number;
  readonly retryMs: number;
}

/** A place in a stream, as an event id names it. */
export interface StreamCursor {
  readonly stream: EventStream;
  readonly seq: number;
  /** What the process that died had noted, when the stream was just taken over from it. */
  readonly notes?: ReadonlyMap<string, string>;
}

/** How often the store is looked through for what is too old, */
const SWEEP_EVERY_MS = 10_000;
/** and how many of its streams at a time: few enough to hold up nobody. */
const SWEEP_STREAMS = 500;

const EVENT_ID = /^([A-Za-z0-9_-]{22})_(\d{1,15})$/;

/** Makes streams, finds them by event id for their owner only, and forgets those nobody came back for. */
export class StreamRegistry implements Ticking, StreamKeeper {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #store: StreamStore;
  readonly #bounds: StreamBounds;
  readonly #ticker: Ticker;
  readonly #budget: Budget;
  readonly #streams = new Map<string, EventStream>();
  /** Streams without a connection, the one left longest first: what is forgotten is found without a search. */
  readonly #idle = new LinkedList<EventStream>();
  /** Streams of one owner: a session that ends must not look through those of all others. */
  readonly #owned = new Map<string, Set<EventStream>>();
  readonly #perPrincipal = new Tally();
  readonly #shared: EventStreamOptions;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(store: StreamStore, bounds: StreamBounds, shared: { readonly ticker: Ticker; readonly budget: Budget }) {
    this.#store = store;
    this.#bounds = bounds;
    this.#ticker = shared.ticker;
    this.#budget = shared.budget;
    const { maxQueuedBytes, retryMs } = bounds;
    this.#shared = { maxQueuedBytes, retryMs, gapMessage, now: Date.now, keeper: this };
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * A new stream that belongs to `owner` and counts for `counted`. At a bound, the stream left longest makes room;
   * undefined when every stream is being read.
   */
  create(owner: string, counted: string | undefined): EventStream | undefined {
    this.#sweep(Date.now());
    const { maxStreams, maxStreamsPerPrincipal } = this.#bounds;
    const full = counted !== undefined && this.#perPrincipal.of(counted) >= maxStreamsPerPrincipal;
    if (full && !this.#evict(counted)) return undefined;
    if (this.#streams.size >= maxStreams && !this.#evict()) return undefined;
    const id = randomId();
    const log = this.#store.create(keyOf(owner, id), this.#bounds);
    return this.#add({ id, owner, counted, log });
  }

  #add(parts: EventStreamParts): EventStream {
    const { id, owner, counted } = parts;
    const stream = new EventStream(parts, this.#shared);
    this.#streams.set(id, stream);
    this.#idle.add(stream);
    const owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, new Set([stream]));
    else owned.add(stream);
    if (counted !== undefined) this.#perPrincipal.add(counted);
    if (this.#streams.size === 1) this.#ticker.add(this);
    return stream;
  }

  /**
   * The place an event id names, if the stream exists, has got that far, and belongs to `owner`. A stream that a dead
   * process left in the store is taken over.
   */
  find(eventId: string, owner: string, counted: string | undefined): MaybePromise<StreamCursor | undefined> {
    const match = EVENT_ID.exec(eventId);
    if (match === null) return undefined;
    const id = match[1] ?? "";
    const seq = Number(match[2]);
    const stream = this.#streams.get(id);
    if (stream !== undefined) return cursorAt(stream, owner, seq);
    if (this.#store.open === undefined) return undefined;
    return this.#restore({ id, owner, counted }, seq);
  }

  async #restore(whose: Omit<EventStreamParts, "log">, seq: number): Promise<StreamCursor | undefined> {
    const { id, owner } = whose;
    const stored = await this.#store.open?.(keyOf(owner, id), this.#bounds);
    // Asked for twice at once: the other one has it.
    const known = this.#streams.get(id);
    if (known !== undefined) return cursorAt(known, owner, seq);
    if (stored === undefined) return undefined;
    const { log, lastSeq, finished, notes } = stored;
    const stream = this.#add({ ...whose, log, lastSeq, finished });
    this.heldChanged(stream, log.heldChars);
    const cursor = cursorAt(stream, owner, seq);
    return cursor && { ...cursor, notes };
  }

  delete(stream: EventStream): void {
    if (!this.#streams.delete(stream.id)) return;
    const owned = this.#owned.get(stream.owner);
    owned?.delete(stream);
    if (owned?.size === 0) this.#owned.delete(stream.owner);
    if (stream.counted !== undefined) this.#perPrincipal.delete(stream.counted);
    stream.drop();
    this.#idle.delete(stream);
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
    this.#sweep(nowMs);
    for (let stream = this.#idle.first; stream !== undefined; stream = this.#idle.first) {
      if (stream.idleMs(nowMs) <= this.#bounds.resumeWindowMs) return;
      this.delete(stream);
    }
  }

  /** What dead processes left and nobody came back for. */
  #sweep(nowMs: number): void {
    if (this.#store.sweep === undefined || nowMs - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    const sweep = async () => this.#store.sweep?.(this.#bounds.resumeWindowMs, SWEEP_STREAMS);
    // What fails is tried again the next time.
    sweep().catch(() => {});
  }

  attachedChanged(stream: EventStream): void {
    if (stream.attached) this.#idle.delete(stream);
    else if (!stream.dropped) this.#idle.add(stream);
  }

  heldChanged(stream: EventStream, chars: number): void {
    this.#budget.add(chars);
    if (chars <= 0) return;
    for (let idle = this.#idle.first; idle !== undefined && this.#budget.exceeded; ) {
      const { next } = idle;
      if (idle !== stream && idle.heldChars > 0) this.delete(idle);
      idle = next;
    }
    // Everything is being read: whoever adds gives up its own past, down to what it has just added.
    if (this.#budget.exceeded && stream.heldChars > chars) stream.trim(Math.max(chars, stream.heldChars / 2));
  }

  /** Forgets the stream that was left longest ago, of this caller if one is named; false when there is none. */
  #evict(counted?: string): boolean {
    let victim = this.#idle.first;
    while (counted !== undefined && victim !== undefined && victim.counted !== counted) victim = victim.next;
    if (victim === undefined) return false;
    this.delete(victim);
    return true;
  }
}

function keyOf(owner: string, id: string): string {
  return JSON.stringify([owner, id]);
}

function cursorAt(stream: EventStream, owner: string, seq: number): StreamCursor | undefined {
  // An event that is yet to come: whoever names it has seen another history, and would miss what gets that number.
  return stream.owner !== owner || seq > stream.lastSeq ? undefined : { stream, seq };
}

/** Told in a log message, which every revision has: events are gone, and how many. */
function gapMessage(missed: number): string {
  const data = { event: "gap", missed, message: `${missed} event(s) of this stream are no longer held by the server.` };
  return encodeNotification("notifications/message", { level: "warning", logger: "holdfast", data });
}
