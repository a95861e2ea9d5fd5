/**
 * One resumable stream of server-sent events.
 *
 * Invariants:
 * 1. An event is in the log before it is written to a connection (persist, then send).
 * 2. Event ids are `<stream id>_<seq>`, rise by one, and belong to one stream only.
 * 3. At most one connection is attached; a newer one takes its place and the older one is ended.
 * 4. A connection gets every event after the one it names, once and in order, then live ones with no gap between.
 * 5. An event that the log could not keep is never sent; whoever comes back is told of the gap.
 * 6. A reader too slow for its bound loses its connection, never an event: the log has it when the reader comes back.
 */
import { encodeEvent, encodePriming } from "../protocol/sse.js";
import type { StreamEvent, StreamLog, StreamSlice } from "../stores/types.js";
import type { Linked } from "../util/list.js";
import { isThenable, type MaybePromise } from "../util/maybe-promise.js";
import { Arrivals } from "./arrivals.js";
import type { EventSink } from "./event-sink.js";

/** What a replay may have waiting before it pauses: above what streams of Node take before they ask for a pause. */
const PACE_BYTES = 131_072;

/** What is a stream's own. */
export interface EventStreamParts {
  readonly id: string;
  /** Principal and session the stream belongs to; a resume by anybody else finds nothing. */
  readonly owner: string;
  /** Whom the stream counts for; undefined for callers that share one identity. */
  readonly counted: string | undefined;
  readonly log: StreamLog;
  /** What a stream that a dead process left has come to. */
  readonly lastSeq?: number;
  readonly finished?: boolean;
}

/** Whoever keeps the streams: is told which of them nobody reads, and how much they hold. */
export interface StreamKeeper {
  /** A connection was attached, or is gone. */
  attachedChanged(stream: EventStream): void;
  /** The log of a stream holds this many characters more (or fewer). */
  heldChanged(stream: EventStream, chars: number): void;
}

/** What all streams of a server share; one object, for idle streams are many. */
export interface EventStreamOptions {
  /** A connection with more bytes than this waiting for its reader is ended. */
  readonly maxQueuedBytes: number;
  /** What clients are told to wait before they reconnect. */
  readonly retryMs: number;
  /** Builds the message that tells a client how many events are gone for good. */
  readonly gapMessage: (missed: number) => string;
  readonly now: () => number;
  readonly keeper: StreamKeeper;
}

export class EventStream implements Linked<EventStream> {
  prev: EventStream | undefined;
  next: EventStream | undefined;
  linked = false;
  readonly id: string;
  readonly owner: string;
  readonly counted: string | undefined;
  readonly #log: StreamLog;
  readonly #options: EventStreamOptions;
  #seq = 0;
  /** The last event that was given to the log; later ones wait for their turn. */
  #tried: number;
  #sink: EventSink | undefined;
  #finished = false;
  #dropped = false;
  #primes = false;
  /** True while a connection is sent what it missed: live events wait in the log until it has caught up. */
  #replaying = false;
  #idleSince: number;
  /** Made with the first message whose sender wants to know whether it arrived: idle streams are many. */
  #arrivals: Arrivals | undefined;
  /** Set while a store writes or reads asynchronously: later steps wait for it, so that order is kept. */
  #tail: Promise<void> | undefined;

  constructor(parts: EventStreamParts, options: EventStreamOptions) {
    this.id = parts.id;
    this.owner = parts.owner;
    this.counted = parts.counted;
    this.#log = parts.log;
    this.#seq = parts.lastSeq ?? 0;
    this.#tried = this.#seq;
    this.#finished = parts.finished ?? false;
    this.#options = options;
    this.#idleSince = options.now();
  }

