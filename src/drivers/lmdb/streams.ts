/** Stream logs in an LMDB environment: they outlive the process that wrote them. */
import { HoldfastError } from "../../errors.js";
import type {
  Durability,
  StoredStream,
  StreamLog,
  StreamLogBounds,
  StreamSlice,
  StreamStore,
} from "../../stores/types.js";
import { sha256 } from "../../util/ids.js";
import { isObject } from "../../util/json.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import type { Environment, Table } from "./environment.js";
import type { Heartbeats } from "./heartbeats.js";

/** What is known of a stream beside its events. */
interface Head {
  readonly owner: string;
  /** The oldest event still held; one above `last` when there is none. */
  readonly first: number;
  readonly last: number;
  readonly chars: number;
  readonly finished: boolean;
  /** The date of the last write. */
  readonly touchedAt: number;
  readonly notes: Readonly<Record<string, string>>;
}

/** Digits of the largest number an event may have: numbers as texts of one length sort as they do. */
const SEQ_DIGITS = 15;

export class LmdbStreamStore implements StreamStore {
  readonly durability: Durability = "async";
  readonly #environment: Environment;
  readonly #owner: string;
  readonly #heartbeats: Heartbeats;
  readonly #heads: Table;
  readonly #events: Table;
  /** Where the next sweep begins. */
  #sweepFrom = "";

  constructor(environment: Environment, owner: string, heartbeats: Heartbeats) {
    this.#environment = environment;
    this.#owner = owner;
    this.#heartbeats = heartbeats;
    this.#heads = environment.table("streams");
    this.#events = environment.table("stream-events");
  }

  create(key: string, bounds: StreamLogBounds): StreamLog {
    this.#heartbeats.start();
    const id = sha256(key);
    const head: Head = {
      owner: this.#owner,
      first: 1,
      last: 0,
      chars: 0,
      finished: false,
      touchedAt: this.#environment.time().date,
      notes: {},
    };
    // What is appended later goes into this transaction or a later one; ids are told when it is through.
    const ready = this.#environment.write(() => this.#heads.put(id, JSON.stringify(head)), "committed");
    ready.catch(() => {});
    return this.#log(id, head, bounds, ready);
  }

