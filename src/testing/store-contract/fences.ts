/** What an owner may write, and what it may not any more. */
import type { OperationStore } from "../../stores/operations.js";
import type { OperationStoreFixture } from "./cases.js";
import { claimOf, gets, holds, KEPT, LEASE_MS, LONG_MS, pass, refuses, same, win } from "./cases.js";

type Body = (fixture: OperationStoreFixture) => Promise<void>;

const LOST = "ERR_FENCE_LOST";

/** All that compares the fence. */
function writes(store: OperationStore, key: string, fence: number): readonly (readonly [string, () => unknown])[] {
  return [
    ["start", () => store.start(key, fence)],
    ["renew", () => store.renew(key, fence, LONG_MS)],
    ["journal", () => store.journal(key, fence, ["late", "1"])],
    ["suspend", () => store.suspend(key, fence, KEPT)],
    ["commit", () => store.commit(key, fence, "late", KEPT)],
    ["release", () => store.release(key, fence)],
  ];
}

async function refusesAll(store: OperationStore, key: string, fence: number): Promise<void> {
  for (const [name, write] of writes(store, key, fence)) await refuses(write, name, LOST);
}

export const FENCE_CASES: Readonly<Record<string, Body>> = {
  "nothing is written without a record": async ({ store }) => {
    await refusesAll(store, "key", 1);
    same((await win(store, claimOf("key"))).existed, false, "existed");
  },

  "an owner that was succeeded writes nothing": async (fixture) => {
    const { store, other = store } = fixture;
    const { fence } = await win(store, claimOf("key", { leaseMs: LEASE_MS }));
    await pass(fixture, LEASE_MS);
    const next = await win(other, claimOf("key", { owner: "two", leaseMs: LEASE_MS }));
    await refusesAll(store, "key", fence);
    await pass(fixture, LEASE_MS);
    // Neither the journal nor the lease of the second owner was touched.
    const third = await win(other, claimOf("key", { owner: "three" }));
    same(third.journal, [], "the journal");
    holds(third.fence > next.fence, "each take-over raises the fence");
    await other.commit("key", third.fence, "outcome", KEPT);
    await gets(store, claimOf("key"), { state: "done", id: "key-first", outcome: "outcome" });
  },

  "an owner whose lease ran out writes as long as nobody has succeeded it": async (fixture) => {
    const { store } = fixture;
    const { fence } = await win(store, claimOf("key", { leaseMs: LEASE_MS }));
    await pass(fixture, LEASE_MS);
    await store.commit("key", fence, "outcome", KEPT);
    await gets(store, claimOf("key"), { state: "done", id: "key-first", outcome: "outcome" });
  },

  "an outcome is recorded once: a second one is refused, and so is all else": async ({ store }) => {
    const { fence } = await win(store, claimOf("key"));
    await store.commit("key", fence, "outcome", KEPT);
    await refusesAll(store, "key", fence);
    await gets(store, claimOf("key"), { state: "done", id: "key-first", outcome: "outcome" });
  },

  "of outcomes at the same time one is recorded": async ({ store, other = store }) => {
    const { fence } = await win(store, claimOf("key"));
    const attempts = [store, other, store, other].map(async (one, index) => {
      await one.commit("key", fence, `outcome ${index}`, KEPT);
      return `outcome ${index}`;
    });
    const recorded = (await Promise.allSettled(attempts)).filter((attempt) => attempt.status === "fulfilled");
    same(recorded.length, 1, "how many were recorded");
    await gets(store, claimOf("key"), { state: "done", id: "key-first", outcome: recorded[0]?.value });
  },

  "who suspended an operation does not own it": async ({ store }) => {
    const { fence } = await win(store, claimOf("key"));
    await store.suspend("key", fence, KEPT);
    await refusesAll(store, "key", fence);
  },

  "a suspended operation goes to the next claim, with its id and journal": async ({ store, other = store }) => {
    const { fence } = await win(store, claimOf("key"));
    await store.journal("key", fence, ["step", "1"]);
    await store.suspend("key", fence, KEPT);
    const again = await win(other, claimOf("key", { id: "second", takeOver: false }));
    const expected = { state: "won", id: "key-first", existed: true, began: false, journal: [["step", "1"]] };
    same({ ...again, fence: undefined }, { ...expected, fence: undefined }, "what was suspended");
    holds(again.fence > fence, "whoever goes on has a higher fence");
  },

  "the journal keeps its order, and an entry as it was first": async (fixture) => {
    const { store } = fixture;
    const { fence } = await win(store, claimOf("key", { leaseMs: LEASE_MS }));
    for (const [key, json] of Object.entries({ b: "1", a: '{"text":"ä\\u0000"}', "c d": "null" })) {
      await store.journal("key", fence, [key, json]);
    }
    await store.journal("key", fence, ["a", "2"]);
    await pass(fixture, LEASE_MS);
    const { journal } = await win(store, claimOf("key"));
    same(
      journal,
      [
        ["b", "1"],
        ["a", '{"text":"ä\\u0000"}'],
        ["c d", "null"],
      ],
      "the journal",
    );
  },

  "`release` removes the record; the next claim is a new operation": async ({ store, other = store }) => {
    const { fence } = await win(store, claimOf("key"));
    await store.journal("key", fence, ["step", "1"]);
    await store.release("key", fence);
    const { id, existed, journal } = await win(other, claimOf("key", { id: "second", fingerprint: "other" }));
    same({ id, existed, journal }, { id: "second", existed: false, journal: [] }, "the next claim");
  },

  "a fence is never given again, not even when the record was removed": async (fixture) => {
    const { store } = fixture;
    const fences: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const { fence } = await win(store, claimOf("key", { id: `round ${round}` }));
      holds(!fences.includes(fence), `fence ${fence} was given before`);
      fences.push(fence);
      if (round % 2 === 0) await store.release("key", fence);
      else {
        await store.commit("key", fence, "outcome", KEPT);
        await store.forget("key");
      }
      await pass(fixture, 2);
    }
    await win(store, claimOf("key", { id: "last" }));
    for (const fence of fences) await refusesAll(store, "key", fence);
  },
};
