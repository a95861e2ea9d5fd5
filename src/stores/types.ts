import type { MaybePromise } from "../util/maybe-promise.js";
import type { Durability, OperationStore } from "./operations.js";

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
 */
export interface StreamLog {
  /** Characters of events held in this process's memory; 0 for a log that is somewhere else. */
  readonly heldChars: number;
  append(seq: number, data: string): MaybePromise<void>;
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

/** Where stream logs live. Keys contain the owner, so a foreign id finds nothing. */
export interface StreamStore {
  readonly durability: Durability;
  create(key: string, bounds: StreamLogBounds): StreamLog;
}

/**
 * The one store object a server is given (`new McpServer(info, { store })`). Operations, sessions and the bus between
 * nodes join it here, each as a part of its own.
 */
export interface Store {
  readonly streams: StreamStore;
  readonly operations: OperationStore;
  /** Lets go of files and connections; called when the server that opened the store has stopped. */
  close?(): Promise<void>;
}
