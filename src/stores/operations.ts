import type { MaybePromise } from "../util/maybe-promise.js";

/**
 * What survives what: `process` nothing but the life of this process, `async` a crash of the process with the loss of
 * the last writes, `sync` a crash of the machine (a write that was acknowledged is there).
 */
export type Durability = "process" | "async" | "sync";

/** A step of a handler, or an answer of the client: its key in the journal, and its result as JSON text. */
export type JournalEntry = readonly [key: string, json: string];

/** Who asks for an operation, and under which terms. */
export interface ClaimRequest {
  /** Names the operation: a hash of server, route, principal, tool and the caller's key. */
  readonly key: string;
  /** What was asked for: a hash of tool and arguments. The same key with another fingerprint is a conflict. */
  readonly fingerprint: string;
  /** The id a new operation gets. */
  readonly id: string;
  /** The process that asks. */
  readonly owner: string;
  readonly leaseMs: number;
  /** Record the start of the handler in the same write. */
  readonly begin: boolean;
  /** An operation whose owner died after the start may be taken over. */
  readonly takeOver: boolean;
  /** What is needed to go on with the operation after a crash; JSON text. */
  readonly request?: string;
}

/** What became of a claim. */
export type Claim =
  /**
   * The caller owns the operation. `existed`: there was a record, `id` is its; `began`: an earlier owner had started
   * the handler; `journal` is what it left.
   */
  | {
      readonly state: "won";
      readonly id: string;
      readonly fence: number;
      readonly existed: boolean;
      readonly began: boolean;
      readonly journal: readonly JournalEntry[];
    }
  /** Somebody else is at work. */
  | { readonly state: "running"; readonly id: string }
  /** There is an outcome; JSON text. */
  | { readonly state: "done"; readonly id: string; readonly outcome: string }
  /** The owner died after the start, and the claim does not take over. */
  | { readonly state: "doubt"; readonly id: string }
  /** There was an outcome; it is no longer kept, and the work is not done again. */
  | { readonly state: "expired" }
  /** The key belongs to other arguments. */
  | { readonly state: "conflict" };

/** An operation that is neither done nor given up, as recovery finds it after a crash. */
export interface UnfinishedOperation {
  readonly key: string;
  readonly id: string;
  readonly fingerprint: string;
  readonly began: boolean;
  readonly request: string | undefined;
}

/**
 * Journal entries whose key begins so are facts about the operation itself: they stay when it is done, as long as its
 * outcome does. Keys of authors never begin so.
 */
export const LASTING_ENTRY = "dev.holdfast/lasting/";

/** An operation as it stands, for somebody who only wants to know. */
export interface OperationSnapshot {
  readonly id: string;
  readonly fingerprint: string;
  /** `cut-off`: its owner died. `expired`: the outcome is no longer kept, only the key is remembered. */
  readonly state: "running" | "cut-off" | "suspended" | "done" | "expired";
  readonly journal: readonly JournalEntry[];
  /** JSON text, when `done`. */
  readonly outcome: string | undefined;
}

/** What stays under the old key of an operation that got a new one. */
export interface Moved {
  readonly to: string;
  /** JSON text. */
  readonly outcome: string;
  readonly retention: Retention;
}

/** How long an outcome can be had again, and how long its key is remembered after that. */
export interface Retention {
  readonly ttlMs: number;
  readonly tombstoneMs: number;
}

/**
 * Where operations are recorded (operations: claim -> start -> commit).
 * - Each method MUST be atomic: two claims at the same time, by two processes, MUST NOT both win.
 * - Time MUST be the store's own: one clock decides about leases, whatever the clocks of its users say.
 * - A claim MUST win when there is no record, when the record's lease ran out before the start, when it was suspended,
 *   or when the lease ran out after the start and `takeOver` is set. Every win of an existing record MUST raise its
 *   fence and keep its id and journal.
 * - A fence MUST NOT be given again for the same key, not even when the record was removed in between.
 * - `start`, `renew`, `journal`, `suspend`, `commit`, `release` and `move` MUST compare the fence, and MUST throw
 *   `ERR_FENCE_LOST` and write nothing when it is not the record's.
 * - What a method recorded MUST be there for every later claim as far as `durability` promises.
 * - A store that cannot do its work MUST throw `ERR_STORE`; it MUST NOT answer from what it does not know.
 * - A record that cannot be read (damaged, or of a later version) MUST be answered as `doubt`, never as absent.
 */
export interface OperationStore {
  readonly durability: Durability;
  claim(request: ClaimRequest): MaybePromise<Claim>;
  /** The handler is about to run. */
  start(key: string, fence: number): MaybePromise<void>;
  /** The owner is alive. */
  renew(key: string, fence: number, leaseMs: number): MaybePromise<void>;
  /** Adds to the journal; an entry with the same key is kept as it was. */
  journal(key: string, fence: number, entry: JournalEntry): MaybePromise<void>;
  /** The handler waits for input that comes with another request: nobody owns the operation meanwhile. */
  suspend(key: string, fence: number, retention: Retention): MaybePromise<void>;
  commit(key: string, fence: number, outcome: string, retention: Retention): MaybePromise<void>;
  /** Nothing was done: the record is removed. */
  release(key: string, fence: number): MaybePromise<void>;
  /** Removes an outcome that was delivered and that no key names; without a fence, for nobody works on it. */
  forget(key: string): MaybePromise<void>;
  /**
   * The operation goes on under the key `to`, with its fence, journal and lease; its old key has `outcome` from now on.
   * `to` is new: nobody can have claimed it.
   */
  move(key: string, fence: number, moved: Moved): MaybePromise<void>;
  /** What is known under a key; claims nothing. Undefined for nothing, or what cannot be read. */
  inspect(key: string): MaybePromise<OperationSnapshot | undefined>;
  /**
   * Calls back when something may have changed. A hint: whoever waits also asks again now and then, and correctness
   * never depends on it. Returns what ends it.
   */
  watch(key: string, listener: () => void): () => void;
  /** Operations whose lease ran out, oldest first, at most `limit`. */
  unfinished(limit: number): MaybePromise<readonly UnfinishedOperation[]>;
  /** Removes what is past its time; at most `limit` records. */
  sweep(limit: number): MaybePromise<void>;
}
