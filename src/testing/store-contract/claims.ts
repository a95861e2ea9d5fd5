/** Who gets an operation, and with what. */
import type { OperationStore } from "../../stores/operations.js";
import type { OperationStoreFixture } from "./cases.js";
import { claimOf, gets, holds, KEPT, LEASE_MS, pass, same, win } from "./cases.js";

type Body = (fixture: OperationStoreFixture) => Promise<void>;

/** Claims made at the same time. */
const AT_ONCE = 40;

function both({ store, other = store }: OperationStoreFixture): readonly [OperationStore, OperationStore] {
  return [store, other];
}

export const CLAIM_CASES: Readonly<Record<string, Body>> = {
  "a claim wins when there is no record": async ({ store }) => {
    const { fence, ...won } = await win(store, claimOf("key"));
    same(won, { state: "won", id: "key-first", existed: false, began: false, journal: [] }, "a first claim");
    holds(Number.isSafeInteger(fence) && fence > 0, `a fence is a whole number above 0, not ${fence}`);
  },

  "a second claim finds it running, whoever asks": async (fixture) => {
    const [store, other] = both(fixture);
    await win(store, claimOf("key"));
    const running = { state: "running", id: "key-first" };
    await gets(other, claimOf("key", { owner: "two", id: "second" }), running);
    await gets(store, claimOf("key", { id: "third" }), running);
  },

  "of claims at the same time one wins": async (fixture) => {
    const [store, other] = both(fixture);
    const claims = Array.from({ length: AT_ONCE }, (_, index) =>
      (index % 2 === 0 ? store : other).claim(claimOf("key", { owner: `owner ${index}`, id: `id ${index}` })),
    );
    const answers = await Promise.all(claims);
    const winners = answers.filter((answer) => answer.state === "won");
    same(winners.length, 1, "how many won");
    for (const answer of answers) if (answer.state === "running") same(answer.id, winners[0]?.id, "whose it is");
    same(answers.filter(({ state }) => state === "running").length, AT_ONCE - 1, "how many wait");
  },

  "of claims at the same time for what is left behind one wins": async (fixture) => {
    const [store, other] = both(fixture);
    await win(store, claimOf("key", { leaseMs: LEASE_MS }));
    await pass(fixture, LEASE_MS);
    const claims = Array.from({ length: AT_ONCE }, (_, index) =>
      (index % 2 === 0 ? store : other).claim(claimOf("key", { owner: `owner ${index}` })),
    );
    const winners = (await Promise.all(claims)).filter(({ state }) => state === "won");
    same(winners.length, 1, "how many won");
  },

  "the same key with another fingerprint is a conflict, before and after the outcome": async ({ store }) => {
    const { fence } = await win(store, claimOf("key"));
    await gets(store, claimOf("key", { fingerprint: "other" }), { state: "conflict" });
    await store.commit("key", fence, "outcome", KEPT);
    await gets(store, claimOf("key", { fingerprint: "other" }), { state: "conflict" });
    await gets(store, claimOf("key"), { state: "done", id: "key-first", outcome: "outcome" });
  },

  "a lease that ran out before the start: the next claim wins": async (fixture) => {
    const [store, other] = both(fixture);
    const { fence } = await win(store, claimOf("key", { begin: false, leaseMs: LEASE_MS }));
    await pass(fixture, LEASE_MS);
    const again = await win(other, claimOf("key", { owner: "two", id: "second", takeOver: false }));
    same({ ...again, fence: 0 }, wonAgain({ began: false, journal: [] }), "what was taken over");
    holds(again.fence > fence, `a take-over raises the fence: ${fence}, then ${again.fence}`);
  },

  "a lease that ran out after the start: only a claim that takes over wins": async (fixture) => {
    const [store, other] = both(fixture);
    const { fence } = await win(store, claimOf("key", { leaseMs: LEASE_MS }));
    await store.journal("key", fence, ["step", "1"]);
    await pass(fixture, LEASE_MS);
    await gets(other, claimOf("key", { takeOver: false }), { state: "doubt", id: "key-first" });
    const again = await win(other, claimOf("key", { owner: "two", id: "second" }));
    same({ ...again, fence: 0 }, wonAgain({ began: true, journal: [["step", "1"]] }), "what was taken over");
    holds(again.fence > fence, `a take-over raises the fence: ${fence}, then ${again.fence}`);
  },

  "`start` records the start": async (fixture) => {
    const { store } = fixture;
    const { fence } = await win(store, claimOf("key", { begin: false, leaseMs: LEASE_MS }));
    await store.start("key", fence);
    await pass(fixture, LEASE_MS);
    await gets(store, claimOf("key", { takeOver: false }), { state: "doubt", id: "key-first" });
  },

  "a start stays recorded over take-overs that do not begin": async (fixture) => {
    const { store } = fixture;
    await win(store, claimOf("key", { leaseMs: LEASE_MS }));
    await pass(fixture, LEASE_MS);
    same((await win(store, claimOf("key", { begin: false, leaseMs: LEASE_MS }))).began, true, "began");
    await pass(fixture, LEASE_MS);
    same((await win(store, claimOf("key", { begin: false }))).began, true, "began, later");
  },

  "`renew` makes the lease last": async (fixture) => {
    const { store } = fixture;
    const { fence } = await win(store, claimOf("key", { leaseMs: LEASE_MS }));
    await store.renew("key", fence, 20 * LEASE_MS);
    await pass(fixture, LEASE_MS);
    await gets(store, claimOf("key", { owner: "two" }), { state: "running", id: "key-first" });
  },

  "keys are independent, also when one begins with the other": async ({ store }) => {
    const { fence } = await win(store, claimOf("key"));
    await win(store, claimOf("key2"));
    await win(store, claimOf("ke"));
    await store.commit("key", fence, "outcome", KEPT);
    await gets(store, claimOf("key2"), { state: "running", id: "key2-first" });
    await gets(store, claimOf("ke"), { state: "running", id: "ke-first" });
  },
};

function wonAgain(more: { readonly began: boolean; readonly journal: readonly unknown[] }): object {
  return { state: "won", id: "key-first", fence: 0, existed: true, ...more };
}
