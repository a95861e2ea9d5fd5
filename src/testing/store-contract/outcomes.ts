/** How long what is known can be had, and what is there after a crash. */
import type { OperationStoreFixture } from "./cases.js";
import { claimOf, gets, holds, KEPT, LEASE_MS, LONG_MS, pass, refuses, same, win } from "./cases.js";

type Body = (fixture: OperationStoreFixture) => Promise<void>;

/** More than a page of any store, with all that texts may have in them. */
const LARGE = `${"0123456789".repeat(20_000)} ä 漢 😀 "\\ \n \u2028`;
/** The tombstone lasts longer: a slow machine must not miss it. */
const SHORT = { ttlMs: LEASE_MS, tombstoneMs: 4 * LEASE_MS };
const MANY = 20;

export const OUTCOME_CASES: Readonly<Record<string, Body>> = {
  "every later claim gets the recorded outcome": async ({ store, other = store }) => {
    const { fence } = await win(store, claimOf("key"));
    await store.commit("key", fence, LARGE, KEPT);
    const done = { state: "done", id: "key-first", outcome: LARGE };
    for (const one of [store, other]) await gets(one, claimOf("key", { owner: "two", id: "second" }), done);
  },

  "an outcome past its time is expired and not had again; past its tombstone the key is new": async (fixture) => {
    const { store } = fixture;
    const { fence } = await win(store, claimOf("key"));
    await store.commit("key", fence, "outcome", SHORT);
    await pass(fixture, LEASE_MS);
    await gets(store, claimOf("key"), { state: "expired" });
    await pass(fixture, SHORT.tombstoneMs);
    const { existed, id } = await win(store, claimOf("key", { id: "second" }));
    same({ existed, id }, { existed: false, id: "second" }, "the claim after the tombstone");
  },

  "`sweep` removes what is past its time and nothing else": async (fixture) => {
    const { store } = fixture;
    const kept = await win(store, claimOf("kept"));
    await store.commit("kept", kept.fence, "outcome", KEPT);
    const buried = await win(store, claimOf("buried"));
    await store.commit("buried", buried.fence, "outcome", { ttlMs: LEASE_MS, tombstoneMs: LONG_MS });
    const gone = await win(store, claimOf("gone"));
    await store.commit("gone", gone.fence, "outcome", SHORT);
    await win(store, claimOf("running"));
    await pass(fixture, SHORT.ttlMs + SHORT.tombstoneMs);
    for (let round = 0; round < 5; round += 1) await store.sweep(MANY);
    await gets(store, claimOf("kept"), { state: "done", id: "kept-first", outcome: "outcome" });
    await gets(store, claimOf("buried"), { state: "expired" });
    await gets(store, claimOf("running"), { state: "running", id: "running-first" });
    same((await win(store, claimOf("gone"))).existed, false, "existed");
  },

  "a suspended operation past its time is new": async (fixture) => {
    const { store } = fixture;
    const { fence } = await win(store, claimOf("key"));
    await store.suspend("key", fence, SHORT);
    await pass(fixture, LEASE_MS);
    const { existed, id } = await win(store, claimOf("key", { id: "second" }));
    same({ existed, id }, { existed: false, id: "second" }, "the claim after its time");
  },

  "`forget` removes an outcome, and nothing that is worked on": async ({ store }) => {
    await store.forget("key");
    const { fence } = await win(store, claimOf("key"));
    await store.forget("key");
    await gets(store, claimOf("key"), { state: "running", id: "key-first" });
    await store.commit("key", fence, "outcome", KEPT);
    await store.forget("key");
    same((await win(store, claimOf("key", { id: "second" }))).id, "second", "the id after it");
  },

  "`unfinished` names what was left behind, with what is needed to go on": async (fixture) => {
    const { store } = fixture;
    const request = '{"go":"on"}';
    await win(store, claimOf("began", { leaseMs: LEASE_MS, request }));
    await win(store, claimOf("claimed", { leaseMs: LEASE_MS, begin: false }));
    await win(store, claimOf("running"));
    const done = await win(store, claimOf("done", { leaseMs: LEASE_MS }));
    await store.commit("done", done.fence, "outcome", KEPT);
    const suspended = await win(store, claimOf("suspended", { leaseMs: LEASE_MS }));
    await store.suspend("suspended", suspended.fence, KEPT);
    await pass(fixture, LEASE_MS);
    const found = await store.unfinished(MANY);
    const facts = found.map(({ key, id, fingerprint, began, ...rest }) => [key, id, fingerprint, began, rest.request]);
    const expected = [
      ["began", "began-first", "asked", true, request],
      ["claimed", "claimed-first", "asked", false, undefined],
    ];
    same(facts.toSorted(), expected, "what is unfinished");
    holds((await store.unfinished(1)).length === 1, "no more are named than were asked for");
  },

  "`unfinished` names the oldest first": async (fixture) => {
    const { store } = fixture;
    const keys = ["c", "a", "b"];
    for (const key of keys) {
      await win(store, claimOf(key, { leaseMs: LEASE_MS }));
      await pass(fixture, 2);
    }
    await pass(fixture, LEASE_MS);
    const found = await store.unfinished(2);
    same(
      found.map(({ key }) => key),
      keys.slice(0, 2),
      "what was left behind first",
    );
  },

  "`watch` ends when it is told to": async ({ store }) => {
    let told = 0;
    const { fence } = await win(store, claimOf("key"));
    const end = store.watch("key", () => {
      told += 1;
    });
    end();
    end();
    await store.commit("key", fence, "outcome", KEPT);
    same(told, 0, "how often a listener that was taken out was told");
  },

  "a record that cannot be read is answered as doubt, never as absent": async ({ store, damage }) => {
    if (damage === undefined) return;
    const { fence } = await win(store, claimOf("key"));
    await damage("key");
    same((await store.claim(claimOf("key"))).state, "doubt", "the answer of a claim");
    await refuses(() => store.commit("key", fence, "outcome", KEPT), "commit", "ERR_FENCE_LOST");
    await store.forget("key");
    await store.sweep(MANY);
    same((await store.claim(claimOf("key"))).state, "doubt", "the answer after a sweep");
  },

  "what was acknowledged is there when the data is opened anew": async ({ store, reopen }) => {
    if (reopen === undefined) return;
    const done = await win(store, claimOf("done"));
    await store.commit("done", done.fence, "outcome", KEPT);
    const began = await win(store, claimOf("suspended"));
    await store.journal("suspended", began.fence, ["step", "1"]);
    await store.suspend("suspended", began.fence, KEPT);
    const running = await win(store, claimOf("running"));
    const anew = await reopen();
    await gets(anew, claimOf("done"), { state: "done", id: "done-first", outcome: "outcome" });
    same((await win(anew, claimOf("suspended"))).journal, [["step", "1"]], "the journal");
    await anew.commit("running", running.fence, "outcome", KEPT);
  },
};
