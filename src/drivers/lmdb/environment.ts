/** One LMDB environment: a directory that all processes of a machine may share. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
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

/** A map of texts. */
export interface Table {
  get(key: string): string | undefined;
  put(key: string, value: string): void;
  remove(key: string): void;
  range(bounds: RangeBounds): Iterable<{ readonly key: string; readonly value: string }>;
}

/** Keys from `start` (included) to `end` (left out), at most `limit` of them. */
export interface RangeBounds {
  readonly start?: string;
  readonly end?: string;
  readonly limit?: number;
}

interface Queued {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Environment {
  readonly durability: Durability;
  readonly #root: RootDatabase<string, string>;

  #queue: Queued[] = [];

  private constructor(root: RootDatabase<string, string>, durability: "sync" | "async") {
    this.#root = root;
    this.durability = durability;
  }

  /** @throws HoldfastError `ERR_CONFIG` when the package `lmdb` is missing, `ERR_STORE` when the directory cannot be used. */
  static async open({ dir, durability = "sync" }: EnvironmentOptions): Promise<Environment> {
    const { open } = await load();
    const path = resolve(dir);
    try {
      mkdirSync(path, { recursive: true });
      const root = open<string, string>({ path: join(path, "data"), encoding: "string", maxDbs: MAX_TABLES });
      return new Environment(root, durability);
    } catch (error) {
      throw new HoldfastError("ERR_STORE", `The store in ${path} cannot be opened.`, { cause: error });
    }
  }

  table(name: string): Table {
    const db: Database<string, string> = this.#root.openDB({ name, encoding: "string" });
    return {
      get: (key) => db.get(key),
      put: (key, value) => void db.putSync(key, value),
      remove: (key) => void db.removeSync(key),
      range: (bounds) => db.getRange(bounds),
    };
  }

  /**
   * Runs `work` in a write transaction; resolves when the write counts. What one turn of the event loop asks for goes
   * into one transaction and one flush: a transaction costs many times what is done in it. So `work` MUST throw before
   * it writes anything, or not at all.
   */
  write<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#commit());
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  #commit(): void {
    const batch = this.#queue;
    this.#queue = [];
    const settle: (() => void)[] = [];
    try {
      this.#root.transactionSync(() => {
        for (const { work, resolve, reject } of batch) {
          try {
            const value = work();
            settle.push(() => resolve(value));
          } catch (error) {
            settle.push(() => reject(storeError(error)));
          }
        }
      }, COMMIT_THEN_FLUSH);
    } catch (error) {
      for (const { reject } of batch) reject(storeError(error));
      return;
    }
    const done = () => {
      for (const one of settle) one();
    };
    if (this.durability !== "sync") return done();
    this.#root.flushed.then(done, (error: unknown) => {
      for (const { reject } of batch) reject(storeError(error));
    });
  }

  /** Leases go by the clock of the machine, which all its processes share and nobody can set. */
  readonly time = (): StoreTime => ({ lease: Number(process.hrtime.bigint() / 1_000_000n), date: Date.now() });

  readonly isAlive: (owner: string) => boolean = isOwnerAlive;

  async close(): Promise<void> {
    if (this.#queue.length > 0) this.#commit();
    await this.#root.close();
  }
}

function storeError(error: unknown): Error {
  if (error instanceof HoldfastError) return error;
  return new HoldfastError("ERR_STORE", "The store could not write; nothing was done.", { cause: error });
}

async function load(): Promise<typeof import("lmdb")> {
  try {
    return await import("lmdb");
  } catch (error) {
    const text = "The package lmdb is not installed; the store needs it. Run: npm install lmdb";
    throw new HoldfastError("ERR_CONFIG", text, { cause: error });
  }
}
