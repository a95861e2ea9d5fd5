/** Counts in memory: the contract, random calls against the simplest thing that counts, and broken stores, to see it notice. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Acquired, Place, PlaceRule, RateRule, Taken } from "../../src/stores/counters.js";
import { MemoryCounterStore } from "../../src/stores/memory/counters.js";
import { type CounterStoreFixture, counterStoreContract } from "../../src/testing/index.js";

type Store = new (options: { readonly now: () => number; readonly maxKeys?: number }) => MemoryCounterStore;

function inMemory(Made: Store = MemoryCounterStore): CounterStoreFixture & { readonly store: MemoryCounterStore } {
  let nowMs = 1000;
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { store: new Made({ now: () => nowMs }), advance };
}

describe("counts in memory", () => {
  for (const { name, run } of counterStoreContract(() => inMemory())) test(name, run);

  test("answer at once: no call pays for a promise", () => {
    const { store } = inMemory();
    const rules = [{ key: "key", limit: 1, windowMs: 1000 }];
    expect([store.peek(rules), store.take(rules), store.take(rules)]).toEqual([
      { allowed: true },
      { allowed: true },
      { allowed: false, key: "key", retryAfterMs: 1000 },
    ]);
    expect(store.acquire("one", [{ key: "key", max: 1 }], 1000)).toEqual({ allowed: true });
    expect(store.release({ id: "one", keys: ["key"] })).toBeUndefined();
  });

  test("what counts no longer is swept, and what is held is bounded", () => {
    let nowMs = 0;
    const store = new MemoryCounterStore({ now: () => nowMs, maxKeys: 100 });
    for (let index = 0; index < 1000; index += 1) {
      store.take([{ key: `key${index}`, limit: 1, windowMs: 1000 }]);
      expect(store.size).toBeLessThanOrEqual(100);
    }
    // Forgotten is who has not called for longest.
    expect(store.take([{ key: "key999", limit: 1, windowMs: 1000 }])).toMatchObject({ allowed: false });
    expect(store.take([{ key: "key0", limit: 1, windowMs: 1000 }])).toEqual({ allowed: true });
    store.acquire("one", [{ key: "key", max: 1 }], 1000);
    nowMs = 1000;
    for (let sweep = 0; sweep < 60; sweep += 1) store.sweep(2);
    expect(store.size).toBe(0);
  });
});

/** A bucket that fills by `limit` in each window, in whole numbers of any size; and a list of leases. */
class Naive {
  readonly #buckets = new Map<string, { left: bigint; atMs: number }>();
  #leases: { readonly key: string; readonly id: string; readonly untilMs: number }[] = [];

  take(rules: readonly RateRule[], nowMs: number): readonly boolean[] {
    const buckets = rules.map((rule) => this.#bucket(rule, nowMs));
    const fits = rules.map(({ windowMs }, index) => (buckets[index]?.left ?? 0n) >= BigInt(windowMs));
    if (fits.every(Boolean)) for (const [index, { windowMs }] of rules.entries()) this.#drain(buckets[index], windowMs);
    return fits;
  }

  acquire(id: string, rules: readonly PlaceRule[], { nowMs, leaseMs }: { nowMs: number; leaseMs: number }): boolean {
    this.#leases = this.#leases.filter(({ untilMs }) => untilMs > nowMs);
    const full = rules.some(({ key, max }) => this.#leases.filter((one) => one.key === key).length >= max);
    if (!full) for (const { key } of rules) this.#leases.push({ key, id, untilMs: nowMs + leaseMs });
    return !full;
  }

  release({ id, keys }: Place): void {
    this.#leases = this.#leases.filter((one) => one.id !== id || !keys.includes(one.key));
  }

  /** A call is worth `windowMs`, a full bucket `limit` calls, and each millisecond pours in `limit`. */
  #bucket({ key, limit, windowMs }: RateRule, nowMs: number): { left: bigint; atMs: number } {
    const full = BigInt(limit) * BigInt(windowMs);
    const bucket = this.#buckets.get(key) ?? { left: full, atMs: nowMs };
    const filled = bucket.left + BigInt(nowMs - bucket.atMs) * BigInt(limit);
    Object.assign(bucket, { left: filled > full ? full : filled, atMs: nowMs });
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #drain(bucket: { left: bigint } | undefined, windowMs: number): void {
    if (bucket !== undefined) bucket.left -= BigInt(windowMs);
  }
}

const RULES: readonly RateRule[] = [
  { key: "a", limit: 1, windowMs: 10 },
  { key: "b", limit: 3, windowMs: 10 },
  { key: "c", limit: 7, windowMs: 100 },
  { key: "d", limit: 13, windowMs: 97 },
  { key: "e", limit: 1_000_000, windowMs: 31 },
];
const someRules = fc.subarray([...RULES], { minLength: 1, maxLength: 3 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("take" as const), rules: someRules }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sweep" as const), limit: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      rules: fc.subarray([
        { key: "a", max: 1 },
        { key: "b", max: 3 },
      ]),
      leaseMs: fc.constantFrom(20, 1000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), nth: fc.nat(20) }) },
);

