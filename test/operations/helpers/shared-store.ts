/** One store for several servers of a test: it answers late, has a clock of its own, and outlives each of them. */
import type { Store } from "../../../src/index.js";
import { memoryStore } from "../../../src/stores/memory/index.js";
import { MemoryOperationStore } from "../../../src/stores/memory/operations.js";
import type { StoreTime } from "../../../src/stores/operation-record.js";
import type { OperationStore } from "../../../src/stores/operations.js";

export interface SharedStore {
  readonly store: Store;
  readonly operations: MemoryOperationStore;
  /** Time passes for the store when the test says so. */
  pass(ms: number): void;
  /** From here on the named method does what `how` does first; it may throw, or wait. */
  before(method: "claim" | "renew" | "journal" | "commit" | "inspect", how: () => void | Promise<void>): void;
  /** How often owners said that they are alive. */
  readonly renewals: () => number;
}

export function sharedStore(): SharedStore {
  const time = { lease: 1_000, date: Date.now() };
  const inner = new MemoryOperationStore((): StoreTime => time);
  const first = new Map<string, () => void | Promise<void>>();
  let renewals = 0;
  const operations: OperationStore = {
    durability: "async",
    claim: async (request) => {
      await first.get("claim")?.();
      return inner.claim(request);
    },
    start: async (key, fence) => inner.start(key, fence),
    renew: async (key, fence, leaseMs) => {
      await first.get("renew")?.();
      inner.renew(key, fence, leaseMs);
      renewals += 1;
    },
    journal: async (key, fence, entry) => {
      await first.get("journal")?.();
      inner.journal(key, fence, entry);
    },
    suspend: async (key, fence, retention) => inner.suspend(key, fence, retention),
    commit: async (key, fence, outcome, retention) => {
      await first.get("commit")?.();
      inner.commit(key, fence, outcome, retention);
    },
    release: async (key, fence) => inner.release(key, fence),
    forget: async (key) => inner.forget(key),
    move: async (key, fence, moved) => inner.move(key, fence, moved),
    inspect: async (key) => {
      await first.get("inspect")?.();
      return inner.inspect(key);
    },
    watch: (key, listener) => inner.watch(key, listener),
    unfinished: async (limit) => inner.unfinished(limit),
    sweep: async (limit) => inner.sweep(limit),
  };
  return {
    store: { ...memoryStore(), operations },
    operations: inner,
    pass: (ms) => {
      time.lease += ms;
      time.date += ms;
    },
    before: (method, how) => void first.set(method, how),
    renewals: () => renewals,
  };
}
