/** How often: what is taken under a key, and when there is more. */
import type { CounterStore, RateRule } from "../../stores/counters.js";
import type { CounterStoreFixture } from "./cases.js";
import { holds, pass, same } from "./cases.js";

type Body = (fixture: CounterStoreFixture) => Promise<void>;

/** Calls made at the same time. */
const AT_ONCE = 40;
/** A window that nothing here outlasts. */
const LONG_MS = 600_000;
/** A window that is waited for: a third of it is more than a few writes take. */
const SHORT_MS = 900;
const ALLOWED = { allowed: true };

function ruleOf(key: string, limit: number, windowMs: number = LONG_MS): RateRule {
  return { key, limit, windowMs };
}

async function takes(store: CounterStore, ...rules: RateRule[]): Promise<boolean> {
  return (await store.take(rules)).allowed;
}

/** Expects to be refused under `key`, with a wait of at most `mostMs`; returns the wait. */
async function waits(store: CounterStore, rules: readonly RateRule[], key: string, mostMs: number): Promise<number> {
  const [peeked, answer] = [await store.peek(rules), await store.take(rules)];
  if (answer.allowed || peeked.allowed) throw new Error(`a call was to be refused under ${key}; it was allowed`);
  same([peeked.key, answer.key], [key, key], "the rule that refuses");
  const { retryAfterMs } = answer;
  holds(Number.isSafeInteger(retryAfterMs) && retryAfterMs > 0, `a wait is whole milliseconds, not ${retryAfterMs}`);
  holds(retryAfterMs <= mostMs, `a wait of ${retryAfterMs} ms, where ${mostMs} are enough`);
  holds(peeked.retryAfterMs >= retryAfterMs, "a wait does not grow while nobody is let in");
  return retryAfterMs;
}

export const RATE_CASES: Readonly<Record<string, Body>> = {
  "a limit is there at once, and no more than it": async ({ store, other = store }) => {
    const rule = ruleOf("key", 3);
    for (const one of [store, other, store]) same(await one.take([rule]), ALLOWED, "a call below the limit");
    for (const one of [store, other]) await waits(one, [rule], "key", LONG_MS / 3);
  },

  "of calls at the same time as many are allowed as the limit says": async ({ store, other = store }) => {
    const rule = ruleOf("key", 7);
    const calls = Array.from({ length: AT_ONCE }, (_, index) => (index % 2 === 0 ? store : other).take([rule]));
    const answers = await Promise.all(calls);
    same(answers.filter(({ allowed }) => allowed).length, 7, "how many were allowed");
  },

  "after the time that a refusal names one call is allowed, and one only": async (fixture) => {
    const { store } = fixture;
    const rule = ruleOf("key", 2, SHORT_MS);
    for (let call = 0; call < 2; call += 1) same(await takes(store, rule), true, "a call below the limit");
    await pass(fixture, await waits(store, [rule], "key", SHORT_MS / 2));
    const from = performance.now();
    same(await takes(store, rule), true, "a call after the wait");
    if (performance.now() - from < SHORT_MS / 3) await waits(store, [rule], "key", SHORT_MS / 2);
  },

  "after the window all of the limit is there, and no more than it": async (fixture) => {
    const { store, other = store } = fixture;
    const rule = ruleOf("key", 3, SHORT_MS);
    for (let call = 0; call < 3; call += 1) same(await takes(store, rule), true, "a call below the limit");
    await pass(fixture, 2 * SHORT_MS);
    const from = performance.now();
    for (let call = 0; call < 3; call += 1) same(await takes(other, rule), true, "a call, a window later");
    if (performance.now() - from < SHORT_MS / 4) await waits(store, [rule], "key", SHORT_MS / 3);
  },

  "a limit of 1 is one call in each window": async (fixture) => {
    const rule = ruleOf("key", 1, SHORT_MS);
    same(await takes(fixture.store, rule), true, "the first call");
    const waitMs = await waits(fixture.store, [rule], "key", SHORT_MS);
    await pass(fixture, waitMs);
    same(await takes(fixture.store, rule), true, "the second call");
  },

  "a limit that does not divide its window is exact": async ({ store }) => {
    const rule = ruleOf("key", 7, 599_999);
    for (let call = 0; call < 7; call += 1) same(await takes(store, rule), true, `call ${call + 1} of 7`);
    await waits(store, [rule], "key", Math.ceil(599_999 / 7));
  },

  "`peek` takes nothing": async ({ store }) => {
    const rule = ruleOf("key", 1);
    for (let look = 0; look < 3; look += 1) same(await store.peek([rule]), ALLOWED, "a look");
    same(await takes(store, rule), true, "the call after it");
  },

  "what is refused takes nothing: a wait does not grow by asking": async (fixture) => {
    const { store } = fixture;
    const rule = ruleOf("key", 1, SHORT_MS);
    same(await takes(store, rule), true, "the first call");
    const waitMs = await waits(store, [rule], "key", SHORT_MS);
    for (let call = 0; call < 5; call += 1) await store.take([rule]);
    await pass(fixture, waitMs);
    same(await takes(store, rule), true, "the call after the wait");
  },

  "of several rules all hold, and a refusal takes under none": async ({ store, other = store }) => {
    const [narrow, wide] = [ruleOf("narrow", 1), ruleOf("wide", 2)];
    same(await takes(store, narrow, wide), true, "the first call");
    await waits(other, [narrow, wide], "narrow", LONG_MS);
    await waits(other, [wide, narrow], "narrow", LONG_MS);
    same(await takes(store, wide), true, "what the refused call must not have taken");
    await waits(store, [wide], "wide", LONG_MS / 2);
  },

  "of several rules that refuse the longest wait is told": async ({ store }) => {
    const [short, long] = [ruleOf("short", 1, LONG_MS), ruleOf("long", 1, 10 * LONG_MS)];
    same(await takes(store, short, long), true, "the first call");
    holds((await waits(store, [short, long], "long", 10 * LONG_MS)) > LONG_MS, "the longer of two waits");
  },

  "keys are independent, also when one begins with the other": async ({ store }) => {
    for (const key of ["key", "key2", "ke"]) same(await takes(store, ruleOf(key, 1)), true, `the first call of ${key}`);
    for (const key of ["key", "key2", "ke"]) same(await takes(store, ruleOf(key, 1)), false, `the second of ${key}`);
  },

  "no rules refuse nothing": async ({ store }) => {
    same([await store.take([]), await store.peek([])], [ALLOWED, ALLOWED], "the answers");
  },

  "a sweep removes nothing that counts": async (fixture) => {
    const { store, other = store } = fixture;
    const rules = Array.from({ length: 10 }, (_, index) => ruleOf(`key${index}`, 1, index < 5 ? LONG_MS : 1));
    for (const rule of rules) same(await takes(store, rule), true, "the first call");
    await pass(fixture, 1);
    for (let sweep = 0; sweep < 10; sweep += 1) await other.sweep(3);
    const again = await Promise.all(rules.map((rule) => takes(store, rule)));
    same(again, [...Array(5).fill(false), ...Array(5).fill(true)], "who is allowed after the sweep");
  },

  "counts are there for whoever opens the store next": async ({ store, reopen }) => {
    const rule = ruleOf("key", 1);
    same(await takes(store, rule), true, "the first call");
    if (reopen !== undefined) same(await takes(await reopen(), rule), false, "a call after the store was opened again");
  },
};