  open(key: string, bounds: StreamLogBounds): MaybePromise<StoredStream | undefined> {
    const id = sha256(key);
    // Looked at before anything is written: most ids that come from elsewhere name nothing.
    if (this.#heads.get(id) === undefined) return undefined;
    return this.#environment.write(() => {
      const head = decodeHead(this.#heads.get(id));
      if (head === undefined || this.#heartbeats.isServing(head.owner)) return undefined;
      this.#heartbeats.start();
      const taken: Head = { ...head, owner: this.#owner, touchedAt: this.#environment.time().date };
      this.#heads.put(id, JSON.stringify(taken));
      const notes = new Map(Object.entries(taken.notes));
      return { log: this.#log(id, taken, bounds), lastSeq: taken.last, finished: taken.finished, notes };
    }, "committed");
  }

  sweep(olderThanMs: number, limit: number): MaybePromise<void> {
    const { date } = this.#environment.time();
    const old: string[] = [];
    const from = this.#sweepFrom;
    this.#sweepFrom = "";
    let looked = 0;
    for (const { key, value } of this.#heads.range({ start: from, limit })) {
      looked += 1;
      // Goes on behind the last one looked at, and from the beginning when the end was reached.
      if (looked === limit) this.#sweepFrom = `${key}!`;
      const head = decodeHead(value);
      const over = head === undefined || head.touchedAt + olderThanMs < date;
      if (over && (head === undefined || !this.#heartbeats.isServing(head.owner))) old.push(key);
    }
    if (old.length === 0) return;
    return this.#environment.write(() => {
      for (const id of old) this.#remove(id);
    }, "committed");
  }

  #log(id: string, head: Head, bounds: StreamLogBounds, ready: Promise<void> = Promise.resolve()): StreamLog {
    const parts = { ready, id, head, bounds, environment: this.#environment, heads: this.#heads, events: this.#events };
    return new LmdbStreamLog(parts, () => this.#remove(id));
  }

  #remove(id: string): void {
    this.#heads.remove(id);
    for (const { key } of [...this.#events.range(eventsOf(id))]) this.#events.remove(key);
  }
}

interface LogParts {
  readonly ready: Promise<void>;
  readonly id: string;
  readonly head: Head;
  readonly bounds: StreamLogBounds;
  readonly environment: Environment;
  readonly heads: Table;
  readonly events: Table;
}

class LmdbStreamLog implements StreamLog {
  readonly ready: Promise<void>;
  readonly #parts: LogParts;
  readonly #remove: () => void;
  /** As it will be when everything that was asked for is written. */
  #head: Head;

  constructor(parts: LogParts, remove: () => void) {
    this.#parts = parts;
    this.#head = parts.head;
    this.ready = parts.ready;
    this.#remove = remove;
  }

  get heldChars(): number {
    return this.#head.chars;
  }

  append(seq: number, data: string, note?: string): Promise<void> {
    if (seq !== this.#head.last + 1) throw new RangeError(`stream log: event ${seq} cannot follow ${this.#head.last}`);
    const notes = note === undefined ? this.#head.notes : without(this.#head.notes, note);
    this.#head = { ...this.#head, last: seq, chars: this.#head.chars + data.length, notes };
    const { events } = this.#parts;
    return this.#write(() => {
      events.put(eventKey(this.#parts.id, seq), data);
      this.#cut();
    });
  }

  note(key: string, text: string | undefined): Promise<void> {
    const others = without(this.#head.notes, key);
    this.#head = { ...this.#head, notes: text === undefined ? others : { ...others, [key]: text } };
    return this.#write(() => {});
  }

  read(afterSeq: number): StreamSlice {
    const { id, events } = this.#parts;
    const found: { seq: number; data: string }[] = [];
    const start = eventKey(id, afterSeq + 1);
    for (const { key, value } of events.range({ start, end: eventsOf(id).end })) {
      found.push({ seq: Number(key.slice(-SEQ_DIGITS)), data: value });
    }
    const from = Math.max(this.#head.first, afterSeq + 1);
    return { events: found, missed: from - (afterSeq + 1) };
  }

  finish(): void {
    this.#head = { ...this.#head, finished: true };
    this.#write(() => {}).catch(() => {});
  }

  trim(maxChars: number): void {
    this.#write(() => this.#cut(maxChars)).catch(() => {});
  }

  drop(): void {
    this.#head = { ...this.#head, chars: 0 };
    this.#parts.environment.write(this.#remove, "committed").catch(() => {});
  }

  /** One change of the events and the head as it is by then. */
  #write(change: () => void): Promise<void> {
    const { id, heads, environment } = this.#parts;
    return environment.write(() => {
      const stored = decodeHead(heads.get(id));
      if (stored?.owner !== this.#head.owner) {
        throw new HoldfastError("ERR_STORE", "The stream was taken over by another process, or is gone.");
      }
      change();
      this.#head = { ...this.#head, touchedAt: environment.time().date };
      heads.put(id, JSON.stringify(this.#head));
    }, "committed");
  }

  /** Drops the oldest events beyond the bounds; the newest always stays, whatever its size: it may be the result. */
  #cut(maxChars: number = this.#parts.bounds.maxBytes): void {
    const { id, events, bounds } = this.#parts;
    let { first, chars } = this.#head;
    const { last } = this.#head;
    while (first < last && (last - first + 1 > bounds.maxEvents || chars > maxChars)) {
      const key = eventKey(id, first);
      const data = events.get(key);
      // Not there yet: it comes with a later write of this transaction, which cuts again.
      if (data === undefined) break;
      chars -= data.length;
      events.remove(key);
      first += 1;
    }
    this.#head = { ...this.#head, first, chars };
  }
}

function eventKey(id: string, seq: number): string {
  return `${id} ${String(seq).padStart(SEQ_DIGITS, "0")}`;
}

function eventsOf(id: string): { readonly start: string; readonly end: string } {
  return { start: `${id} `, end: `${id}!` };
}

function without(notes: Readonly<Record<string, string>>, key: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(notes).filter(([name]) => name !== key));
}

function decodeHead(text: string | undefined): Head | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const whole =
      isObject(value) &&
      typeof value.owner === "string" &&
      Number.isSafeInteger(value.first) &&
      Number.isSafeInteger(value.last) &&
      typeof value.chars === "number" &&
      typeof value.touchedAt === "number" &&
      isObject(value.notes);
    return whole ? (value as unknown as Head) : undefined;
  } catch {
    return undefined;
  }
}
