/** How many at a time: places, and what becomes of those nobody gives back. */
import type { CounterStore, PlaceRule } from "../../stores/counters.js";
import type { CounterStoreFixture } from "./cases.js";
import { LEASE_MS, LONG_MS, pass, same } from "./cases.js";

type Body = (fixture: CounterStoreFixture) => Promise<void>;

/** Calls made at the same time. */
const AT_ONCE = 40;
const ALLOWED = { allowed: true };

function ruleOf(key: string, max: number): PlaceRule {
  return { key, max };
}

async function gets(store: CounterStore, id: string, ...rules: PlaceRule[]): Promise<boolean> {
  return (await store.acquire(id, rules, LONG_MS)).allowed;
}

export const PLACE_CASES: Readonly<Record<string, Body>> = {
  "there are as many places as the bound says, whoever asks": async ({ store, other = store }) => {
    const rule = ruleOf("key", 2);
    same(await store.acquire("one", [rule], LONG_MS), ALLOWED, "the first place");
    same(await other.acquire("two", [rule], LONG_MS), ALLOWED, "the second place");
    for (const one of [store, other]) {
      same(await one.acquire("three", [rule], LONG_MS), { allowed: false, key: "key" }, "a third one");
    }
  },

  "of calls at the same time as many get a place as there are": async ({ store, other = store }) => {
    const calls = Array.from({ length: AT_ONCE }, (_, index) =>
      gets(index % 2 === 0 ? store : other, `id${index}`, ruleOf("key", 7)),
    );
    same((await Promise.all(calls)).filter(Boolean).length, 7, "how many got one");
  },

  "a place that was released is free, and only that one": async ({ store, other = store }) => {
    const rule = ruleOf("key", 2);
    for (const id of ["one", "two"]) same(await gets(store, id, rule), true, id);
    await store.release({ id: "one", keys: ["key"] });
    same(await gets(other, "three", rule), true, "a place after the release");
    same(await gets(store, "four", rule), false, "one more");
  },

  "a place that is not held can be released: nothing happens": async ({ store }) => {
    const rule = ruleOf("key", 1);
    await store.release({ id: "one", keys: ["key"] });
    same(await gets(store, "one", rule), true, "a place");
    await store.release({ id: "two", keys: ["key", "other"] });
    same(await gets(store, "three", rule), false, "a place of somebody else's");
    for (let time = 0; time < 2; time += 1) await store.release({ id: "one", keys: ["key"] });
    same([await gets(store, "four", rule), await gets(store, "five", rule)], [true, false], "after two releases");
  },

  "of several bounds all hold, and a refusal takes under none": async ({ store, other = store }) => {
    const [narrow, wide] = [ruleOf("narrow", 1), ruleOf("wide", 2)];
    same(await gets(store, "one", wide, narrow), true, "the first place");
    same(await other.acquire("two", [wide, narrow], LONG_MS), { allowed: false, key: "narrow" }, "the second one");
    same(await gets(store, "three", wide), true, "what the refused call must not have taken");
    same(await gets(store, "four", wide), false, "one more");
    await other.release({ id: "one", keys: ["wide", "narrow"] });
    same(await gets(store, "five", wide, narrow), true, "after the release of both");
  },

  "a place whose lease is over is free": async (fixture) => {
    const { store, other = store } = fixture;
    const rule = ruleOf("key", 1);
    same(await store.acquire("one", [rule], LEASE_MS), ALLOWED, "a place with a short lease");
    await pass(fixture, LEASE_MS);
    same(await gets(other, "two", rule), true, "a place after it");
    same(await gets(store, "three", rule), false, "one more");
  },

  "`renew` makes leases last": async (fixture) => {
    const { store, other = store } = fixture;
    const rules = [ruleOf("key", 1), ruleOf("key2", 1)];
    for (const [index, rule] of rules.entries()) await store.acquire(`id${index}`, [rule], LEASE_MS);
    const places = rules.map(({ key }, index) => ({ id: `id${index}`, keys: [key] }));
    await store.renew(places, LONG_MS);
    await pass(fixture, LEASE_MS);
    for (const rule of rules) same(await gets(other, "late", rule), false, "a place that is held");
    for (const place of places) await store.release(place);
    for (const rule of rules) same(await gets(other, "late", rule), true, "a place after the release");
  },

  "`renew` takes a place that was lost again, whatever the bound": async (fixture) => {
    const { store, other = store } = fixture;
    const rule = ruleOf("key", 1);
    await store.acquire("one", [rule], LEASE_MS);
    await pass(fixture, LEASE_MS);
    same(await gets(other, "two", rule), true, "the place that was lost");
    await store.renew([{ id: "one", keys: ["key"] }], LONG_MS);
    await other.release({ id: "two", keys: ["key"] });
    same(await gets(other, "three", rule), false, "a place while the first one works on");
  },

  "without a bound places are counted and never refused": async ({ store, other = store }) => {
    const [counted, bounded] = [ruleOf("key", Number.POSITIVE_INFINITY), ruleOf("key", 2)];
    for (const id of ["one", "two", "three"]) same(await gets(store, id, counted), true, id);
    same(await gets(other, "four", bounded), false, "a place under a bound");
    for (const id of ["one", "two"]) await store.release({ id, keys: ["key"] });
    same(await gets(other, "four", bounded), true, "a place after two are free");
  },

  "a lease without an end lasts": async (fixture) => {
    const { store } = fixture;
    await store.acquire("one", [ruleOf("key", 1)], Number.POSITIVE_INFINITY);
    await pass(fixture, LEASE_MS);
    await store.sweep(100);
    same(await gets(store, "two", ruleOf("key", 1)), false, "another place");
    await store.release({ id: "one", keys: ["key"] });
    same(await gets(store, "two", ruleOf("key", 1)), true, "another place, after the release");
  },

  "keys are independent of each other, and of rates": async ({ store }) => {
    for (const key of ["key", "key2", "ke"]) same(await gets(store, "one", ruleOf(key, 1)), true, `a place of ${key}`);
    for (const key of ["key", "key2", "ke"]) same(await gets(store, "two", ruleOf(key, 1)), false, `another of ${key}`);
    same(await store.take([{ key: "key", limit: 1, windowMs: LONG_MS }]), ALLOWED, "a rate of the same key");
  },

  "a sweep removes no place that is held": async (fixture) => {
    const { store, other = store } = fixture;
    const rules = Array.from({ length: 10 }, (_, index) => ruleOf(`key${index}`, 1));
    for (const [index, rule] of rules.entries()) await store.acquire("one", [rule], index < 5 ? LONG_MS : LEASE_MS);
    await pass(fixture, LEASE_MS);
    for (let sweep = 0; sweep < 10; sweep += 1) await other.sweep(3);
    const again = await Promise.all(rules.map((rule) => gets(other, "two", rule)));
    same(again, [...Array(5).fill(false), ...Array(5).fill(true)], "who gets a place after the sweep");
  },
};