  /** True while a connection is attached. */
  get attached(): boolean {
    return this.#sink !== undefined;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** True once the stream is forgotten: nothing can be resumed. */
  get dropped(): boolean {
    return this.#dropped;
  }

  /** The number of the last event appended. */
  get lastSeq(): number {
    return this.#seq;
  }

  /** How long no connection has been attached, in milliseconds; 0 while one is. */
  idleMs(nowMs: number): number {
    return this.#sink === undefined ? nowMs - this.#idleSince : 0;
  }

  /** Characters of events held in memory. */
  get heldChars(): number {
    return this.#log.heldChars;
  }

  /** Attaches the first connection of a stream and, if asked, sends the event that primes it to resume. */
  open(sink: EventSink, prime: boolean): void {
    this.#attach(sink);
    this.#primes = prime;
    if (prime) this.whenReady(() => sink.write(encodePriming(this.#eventId(0), this.#options.retryMs)));
  }

  /**
   * Calls back when the stream can be found again after a crash, at once where nothing outlives the process: a client that
   * was told an id comes back for it.
   */
  whenReady(then: () => void): void {
    this.#step(() => this.#log.ready, then);
  }

  /**
   * Appends one message and sends it to the attached connection. `onArrival` is told whether it arrived, as far as can be
   * known; `true` may follow `false`, when the client came back for it. `note` is the key of the note that it settles.
   */
  append(data: string, onArrival?: (arrived: boolean) => void, note?: string): void {
    // Forgotten: nobody can come back for it.
    if (this.#dropped) return onArrival?.(false);
    this.#seq += 1;
    const seq = this.#seq;
    if (onArrival !== undefined) {
      this.#arrivals ??= new Arrivals();
      this.#arrivals.await(seq, onArrival);
    }
    this.#step(
      () => this.#keep(seq, data, note),
      () => this.#send(seq, data),
    );
  }

  /** Keeps a text beside the events for whoever goes on after a crash, where anything outlives the process. */
  note(key: string, text: string | undefined): void {
    if (this.#dropped || this.#log.note === undefined) return;
    this.#step(
      () => this.#log.note?.(key, text),
      () => {},
    );
  }

  /** True when notes are kept. */
  get durable(): boolean {
    return this.#log.note !== undefined;
  }

  /** Lets go of oldest events until at most `maxChars` are held: a client that comes back for them is told of the gap. */
  trim(maxChars: number): void {
    const before = this.#log.heldChars;
    this.#log.trim(maxChars);
    this.#options.keeper.heldChanged(this, this.#log.heldChars - before);
  }

  /** Nothing more will come: the connection ends after what is under way. */
  finish(): void {
    this.#finished = true;
    if (this.#dropped) return;
    this.#step(
      () => this.#log.finish(),
      () => {
        if (!this.#replaying) this.close();
      },
    );
  }

  /** Attaches a reconnecting client: first what it missed after event `seq`, then live events. */
  resume(sink: EventSink, seq: number): void {
    this.#step(
      () => this.#log.read(seq),
      (slice) => this.#takeOver(sink, seq, slice),
      // One that cannot be told what it missed would stay open and never hear anything.
      () => sink.end(),
    );
  }

  /** Ends the attached connection; the stream can still be resumed. */
  close(): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.detach(sink);
    sink.end();
  }

  /** Called when a connection is gone. */
  detach(sink: EventSink): void {
    if (this.#sink !== sink) return;
    this.#sink = undefined;
    this.#replaying = false;
    this.#idleSince = this.#options.now();
    this.#options.keeper.attachedChanged(this);
  }

  /** Frees the log. */
  drop(): void {
    this.#dropped = true;
    this.close();
    const held = this.#log.heldChars;
    this.#log.drop();
    this.#options.keeper.heldChanged(this, -held);
  }

  #attach(sink: EventSink): void {
    this.#sink = sink;
    this.#options.keeper.attachedChanged(this);
  }

  #keep(seq: number, data: string, note: string | undefined): MaybePromise<void> {
    this.#tried = seq;
    const before = this.#log.heldChars;
    const kept = this.#log.append(seq, data, note);
    this.#options.keeper.heldChanged(this, this.#log.heldChars - before);
    return kept;
  }

  #takeOver(sink: EventSink, seq: number, slice: StreamSlice): void {
    // Both may have happened while the log was read; a stream kept for a reader that is gone would be kept for ever.
    if (sink.ended) return;
    if (this.#dropped) return sink.end();
    const previous = this.#sink;
    this.#attach(sink);
    this.#replaying = true;
    this.#arrivals?.confirm(seq);
    // Official clients come back only to a stream that gave them an id, on every connection anew (typescript-sdk#2499).
    if (this.#primes) sink.write(encodePriming(this.#eventId(seq), this.#options.retryMs));
    if (previous !== undefined && previous !== sink) previous.end();
    this.#replay(sink, seq, slice);
  }

  #replay(sink: EventSink, seq: number, slice: StreamSlice): void {
    if (this.#sink !== sink) return;
    if (slice.missed > 0) this.#tellGap(sink, slice.missed, seq + slice.missed);
    this.#pace(sink, slice.events, 0, seq + slice.missed);
  }

  /** Sends what was missed no faster than the reader takes it; the log is the queue. */
  #pace(sink: EventSink, events: readonly StreamEvent[], from: number, sent: number): void {
    let last = sent;
    for (let index = from; index < events.length; index += 1) {
      const event = events[index];
      if (event === undefined || this.#sink !== sink) return;
      // The log could not keep what is not there.
      if (event.seq > last + 1) this.#tellGap(sink, event.seq - last - 1, event.seq - 1);
      last = event.seq;
      const next = index + 1;
      if (sink.write(encodeEvent(event.data, this.#eventId(last))) <= PACE_BYTES) continue;
      return sink.whenDrained(() => this.#pace(sink, events, next, last));
    }
    this.#catchUp(sink, last);
  }

  /** Events may have come while earlier ones were sent: goes on with those, or goes live. */
  #catchUp(sink: EventSink, sent: number): void {
    let tried = sent;
    this.#step(
      () => {
        tried = this.#tried;
        return sent < tried ? this.#log.read(sent) : undefined;
      },
      (slice) => {
        if (this.#sink !== sink) return;
        if (slice !== undefined && (slice.events.length > 0 || slice.missed > 0)) {
          return this.#replay(sink, sent, slice);
        }
        if (slice !== undefined) this.#tellGap(sink, tried - sent, tried);
        this.#replaying = false;
        this.#arrivals?.expect(sink, this.#seq);
        if (this.#finished) this.close();
      },
    );
  }

  /** Events that are gone for good. The id is of the last of them: a client that drops again is not told of them twice. */
  #tellGap(sink: EventSink, missed: number, last: number): void {
    sink.write(encodeEvent(this.#options.gapMessage(missed), this.#eventId(last)));
  }

  #send(seq: number, data: string): void {
    if (this.#replaying) return;
    this.#write(encodeEvent(data, this.#eventId(seq)));
    if (this.#arrivals?.awaits(seq)) this.#arrivals.expect(this.#sink, this.#seq);
  }

  #write(text: string): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    const waiting = sink.write(text);
    // What waited before: one message may be larger than the bound, and its reader had no time to take it.
    if (Number.isFinite(waiting) && waiting - text.length <= this.#options.maxQueuedBytes) return;
    this.detach(sink);
    sink.abort();
  }

  #eventId(seq: number): string {
    return `${this.id}_${seq}`;
  }

  /** Where the store fails, `failed`; else the connection ends: its client comes back and reads what the store has. */
  #step<T>(work: () => MaybePromise<T>, then: (value: T) => void, failed?: () => void): void {
    if (this.#tail === undefined) {
      let value: MaybePromise<T>;
      try {
        value = work();
      } catch {
        return failed === undefined ? this.close() : failed();
      }
      if (!isThenable(value)) return then(value as T);
      this.#wait((value as Promise<T>).then(then, failed));
      return;
    }
    this.#wait(this.#tail.then(work).then(then, failed));
  }

  #wait(step: Promise<void>): void {
    const tail = step
      .catch(() => this.close())
      .then(() => {
        if (this.#tail === tail) this.#tail = undefined;
      });
    this.#tail = tail;
  }
}
