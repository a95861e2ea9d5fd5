import type { MaybePromise } from "../util/maybe-promise.js";
import type { CounterStore } from "./counters.js";
import type { Durability, OperationStore } from "./operations.js";
import type { RelayStore } from "./relay.js";

export type { Durability };

/** One event of a stream: its place and its text (a JSON-RPC message). */
export interface StreamEvent {
  readonly seq: number;
  readonly data: string;
}

/** What is left of a stream after a given event. */
export interface StreamSlice {
  readonly events: readonly StreamEvent[];
  /** How many events between the one asked for and the first of `events` are gone for good. */
  readonly missed: number;
}

/**
 * The log of one stream.
 * - `append` MUST make the event readable before it returns or resolves: the event is sent to the client after that.
 * - Sequence numbers start at 1 and rise by 1; the caller gives them; a log MUST NOT accept one twice.
 * - `read` MUST NOT return events out of order, and MUST say how many it no longer has.
 * - A log drops its oldest events at its bounds (count, bytes, age), never its newest.
 * - `append` with a `note` MUST remove the note of that key in the same atomic write.
 */
export interface StreamLog {
  /** Resolves when the log is there for whoever comes after a crash. Absent where nothing outlives the process. */
  readonly ready?: Promise<void>;
  /** Characters of events held, wherever they are: what all streams may hold together is bounded. */
  readonly heldChars: number;
  append(seq: number, data: string, note?: string): MaybePromise<void>;
  /**
   * Keeps a text beside the events, for whoever opens the log after a crash; `undefined` removes it. Absent where nothing
   * outlives the process.
   */
  note?(key: string, text: string | undefined): MaybePromise<void>;
  read(afterSeq: number): MaybePromise<StreamSlice>;
  /** Nothing more will be appended; the log may be kept in a smaller form. */
  finish(): void;
  /** Drops oldest events until at most `maxChars` are held in memory; the newest stays. */
  trim(maxChars: number): void;
  drop(): void;
}

/** Bounds of one stream's log. */
export interface StreamLogBounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** A stream that a process left behind. */
export interface StoredStream {
  readonly log: StreamLog;
  readonly lastSeq: number;
  readonly finished: boolean;
  readonly notes: ReadonlyMap<string, string>;
}

/**
 * Where stream logs live. Keys contain the owner, so a foreign id finds nothing.
 * - `open` gives a log to one process at a time: it MUST answer nothing while the process that writes it is alive, and
 *   from then on the log MUST refuse what that one still writes.
 */
export interface StreamStore {
  readonly durability: Durability;
  create(key: string, bounds: StreamLogBounds): StreamLog;
  /** The log that a dead process left. Absent where logs end with their process. */
  open?(key: string, bounds: StreamLogBounds): MaybePromise<StoredStream | undefined>;
  /** Removes logs of dead processes that nobody opened for so long; looks at `limit` logs, at others the next time. */
  sweep?(olderThanMs: number, limit: number): MaybePromise<void>;
}

/**
 * The one store object a server is given (`new McpServer(info, { store })`): each kind of state is a part of its own.
 */
export interface Store {
  /** Names this process as the owner of leases and streams. Default: a random name. */
  readonly owner?: string;
  /** Seals ids where none was configured, the same for every process that shares the store. Default: a random one. */
  readonly secret?: string;
  readonly streams: StreamStore;
  readonly operations: OperationStore;
  /** What limits per caller count by. */
  readonly counters: CounterStore;
  /**
   * Takes a client's answer to the process that asked. Absent where one process serves alone: an answer to a question
   * that it has not asked is then an answer to none.
   */
  readonly relay?: RelayStore;
  /** A server begins, or begins again, to use the store. */
  open?(): void;
  /** Lets go of files, connections and leases; called when the server that opened the store has stopped. */
  close?(): Promise<void>;
}
