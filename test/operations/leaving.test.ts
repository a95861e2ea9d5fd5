/** Calls that end before their operation: what becomes of the work, by era, kind of tool and reason. */
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DAY_MS, stopClock } from "../limits/helpers/clock.js";
import { expectOther, expectReplay, outcome, textOf } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { LEGACY_HTTP, MODERN_HTTP, OVER_HTTP, WAYS } from "./helpers/ways.js";
import { working } from "./helpers/works.js";

const serve = working();
const GRACE = 60_000;
/** Nothing is sent while time flies: there is nobody to take it meanwhile. */
const LIMITS = { detachGraceMs: GRACE, keepAliveMs: DAY_MS };
const HELD = { of: "a", hold: true };
const WORDED = WAYS.filter(({ name }) => name !== MODERN_HTTP.name);

const stopTime = () => stopClock("setTimeout", "clearTimeout");
const pass = (ms: number) => void vi.advanceTimersByTime(ms);
afterEach(() => void vi.useRealTimers());

describe("[14] a client of 2026-07-28 whose connection breaks, the last one that waited", () => {
  it.each([{ key: true }, { key: false }])("comes back in time (key: $key): new id, same work", async (by) => {
    stopTime();
    const one = await serve(LIMITS);
    const client = await MODERN_HTTP.start(one, "alice");
    const asked = { args: HELD, ...(by.key && { key: newKey() }) };
    const first = client.begin(asked);
    const start = await one.works.started("a");
    await first.drop();
    await one.calls(0);
    expect([start.aborted, one.app.ledger.size]).toEqual([false, 1]);
    pass(GRACE - 2_000);
    const second = client.begin({ ...asked, token: 1 });
    await one.calls(1);
    // Somebody waits again: the time that was given is no bound any more.
    pass(10 * GRACE);
    expect(start.aborted).toBe(false);
    start.finish();
    expect(textOf(await second.answer)).toMatch(/^held /);
    expect(one.works.count("a")).toBe(1);
    await one.idle();
    client.close();
  });

  it("comes back when the work is done: the outcome was recorded meanwhile", async () => {
    const one = await serve(LIMITS);
    const client = await MODERN_HTTP.start(one, "alice");
    const [key, other] = [newKey(), newKey()];
    for (const asked of [{ args: HELD, key }, { args: { of: "b", hold: true } }, { args: { of: "c" }, key: other }]) {
      const call = client.begin(asked);
      const start = await one.works.started(asked.args.of);
      await call.drop();
      start.finish(() => `outcome of ${asked.args.of}`);
      await one.idle();
      const again = await client.call(asked);
      expect(textOf(again)).toMatch(new RegExp(`^(outcome of ${asked.args.of}|done .*)$`));
      expectReplay({ ...again, id: 0 }, again, start.id);
      expect(one.works.count(asked.args.of)).toBe(1);
    }
    client.close();
  });

  it("does not come back: the work is aborted when its time is over, and says so with the key", async () => {
    stopTime();
    const one = await serve(LIMITS);
    const client = await MODERN_HTTP.start(one, "alice");
    const asked = { args: HELD, key: newKey() };
    const first = client.begin(asked);
    const start = await one.works.started("a");
    await first.drop();
    pass(GRACE - 2_000);
    expect(start.aborted).toBe(false);
    pass(2_000);
    expect(start.aborted).toBe(true);
    await one.idle();
    const late = await client.call(asked);
    expect(late.result).toMatchObject({ isError: true });
    expect(textOf(late)).toBe("The client closed the connection. What had been done by then stays done.");
    expect(one.works.count("a")).toBe(1);
    client.close();
  });

  it("waited for a read: it is aborted at once", async () => {
    const one = await serve(LIMITS);
    const client = await MODERN_HTTP.start(one, "alice");
    const first = client.begin({ name: "read", args: HELD });
    const start = await one.works.started("a");
    await first.drop();
    expect(start.aborted).toBe(true);
    client.close();
  });

  it("waited for a call that nothing tells from others: nobody could come back for it, it is aborted at once", async () => {
    const one = await serve(LIMITS);
    const [stranger, alice] = [await MODERN_HTTP.start(one), await MODERN_HTTP.start(one, "alice")];
    const calls = [stranger.begin({ args: HELD }), alice.begin({ name: "again", args: { of: "b", hold: true } })];
    const starts = [await one.works.started("a"), await one.works.started("b")];
    for (const call of calls) await call.drop();
    expect(starts.map(({ aborted }) => aborted)).toEqual([true, true]);
    stranger.close();
    alice.close();
  });
});

describe.each(LEGACY_HTTP)("[15] $name: a connection that breaks", (way) => {
  it.each(["write", "read", "again"])("cancels nothing (%s)", async (name) => {
    stopTime();
    const one = await serve(LIMITS);
    const client = await way.start(one, "alice");
    const first = client.begin({ name, args: HELD });
    const start = await one.works.started("a");
    await first.drop();
    pass(2 * GRACE);
    expect([start.aborted, one.app.calls.size]).toEqual([false, 1]);
    start.finish();
    await one.idle();
    client.close();
  });
});

describe.each(OVER_HTTP)("$name", (way) => {
  it("[14] an equal call on a new connection gets the outcome of the one whose connection broke, once", async () => {
    const one = await serve();
    const [leaving, coming] = [await way.start(one, "alice"), await way.start(one, "alice")];
    const first = leaving.begin({ args: HELD });
    const start = await one.works.started("a");
    await first.drop();
    const second = coming.begin({ args: HELD });
    await one.calls(way.era === "modern" ? 1 : 2);
    start.finish(() => "the outcome");
    expect(textOf(await second.answer)).toBe("the outcome");
    expect(one.works.count("a")).toBe(1);
    leaving.close();
    coming.close();
  });
});