describe("random calls", () => {
  test("are answered as a bucket of whole numbers and a list of leases answer them", () => {
    const walk = (steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]) => {
      let nowMs = 1_000_000;
      const store = new MemoryCounterStore({ now: () => nowMs });
      const naive = new Naive();
      const given: Place[] = [];
      for (const [index, one] of steps.entries()) {
        if (one.kind === "pass") nowMs += one.ms;
        else if (one.kind === "sweep") store.sweep(one.limit);
        else if (one.kind === "take") {
          const [peeked, answer] = [store.peek(one.rules), store.take(one.rules)];
          const fits = naive.take(one.rules, nowMs);
          expect([peeked.allowed, answer.allowed]).toEqual([fits.every(Boolean), fits.every(Boolean)]);
          if (!answer.allowed) expectExact(store, { rules: one.rules, answer, at: (ms) => (nowMs = ms) }, nowMs);
        } else if (one.kind === "acquire") {
          const place = { id: `id${index}`, keys: one.rules.map(({ key }) => key) };
          const answer: Acquired = store.acquire(place.id, one.rules, one.leaseMs);
          expect(answer.allowed).toBe(naive.acquire(place.id, one.rules, { nowMs, leaseMs: one.leaseMs }));
          if (answer.allowed) given.push(place);
        } else {
          const [place] = given.splice(one.nth % Math.max(1, given.length), 1);
          if (place === undefined) continue;
          store.release(place);
          naive.release(place);
        }
      }
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 120 }), walk), { numRuns: 300 });
  });

  test("in no window more than twice the limit is allowed, and in the long run no more than the limit in each", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 20, maxLength: 300 });
    const rule = fc.record({ limit: fc.integer({ min: 1, max: 9 }), windowMs: fc.integer({ min: 1, max: 200 }) });
    const run = ({ limit, windowMs }: { limit: number; windowMs: number }, waits: readonly number[]) => {
      let nowMs = 77;
      const store = new MemoryCounterStore({ now: () => nowMs });
      const allowed: number[] = [];
      for (const ms of waits) {
        nowMs += ms;
        if (store.take([{ key: "key", limit, windowMs }]).allowed) allowed.push(nowMs);
      }
      for (const from of allowed) {
        const within = allowed.filter((at) => at >= from && at < from + windowMs).length;
        expect(within).toBeLessThanOrEqual(2 * limit);
        const since = allowed.filter((at) => at >= from).length;
        expect(since).toBeLessThanOrEqual(limit + Math.floor(((nowMs - from) * limit) / windowMs));
      }
    };
    fc.assert(fc.property(rule, gaps, run), { numRuns: 300 });
  });
});

/** The wait is the exact one: a millisecond sooner the same call is refused, and then it is allowed. */
function expectExact(
  store: MemoryCounterStore,
  {
    rules,
    answer,
    at,
  }: { rules: readonly RateRule[]; answer: Extract<Taken, { allowed: false }>; at: (ms: number) => void },
  nowMs: number,
): void {
  at(nowMs + answer.retryAfterMs - 1);
  expect(store.peek(rules).allowed).toBe(false);
  at(nowMs + answer.retryAfterMs);
  expect(store.peek(rules).allowed).toBe(true);
  at(nowMs);
}

class Peekless extends MemoryCounterStore {
  override peek(rules: readonly RateRule[]): Taken {
    return this.take(rules);
  }
}
class OneByOne extends MemoryCounterStore {
  override take(rules: readonly RateRule[]): Taken {
    return rules.map((rule) => super.take([rule])).find(({ allowed }) => !allowed) ?? { allowed: true };
  }
}
class Careless extends MemoryCounterStore {
  override renew(): void {}
}
class Greedy extends MemoryCounterStore {
  override acquire(id: string, rules: readonly PlaceRule[], leaseMs: number): Acquired {
    return super.acquire(id, rules.slice(0, 1), leaseMs);
  }
}
class Forgetful extends MemoryCounterStore {
  #swept = new MemoryCounterStore();
  override sweep(): void {
    this.#swept = new MemoryCounterStore();
  }
  override take(rules: readonly RateRule[]): Taken {
    return this.#swept.take(rules);
  }
}

describe("the contract notices", () => {
  test.each([
    ["a look that counts", Peekless],
    ["rules that are counted one by one", OneByOne],
    ["leases that are not renewed", Careless],
    ["a place under the first key alone", Greedy],
    ["a sweep that forgets what counts", Forgetful],
  ])("%s", async (_name, Made) => {
    const failed: string[] = [];
    for (const { name, run } of counterStoreContract(() => inMemory(Made))) await run().catch(() => failed.push(name));
    expect(failed.length).toBeGreaterThan(0);
  });
});
