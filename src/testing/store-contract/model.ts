/** Random sequences of calls, held against the simplest thing that keeps the contract. No time passes in them. */
import type { Claim, ClaimRequest, JournalEntry, OperationStore, Retention } from "../../stores/operations.js";
import type { OperationStoreFixture } from "./cases.js";
import { claimOf, holds, LONG_MS, same } from "./cases.js";

const SEQUENCES = 12;
const STEPS = 60;
const KEYS = ["a", "b"];
/** A lease, or a retention, that is over as soon as it has begun. */
const OVER_MS = 0;

interface Entry {
  readonly id: string;
  readonly fingerprint: string;
  fence: number;
  state: "claimed" | "started" | "suspended" | "done" | "expired";
  leaseMs: number;
  journal: JournalEntry[];
  outcome: string;
}

type Expected = Partial<Extract<Claim, { state: "won" }>> | Claim;

export async function followsModel({ store, other = store }: OperationStoreFixture): Promise<void> {
  for (let sequence = 0; sequence < SEQUENCES; sequence += 1) {
    const seed = Math.floor(Math.random() * 2 ** 31);
    try {
      await new Walk([store, other], seed, `${sequence}`).run();
    } catch (error) {
      throw new Error(`in the random sequence with seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}

class Walk {
  readonly #stores: readonly OperationStore[];
  readonly #prefix: string;
  readonly #entries = new Map<string, Entry>();
  readonly #fences = new Map<string, number[]>();
  readonly #done: string[] = [];
  #random: number;

  constructor(stores: readonly OperationStore[], seed: number, prefix: string) {
    this.#stores = stores;
    this.#random = seed;
    this.#prefix = prefix;
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step += 1) {
      const key = `${this.#prefix}${this.#pick(KEYS)}`;
      const kind = this.#pick(["claim", "claim", "claim", "write", "write", "write", "write", "forget", "sweep"]);
      try {
        if (kind === "claim") await this.#claim(key, step);
        else if (kind === "write") await this.#write(key, step);
        else if (kind === "sweep") await this.#pick(this.#stores).sweep(this.#below(5));
        else await this.#forget(key);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        throw new Error(`${this.#done.join(", ")}: ${text}`, { cause: error });
      }
    }
  }

  async #claim(key: string, step: number): Promise<void> {
    const fingerprint = this.#below(8) === 0 ? "other" : "asked";
    const leaseMs = this.#pick([OVER_MS, LONG_MS]);
    const [begin, takeOver] = [this.#below(2) === 0, this.#below(2) === 0];
    const request = claimOf(key, { id: `${key}.${step}`, fingerprint, leaseMs, begin, takeOver });
    this.#done.push(`claim ${key} ${fingerprint} ${leaseMs} ${begin} ${takeOver}`);
    const expected = this.#expected(request);
    const answer = await this.#pick(this.#stores).claim(request);
    if (answer.state !== "won") return same(answer, expected, "the answer");
    const { fence, ...rest } = answer;
    same(rest, expected, "the answer");
    const before = this.#fences.get(key) ?? [];
    holds(!before.includes(fence), `fence ${fence} was given before`);
    this.#fences.set(key, [...before, fence]);
    const entry = this.#entries.get(key);
    holds(entry === undefined || fence > entry.fence, "a take-over raises the fence");
    const state = begin || rest.began ? "started" : "claimed";
    const journal = [...rest.journal];
    this.#entries.set(key, { id: rest.id, fingerprint, fence, state, leaseMs, journal, outcome: "" });
  }

  /** What a claim is to be answered; without the fence, which is the store's to choose. */
  #expected({ key, id, fingerprint, takeOver }: ClaimRequest): Expected {
    const entry = this.#entries.get(key);
    if (entry === undefined) return { state: "won", id, existed: false, began: false, journal: [] };
    if (entry.state === "expired") return { state: "expired" };
    if (entry.fingerprint !== fingerprint) return { state: "conflict" };
    const { state, journal, outcome } = entry;
    if (state === "done") return { state: "done", id: entry.id, outcome };
    if (state !== "suspended" && entry.leaseMs !== OVER_MS) return { state: "running", id: entry.id };
    if (state === "started" && !takeOver) return { state: "doubt", id: entry.id };
    return { state: "won", id: entry.id, existed: true, began: state === "started", journal };
  }

  async #write(key: string, step: number): Promise<void> {
    const entry = this.#entries.get(key);
    const fences = this.#fences.get(key) ?? [1];
    const fence = this.#below(4) === 0 ? this.#pick(fences) : (entry?.fence ?? 1);
    const kind = this.#pick(["start", "renew", "journal", "journal", "suspend", "commit", "release"] as const);
    const kept: Retention = this.#pick([
      { ttlMs: LONG_MS, tombstoneMs: LONG_MS },
      { ttlMs: OVER_MS, tombstoneMs: LONG_MS },
      { ttlMs: OVER_MS, tombstoneMs: OVER_MS },
    ]);
    const leaseMs = this.#pick([OVER_MS, LONG_MS]);
    const item: JournalEntry = [this.#pick(["one", "two"]), String(step)];
    this.#done.push(`${kind} ${key} ${fence} ${kept.ttlMs} ${kept.tombstoneMs} ${leaseMs}`);
    const store = this.#pick(this.#stores);
    const writes = {
      start: () => store.start(key, fence),
      renew: () => store.renew(key, fence, leaseMs),
      journal: () => store.journal(key, fence, item),
      suspend: () => store.suspend(key, fence, kept),
      commit: () => store.commit(key, fence, `outcome ${step}`, kept),
      release: () => store.release(key, fence),
    };
    const code = await codeOf(writes[kind]);
    const owned = entry?.fence === fence && (entry.state === "claimed" || entry.state === "started");
    same(code, owned ? "none" : "ERR_FENCE_LOST", `the error of ${kind}`);
    if (!owned || entry === undefined) return;
    if (kind === "start") entry.state = "started";
    else if (kind === "renew") entry.leaseMs = leaseMs;
    else if (kind === "journal") {
      if (!entry.journal.some(([name]) => name === item[0])) entry.journal.push(item);
    } else if (kind === "release" || (kind === "suspend" && kept.ttlMs === OVER_MS)) this.#entries.delete(key);
    else if (kind === "suspend") entry.state = "suspended";
    else if (kept.tombstoneMs === OVER_MS) this.#entries.delete(key);
    else Object.assign(entry, { state: kept.ttlMs === OVER_MS ? "expired" : "done", outcome: `outcome ${step}` });
  }

  async #forget(key: string): Promise<void> {
    const state = this.#entries.get(key)?.state;
    // Whether a tombstone is forgotten with it is left to the store.
    if (state === "expired") return;
    this.#done.push(`forget ${key}`);
    await this.#pick(this.#stores).forget(key);
    if (state === "done") this.#entries.delete(key);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  /** A whole number below `count`; the same numbers for the same seed (a linear congruence is enough here). */
  #below(count: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * count);
  }
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "none";
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}
