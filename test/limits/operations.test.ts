/** [20] How long operations are kept, waited for and owned. The server's clock is the test's. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { MemoryOperationStore } from "../../src/stores/memory/operations.js";
import { TICK_MS } from "../../src/util/ticker.js";
import { until } from "../faults/helpers/until.js";
import { expectError, expectOther, expectReplay, textOf } from "../operations/helpers/outcomes.js";
import { sharedStore } from "../operations/helpers/shared-store.js";
import { type Client, newKey } from "../operations/helpers/way.js";
import { MODERN_HTTP, OVER_HTTP } from "../operations/helpers/ways.js";
import { type Working, working } from "../operations/helpers/works.js";
import { DAY_MS, stopClock, YEARS_MS } from "./helpers/clock.js";

const serve = working();
const clients: Client[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.close();
});

const KEY_EXPIRED = 1410;
const HELD = { of: "a", hold: true };
const TTL = 60_000;
const TOMBSTONE = 30_000;
const KEPT = { operationTtlMs: TTL, operationTombstoneMs: TOMBSTONE };
/** Nothing is sent while time flies: there is nobody to take it meanwhile. */
const QUIET = { keepAliveMs: DAY_MS, callTimeoutMs: YEARS_MS };

async function client(one: Working, user = "alice"): Promise<Client> {
  const made = await MODERN_HTTP.start(one, user);
  clients.push(made);
  return made;
}

/** The date moves; sweeps come with the calls that are made. */
const later = (ms: number) => void vi.setSystemTime(Date.now() + ms);
const recordsOf = ({ app }: Working) => (app.store.operations as MemoryOperationStore).size;

describe("limits.operationTtlMs", () => {
  it("an outcome can be had again until it is over, counted from its record; then the key says so", async () => {
    stopClock();
    const one = await serve(KEPT);
    const alice = await client(one);
    const asked = { args: { of: "a" }, key: newKey() };
    const first = await alice.call(asked);
    later(TTL - 1);
    // Replays do not make it last longer.
    for (let time = 0; time < 3; time += 1) expectReplay(first, await alice.call(asked));
    later(2);
    expect(expectError(await alice.call(asked), KEY_EXPIRED)).toMatch(/Nothing was run/);
    expect(one.works.count("a")).toBe(1);
    expectOther(first, await alice.call({ ...asked, key: newKey() }));
  });

  it("counts from the end of the work, however long that took", async () => {
    stopClock();
    const one = await serve({ ...KEPT, ...QUIET });
    const alice = await client(one);
    const asked = { args: HELD, key: newKey() };
    const call = alice.begin(asked);
    const start = await one.works.started("a");
    later(10 * TTL);
    start.finish();
    const first = await call.answer;
    later(TTL - 1);
    expectReplay(first, await alice.call(asked));
  });

  it("is for the work that waits for its client, too: then it may begin anew", async () => {
    stopClock();
    const one = await serve(KEPT);
    const alice = await client(one);
    const asked = { args: { of: "a" }, key: newKey() };
    await alice.call(asked);
    later(TTL + 1);
    expectError(await alice.call({ ...asked, args: { of: "b" } }), KEY_EXPIRED);
    expect(one.works.count("b")).toBe(0);
  });

  it("lifted with Infinity: a hundred years later the outcome is there", async () => {
    stopClock();
    const one = await serve({ operationTtlMs: Number.POSITIVE_INFINITY, operationTombstoneMs: 1 });
    const alice = await client(one);
    const asked = { args: { of: "a" }, key: newKey() };
    const first = await alice.call(asked);
    later(YEARS_MS);
    expectReplay(first, await alice.call(asked));
  });
});

