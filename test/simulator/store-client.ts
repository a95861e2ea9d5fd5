/** One process's way to the shared store: slow, cut, and now and then it loses a request, an answer, or both. */
import { HoldfastError } from "../../src/errors.js";
import type {
  Claim,
  ClaimRequest,
  Durability,
  JournalEntry,
  OperationStore,
  Retention,
  UnfinishedOperation,
} from "../../src/stores/operations.js";
import { Watchers } from "../../src/stores/watchers.js";
import type { MaybePromise } from "../../src/util/maybe-promise.js";
import type { SharedStore } from "./shared-store.js";
import type { Host, World } from "./world.js";

/** After this the client of the store gives up on an answer, as those of real stores do. */
const STORE_TIMEOUT_MS = 1000;
/** A request that its sender gave up may still arrive; this much later at the most. */
const LATE_MS = 6000;
const NEAR_MS = 3;
const SLOW_MS = 900;

/** How likely each fault of the way to the store is, per request. */
export interface StoreWeather {
  lost: number;
  unacknowledged: number;
  late: number;
  slow: number;
  /** The process dies or stalls in the very moment its request is done. */
  upset: number;
}

export interface StoreClientParts {
  readonly world: World;
  readonly host: Host;
  readonly shared: SharedStore;
  readonly weather: StoreWeather;
  /** Called when the process is told that a write of an outcome failed: it cannot know whether it was made. */
  readonly writeFailed: (host: Host, key: string, fence: number) => void;
  /** Called when the outcome of an owner was refused. */
  readonly refused: () => void;
  readonly upset: () => void;
}

export class StoreClient implements OperationStore {
  readonly durability: Durability = "sync";
  /** True while nothing gets through in either direction. */
  cut = false;
  readonly #parts: StoreClientParts;
  readonly #watchers = new Watchers();

  constructor(parts: StoreClientParts) {
    this.#parts = parts;
  }

  claim(request: ClaimRequest): MaybePromise<Claim> {
    return this.#ask(`claim ${request.key}`, () => this.#parts.shared.claim(this.#parts.host, request));
  }

  start(key: string, fence: number): MaybePromise<void> {
    return this.#ask(`start ${key} ${fence}`, () => this.#parts.shared.start(key, fence));
  }

  renew(key: string, fence: number, leaseMs: number): MaybePromise<void> {
    return this.#ask(`renew ${key} ${fence}`, () => this.#parts.shared.renew(key, fence, leaseMs));
  }

  journal(key: string, fence: number, entry: JournalEntry): MaybePromise<void> {
    return this.#ask(`journal ${key} ${fence}`, () => this.#parts.shared.journal(key, fence, entry));
  }

  suspend(key: string, fence: number, retention: Retention): MaybePromise<void> {
    return this.#end("suspend", key, fence, () => this.#parts.shared.suspend(key, fence, retention));
  }

  commit(key: string, fence: number, outcome: string, retention: Retention): MaybePromise<void> {
    const { shared, host } = this.#parts;
    return this.#end("commit", key, fence, () => shared.commit(host, key, fence, outcome, retention));
  }

  release(key: string, fence: number): MaybePromise<void> {
    return this.#end("release", key, fence, () => this.#parts.shared.release(this.#parts.host, key, fence));
  }

  forget(key: string): MaybePromise<void> {
    return this.#ask(`forget ${key}`, () => this.#parts.shared.forget(key));
  }

  move(): MaybePromise<void> {
    throw new Error("nothing that is simulated becomes a task");
  }

  inspect(): undefined {
    return undefined;
  }

  watch(key: string, listener: () => void): () => void {
    return this.#watchers.add(key, listener);
  }

  unfinished(): readonly UnfinishedOperation[] {
    return [];
  }

  sweep(limit: number): MaybePromise<void> {
    return this.#ask("sweep", () => this.#parts.shared.sweep(limit));
  }

  /** The store says that something changed; such words are lost as easily as others. */
  hint(key: string): void {
    const { world, host, weather } = this.#parts;
    if (this.cut || world.random.chance(weather.lost)) return;
    world.after(world.random.between(0, NEAR_MS), host, () => this.#watchers.tell(key));
  }

  async #end(name: string, key: string, fence: number, work: () => void): Promise<void> {
    try {
      await this.#ask(`${name} ${key} ${fence}`, work);
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : undefined;
      if (code === "ERR_STORE") this.#parts.writeFailed(this.#parts.host, key, fence);
      else if (code === "ERR_FENCE_LOST") this.#parts.refused();
      throw error;
    }
  }

  #ask<T>(label: string, work: () => T): Promise<T> {
    const { world, host, weather } = this.#parts;
    const { random } = world;
    const way = () => (random.chance(weather.slow) ? random.between(NEAR_MS, SLOW_MS / 2) : random.between(0, NEAR_MS));
    return new Promise((resolve, reject) => {
      const fail = (why: string, ms: number) =>
        world.after(ms, host, () => {
          world.note(label, "->", why);
          reject(new HoldfastError("ERR_STORE", `The store did not answer (${why}).`));
        });
      const happen = (ms: number, answer: (result: () => T) => void) =>
        world.after(ms, undefined, () => {
          answer(attempt(work));
          if (host.alive && random.chance(weather.upset)) this.#parts.upset();
        });
      if (this.cut || random.chance(weather.lost)) {
        fail("lost", random.between(1, STORE_TIMEOUT_MS));
        return;
      }
      if (random.chance(weather.unacknowledged)) {
        happen(way(), () => world.note(host.name, label, "done, not acknowledged"));
        fail("not acknowledged", STORE_TIMEOUT_MS);
        return;
      }
      if (random.chance(weather.late)) {
        happen(random.between(STORE_TIMEOUT_MS, LATE_MS), () => world.note(host.name, label, "arrives late"));
        fail("late", STORE_TIMEOUT_MS);
        return;
      }
      happen(way(), (result) => {
        world.after(way(), host, () => {
          settle(result, resolve, reject);
          world.note(label, "->", outcomeOf(result));
        });
      });
    });
  }
}

/** Does the work now; what came of it is told later. */
function attempt<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function settle<T>(result: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void {
  try {
    resolve(result());
  } catch (error) {
    reject(error);
  }
}

function outcomeOf(result: () => unknown): string {
  try {
    return JSON.stringify(result()) ?? "ok";
  } catch (error) {
    return error instanceof HoldfastError ? error.code : String(error);
  }
}