describe.each(WORDED)("[12] $name: cancelled in words", (way) => {
  it("by one who attached: the call it attached to goes on, and has its progress and its outcome", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { args: HELD, key: newKey() };
    const first = client.begin({ ...asked, token: 1 });
    const start = await one.works.started("a");
    const second = client.begin({ ...asked, token: 2 });
    await one.calls(2);
    await second.cancel?.();
    await one.calls(1);
    start.ctx.progress(1, 1, "later");
    expect(start.aborted).toBe(false);
    start.finish();
    expect(textOf(await first.answer)).toMatch(/^held /);
    expect([first.told.length, second.told.length]).toEqual([1, 0]);
    client.close();
  });

  it("by the call that began the work, while another waits: the work goes on for that one", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { args: HELD, key: newKey() };
    const first = client.begin(asked);
    const start = await one.works.started("a");
    const second = client.begin({ ...asked, token: 2 });
    await one.calls(2);
    await first.cancel?.();
    await one.calls(1);
    expect(start.aborted).toBe(false);
    start.ctx.progress(1, 1, "still here");
    start.finish();
    expect(textOf(await second.answer)).toMatch(/^held /);
    expect(second.told).toHaveLength(1);
    client.close();
  });

  it("by the last one: the work is aborted at once, and the key says so", async () => {
    const one = await serve(LIMITS);
    const client = await way.start(one, "alice");
    const asked = { args: HELD, key: newKey() };
    const calls = [client.begin(asked), client.begin(asked)];
    await one.calls(2);
    const [start] = one.works.of("a");
    await calls[0]?.cancel?.();
    await one.calls(1);
    expect(start?.aborted).toBe(false);
    await calls[1]?.cancel?.();
    await one.idle();
    expect(start?.aborted).toBe(true);
    const again = await client.call(asked);
    expect(textOf(again)).toBe("The client cancelled the call. What had been done by then stays done.");
    expectReplay({ ...again, id: 0 }, again, start?.id);
    expect(one.works.count("a")).toBe(1);
    client.close();
  });
});

describe.each(WAYS.filter(({ breaks }) => !breaks))("[87] $name: the pipe breaks", (way) => {
  it("whoever started the process is gone: work of 2026-07-28 is aborted at once", async () => {
    const one = await serve(LIMITS);
    const client = await way.start(one);
    const first = client.begin({ args: HELD });
    const start = await one.works.started("a");
    await first.drop();
    // Legacy calls end with the process, which is the transport's to decide.
    expect(start.aborted).toBe(way.era === "modern");
    start.finish();
    await one.idle();
  });
});

describe.each(WORDED)("[13] $name: a cancellation", (way) => {
  it("past the commit point leaves the outcome as it is", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { args: { of: "a" }, key: newKey() };
    const first = client.begin(asked);
    const answer = await first.answer;
    await first.cancel?.();
    expectReplay(answer, await client.call(asked));
    expect(one.works.count("a")).toBe(1);
    client.close();
  });

  it("of work that does not look at its signal: what comes of it is recorded, and the key has it", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { args: { of: "a", hold: true, deaf: true }, key: newKey() };
    const first = client.begin(asked);
    const start = await one.works.started("a");
    await first.cancel?.();
    await one.calls(0);
    expect(start.aborted).toBe(true);
    const second = client.begin(asked);
    await one.calls(1);
    start.finish(() => "done all the same");
    expect(outcome(await second.answer)).toMatchObject({ content: [{ text: "done all the same" }] });
    expectReplay(await second.answer, await client.call(asked), start.id);
    expect(one.works.count("a")).toBe(1);
    client.close();
  });

  it("without a key is the end of it: the same call later is meant, and runs", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const first = client.begin({ args: HELD });
    await one.works.started("a");
    await first.cancel?.();
    await one.idle();
    const second = client.begin({ args: HELD });
    const start = await one.works.started("a", 2);
    start.finish();
    expect(textOf(await second.answer)).toMatch(/^held /);
    client.close();
  });

  it("without a key: the same call while the cancelled work is still ending runs after it, on its own", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { args: { of: "a", hold: true, deaf: true } };
    const first = client.begin(asked);
    const start = await one.works.started("a");
    await first.cancel?.();
    await one.calls(0);
    const second = client.begin(asked);
    await one.calls(1);
    start.finish(() => "nobody wants it");
    const other = await one.works.started("a", 2);
    other.finish(() => "wanted");
    expect(textOf(await second.answer)).toBe("wanted");
    client.close();
  });
});

describe.each(WAYS)("[13] $name: left while it is found out whether the caller may", (way) => {
  it("nothing is begun for nobody, and the key is not used up", async () => {
    const one = await serve(LIMITS);
    const deciding: (() => void)[] = [];
    let undecided = true;
    one.works.register(one.mcp, "guarded", {
      requires: () => (undecided ? new Promise((resolve) => deciding.push(() => resolve(true))) : true),
    });
    const client = await way.start(one, "alice");
    const asked = { name: "guarded", args: { of: "a" }, key: newKey() };
    const first = client.begin(asked);
    await one.calls(1);
    await vi.waitFor(() => expect(deciding).toHaveLength(1));
    if (first.cancel === undefined) await first.drop();
    else await first.cancel();
    await one.calls(0);
    undecided = false;
    deciding[0]?.();
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(one.works.count("a")).toBe(0);
    const second = await client.call(asked);
    const third = await client.call({ ...asked, key: newKey() });
    expectOther(second, third);
    client.close();
  });
});