describe("limits.operationTombstoneMs", () => {
  it("a key is remembered until it is over; then it is a new one", async () => {
    stopClock();
    const one = await serve(KEPT);
    const alice = await client(one);
    const asked = { args: { of: "a" }, key: newKey() };
    const first = await alice.call(asked);
    later(TTL + TOMBSTONE - 1);
    expectError(await alice.call(asked), KEY_EXPIRED);
    later(2);
    const second = await alice.call(asked);
    expectOther(first, second);
    expectReplay(second, await alice.call(asked));
    expect(new Set(one.works.of("a").map(({ id }) => id)).size).toBe(2);
  });

  it("what is past it is not kept in memory, while there is work and when there is little", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "performance"] });
    const one = await serve({ ...KEPT, ...QUIET });
    const alice = await client(one);
    for (let time = 0; time < 100; time += 1) await alice.call({ args: { of: "a" }, key: newKey() });
    expect(recordsOf(one)).toBe(100);
    vi.advanceTimersByTime(TTL + TOMBSTONE + TICK_MS);
    await alice.call({ args: { of: "b" }, key: newKey() });
    await until("one is left", () => recordsOf(one) === 1);
  });

  it("what is past it is not kept behind what lasts longer", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "performance"] });
    const one = await serve({ operationTtlMs: DAY_MS, joinWindowMs: 1_000, ...QUIET });
    const alice = await client(one);
    for (let time = 0; time < 300; time += 1) await alice.call({ args: { of: "a" }, key: newKey() });
    const call = alice.begin({ args: HELD });
    const start = await one.works.started("a", 301);
    await call.drop();
    start.finish();
    await one.idle();
    expect(recordsOf(one)).toBe(301);
    for (let time = 0; time < 5; time += 1) {
      vi.advanceTimersByTime(2 * TICK_MS);
      await alice.call({ args: { of: "b" }, key: newKey() });
    }
    expect(recordsOf(one)).toBe(305);
  });

  it("lifted with Infinity: a hundred years later the key is known", async () => {
    stopClock();
    const one = await serve({ operationTtlMs: 1, operationTombstoneMs: Number.POSITIVE_INFINITY });
    const alice = await client(one);
    const asked = { args: { of: "a" }, key: newKey() };
    await alice.call(asked);
    later(YEARS_MS);
    expectError(await alice.call(asked), KEY_EXPIRED);
  });
});

describe("limits.joinWindowMs", () => {
  const WINDOW = 45_000;

  /** A call without a key whose answer found nobody. */
  async function lost(one: Working): Promise<void> {
    const alice = await client(one);
    const call = alice.begin({ args: HELD });
    const start = await one.works.started("a");
    await call.drop();
    start.finish(() => "lost");
    await one.idle();
  }

  it("an answer that did not arrive is there for the same call until it is over; then that one runs", async () => {
    stopClock();
    for (const [ms, text] of [
      [WINDOW - 1, "lost"],
      [WINDOW + 1, "anew"],
    ] as const) {
      const one = await serve({ joinWindowMs: WINDOW });
      await lost(one);
      later(ms);
      const alice = await client(one);
      const second = alice.begin({ args: HELD });
      if (text === "anew") (await one.works.started("a", 2)).finish(() => "anew");
      expect([ms, textOf(await second.answer)]).toEqual([ms, text]);
    }
  });

  it("does not bound the work itself: who comes while it is going on joins", async () => {
    stopClock();
    const one = await serve({ joinWindowMs: WINDOW, ...QUIET });
    const alice = await client(one);
    const calls = [alice.begin({ args: HELD })];
    const start = await one.works.started("a");
    later(10 * WINDOW);
    calls.push(alice.begin({ args: HELD }));
    await one.calls(2);
    start.finish(() => "shared");
    for (const { answer } of calls) expect(textOf(await answer)).toBe("shared");
  });

  it("lifted with Infinity: it waits for ever", async () => {
    stopClock();
    const one = await serve({ joinWindowMs: Number.POSITIVE_INFINITY });
    await lost(one);
    later(YEARS_MS);
    expect(textOf(await (await client(one)).call({ args: HELD }))).toBe("lost");
  });
});

