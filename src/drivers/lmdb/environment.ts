/** One LMDB environment: a directory that all processes of a machine may share. */
import type { Database, RootDatabase, TransactionFlags } from "lmdb";
import { HoldfastError } from "../../errors.js";
import type { StoreTime } from "../../stores/operation-record.js";
import type { Durability } from "../../stores/operations.js";
import { isOwnerAlive } from "./owner.js";

/** Named tables of one environment: room for those to come. */
const MAX_TABLES = 16;
/** LMDB's flags: abortable, committed when the call returns, flushed to disk meanwhile (the promise tells when). */
const COMMIT_THEN_FLUSH = 0x1_00_03 as TransactionFlags;

/** How an environment is opened. */
export interface EnvironmentOptions {
  /** The directory; made when it is not there. */
  readonly dir: string;
  /**
   * `"sync"` (default): a write counts when it is on the disk, so that it survives a power cut. `"async"`: when it is
   * committed, which survives the death of the process but perhaps not that of the machine.
   */
  readonly durability?: "sync" | "async";
}

/** What else there is to an environment that is not the store's own choice. */
export interface EnvironmentKind {
  /** Its folder in the directory. Default: `data`. */
  readonly folder?: string;
  /**
   * Nothing is ever flushed: a write costs some microseconds, where others wait until the one before them is on the
   * disk. What was committed survives the process, and must not be opened any more when the machine has crashed.
   */
  readonly unflushed?: boolean;
}

/** A map of texts. */
export interface Table {
  get(key: string): string | undefined;
  put(key: string, value: string): void;
  remove(key: string): void;
  range(bounds: RangeBounds): Iterable<{ readonly key: string; readonly value: string }>;
  /** Entries held; known without counting them. */
  size(): number;
}

/** Keys from `start` (included) to `end` (left out), at most `limit` of them. */
export interface RangeBounds {
  readonly start?: string;
  readonly end?: string;
  readonly limit?: number;
}

interface Queued {
  readonly work: () => unknown;
  readonly flushed: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opened when it is made, so that mistakes show at once. Closed, it opens again when it is next used: a server that was
 * stopped may be started again.
 */
export class Environment {
  readonly durability: Durability;
  readonly #path: string;
  readonly #kind: EnvironmentKind;
  readonly #dbs = new Map<string, Database<string, string>>();
  #root: RootDatabase<string, string> | undefined;
  #queue: Queued[] = [];

  /** @throws HoldfastError `ERR_CONFIG` when the package `lmdb` is missing, `ERR_STORE` when the directory cannot be used. */
  constructor({ dir, durability = "sync" }: EnvironmentOptions, kind: EnvironmentKind = {}) {
    this.durability = kind.unflushed === true ? "async" : durability;
    this.#kind = kind;
    this.#path = process.getBuiltinModule("node:path").resolve(dir);
    this.#open();
  }

  #open(): RootDatabase<string, string> {
    if (this.#root !== undefined) return this.#root;
    const { open } = load();
    const { mkdirSync } = process.getBuiltinModule("node:fs");
    const { join } = process.getBuiltinModule("node:path");
    try {
      mkdirSync(this.#path, { recursive: true });
      const { folder = "data", unflushed: noSync = false } = this.#kind;
      this.#root = open<string, string>({
        path: join(this.#path, folder),
        encoding: "string",
        maxDbs: MAX_TABLES,
        noSync,
      });
      return this.#root;
    } catch (error) {
      throw new HoldfastError("ERR_STORE", `The store in ${this.#path} cannot be opened.`, { cause: error });
    }
  }

  #db(name: string): Database<string, string> {
    const root = this.#open();
    const known = this.#dbs.get(name);
    if (known !== undefined) return known;
    const db: Database<string, string> = root.openDB({ name, encoding: "string" });
    this.#dbs.set(name, db);
    return db;
  }

  table(name: string): Table {
    this.#db(name);
    return {
      get: (key) => this.#db(name).get(key),
      put: (key, value) => void this.#db(name).putSync(key, value),
      remove: (key) => void this.#db(name).removeSync(key),
      range: (bounds) => this.#db(name).getRange(bounds),
      size: () => (this.#db(name).getStats() as { readonly entryCount: number }).entryCount,
    };
  }

  /**
   * Runs `work` in a write transaction; resolves when the write counts. What one turn of the event loop asks for goes
   * into one transaction and one flush: a transaction costs many times what is done in it. So `work` MUST throw before
   * it writes anything, or not at all. `committed` does not wait for the disk: what was written survives the process,
   * whatever happens to it, and is lost with the machine at worst.
   */
  write<T>(work: () => T, until: "flushed" | "committed" = "flushed"): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#commit());
      const flushed = until === "flushed" && this.durability === "sync";
      this.#queue.push({ work, flushed, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** The same while nothing is served yet: returns when the write is committed. */
  writeNow<T>(work: () => T): T {
    return this.#open().transactionSync(work);
  }

  #commit(): void {
    const batch = this.#queue;
    // Written already by a close: asking for the environment now would open it again, for good.
    if (batch.length === 0) return;
    this.#queue = [];
    const committed: (() => void)[] = [];
    const flushed: (() => void)[] = [];
    const failed = (error: unknown) => {
      for (const { reject } of batch) reject(storeError(error));
    };
    try {
      this.#open().transactionSync(() => {
        for (const { work, resolve, reject, flushed: waits } of batch) {
          try {
            const value = work();
            (waits ? flushed : committed).push(() => resolve(value));
          } catch (error) {
            committed.push(() => reject(storeError(error)));
          }
        }
      }, COMMIT_THEN_FLUSH);
    } catch (error) {
      return failed(error);
    }
    for (const settle of committed) settle();
    if (flushed.length === 0) return;
    this.#open().flushed.then(() => {
      for (const settle of flushed) settle();
    }, failed);
  }

  /** Leases go by the clock of the machine, which all its processes share and nobody can set. */
  readonly time = (): StoreTime => ({ lease: Number(process.hrtime.bigint() / 1_000_000n), date: Date.now() });

  readonly isAlive: (owner: string) => boolean = isOwnerAlive;

  /** What is read next is what is there now; else it may be what was there when this turn of the event loop began. */
  refresh(): void {
    this.#open().resetReadTxn();
  }

  get isOpen(): boolean {
    return this.#root !== undefined;
  }

  async close(): Promise<void> {
    if (this.#queue.length > 0) this.#commit();
    const root = this.#root;
    this.#root = undefined;
    this.#dbs.clear();
    await root?.flushed;
    await root?.close();
  }
}

function storeError(error: unknown): Error {
  if (error instanceof HoldfastError) return error;
  return new HoldfastError("ERR_STORE", "The store could not write; nothing was done.", { cause: error });
}

/**
 * Loaded when a store is opened, and at once: a server whose store cannot be opened does not start. By `require`, so that
 * nothing of Node is imported where there is no Node.
 */
function load(): typeof import("lmdb") {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return createRequire(import.meta.url)("lmdb");
  } catch (error) {
    const text = "The package lmdb is not installed; the store needs it. Run: npm install lmdb";
    throw new HoldfastError("ERR_CONFIG", text, { cause: error });
  }
}