describe("limits.detachGraceMs", () => {
  const GRACE = 45_000;

  async function left(detachGraceMs: number) {
    stopClock("setTimeout", "clearTimeout");
    const one = await serve({ detachGraceMs, ...QUIET });
    const alice = await client(one);
    const call = alice.begin({ args: HELD, key: newKey() });
    const start = await one.works.started("a");
    await call.drop();
    return { one, start };
  }

  it("work that nobody is connected to goes on until it is over, and is aborted then", async () => {
    const { one, start } = await left(GRACE);
    vi.advanceTimersByTime(GRACE - 1);
    expect([start.aborted, one.app.ledger.size]).toEqual([false, 1]);
    vi.advanceTimersByTime(1);
    expect(start.aborted).toBe(true);
    await one.idle();
  });

  it("work that ends in time is not aborted, and leaves no timer", async () => {
    const { one, start } = await left(GRACE);
    const timers = vi.getTimerCount();
    start.finish();
    await one.idle();
    expect(vi.getTimerCount()).toBeLessThan(timers);
    vi.advanceTimersByTime(2 * GRACE);
    expect(start.aborted).toBe(false);
  });

  it("lifted with Infinity: it goes on as long as it likes", async () => {
    const { one, start } = await left(Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(20 * GRACE);
    later(YEARS_MS);
    expect([start.aborted, one.app.ledger.size]).toEqual([false, 1]);
  });

  it.each(OVER_HTTP.slice(1))("is not for $name, where a lost connection ends nothing", async (way) => {
    stopClock("setTimeout", "clearTimeout");
    const one = await serve({ detachGraceMs: 1, ...QUIET });
    const legacy = await way.start(one, "alice");
    clients.push(legacy);
    const call = legacy.begin({ args: HELD, key: newKey() });
    const start = await one.works.started("a");
    await call.drop();
    vi.advanceTimersByTime(GRACE);
    expect(start.aborted).toBe(false);
  });
});

describe("limits.leaseMs", () => {
  const LEASE = 9_000;

  async function owned(leaseMs: number) {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "performance"] });
    const shared = sharedStore();
    const limits = { leaseMs, ...QUIET };
    const [owner, other] = [await serve(limits, { store: shared.store }), await serve(limits, { store: shared.store })];
    const asked = { args: HELD, key: newKey() };
    const call = (await client(owner)).begin(asked);
    const start = await owner.works.started("a");
    /** Time passes for everybody, tick by tick. */
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += TICK_MS) {
        shared.pass(TICK_MS);
        vi.advanceTimersByTime(TICK_MS);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    return { shared, owner, other, asked, call, start, pass };
  }

  it("is renewed three times as often as it runs out: the owner keeps its work, others wait", async () => {
    const { shared, other, asked, call, start, pass } = await owned(LEASE);
    const waiting = (await client(other)).begin(asked);
    await other.calls(1);
    await pass(10 * LEASE);
    expect(shared.renewals()).toBeGreaterThanOrEqual(20);
    expect(shared.renewals()).toBeLessThanOrEqual(31);
    expect([start.aborted, other.works.count("a")]).toEqual([false, 0]);
    start.finish(() => "its own");
    for (const { answer } of [call, waiting]) expect(textOf(await answer)).toBe("its own");
  });

  it("that runs out gives the work up: to nobody before, to whoever asks then", async () => {
    const { shared, other, asked, start } = await owned(LEASE);
    const next = await client(other);
    shared.pass(LEASE - 1);
    const waiting = next.begin(asked);
    await other.calls(1);
    expect(other.app.ledger.size).toBe(1);
    shared.pass(1);
    expect(textOf(await waiting.answer)).toMatch(/^The outcome of this call is unknown/);
    expect([start.aborted, other.works.count("a")]).toEqual([false, 0]);
  });

  it("that was lost ends the work at the next sign of life", async () => {
    const { shared, other, asked, start, pass } = await owned(LEASE);
    shared.pass(LEASE);
    await (await client(other)).call(asked);
    await pass(LEASE);
    expect(start.aborted).toBe(true);
  });

  it("lifted with Infinity: nobody takes the work over", async () => {
    const { shared, other, asked, call, start } = await owned(Number.POSITIVE_INFINITY);
    shared.pass(YEARS_MS);
    const waiting = (await client(other)).begin(asked);
    await other.calls(1);
    start.finish(() => "its own");
    for (const { answer } of [call, waiting]) expect(textOf(await answer)).toBe("its own");
  });

  it("is of no account in a store of this process: nobody else could take over", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "performance"] });
    const one = await serve({ leaseMs: 1, ...QUIET });
    const alice = await client(one);
    const asked = { args: HELD, key: newKey() };
    const calls = [alice.begin(asked)];
    const start = await one.works.started("a");
    vi.advanceTimersByTime(DAY_MS / 100);
    calls.push(alice.begin(asked));
    await one.calls(2);
    start.finish(() => "its own");
    for (const { answer } of calls) expect(textOf(await answer)).toBe("its own");
  });
});
