/** How many calls one caller may have running at a time: places, who holds them, and that all of them come back. */
import { describe, expect, it } from "vitest";
import { Retryable } from "../../src/index.js";
import { until } from "../faults/helpers/until.js";
import { leg, registerAsking, stateOf, YES } from "../operations/helpers/legs.js";
import { outcome, textOf } from "../operations/helpers/outcomes.js";
import { newKey } from "../operations/helpers/way.js";
import { MODERN_HTTP, OVER_HTTP, WAYS } from "../operations/helpers/ways.js";
import { type Working, working } from "../operations/helpers/works.js";
import type { WireObject } from "../support/wire-schema.js";
import { counting } from "./helpers/counting.js";
import { ask, call, textOf as wordsOf } from "./helpers/limited.js";

const serve = working();
const READS = { annotations: { readOnlyHint: true } };
const FULL = {
  code: 1429,
  message:
    "Too many calls of tool limited at a time: 2 are allowed. Nothing was run. Call again when one of them has ended.",
  data: { retryAfterMs: 1000 },
};

/** Resolves when no call holds a place. */
function free({ app }: Working): Promise<void> {
  return until("no place is held", () => app.admissions.size === 0);
}

describe.each(WAYS)("a tool with two places, $name", (way) => {
  it.each([true, false])("refuses a third call, and serves it when one has ended (a read: %s)", async (reads) => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { concurrency: 2, ...(reads && READS) });
    const client = await way.start(one, "alice");
    const asked = (of: string, hold = false) => ({ name: "limited", args: { of, hold } });
    const held = ["a", "b"].map((of) => client.begin(asked(of, true)));
    const starts = await Promise.all(["a", "b"].map((of) => one.works.started(of)));
    for (let attempt = 0; attempt < 2; attempt += 1) expect((await client.call(asked("c"))).error).toEqual(FULL);
    expect(textOf(await client.call({ name: "read", args: { of: "d" } }))).toMatch(/^done /);
    starts[0]?.finish();
    await held[0]?.answer;
    expect(textOf(await client.call(asked("c")))).toMatch(/^done /);
    starts[1]?.finish();
    await held[1]?.answer;
    await free(one);
    expect(one.works.count("c")).toBe(1);
    client.close();
  });

  it("does not count calls that join, nor outcomes that are there: they need no place", async () => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { concurrency: 2 });
    const client = await way.start(one, "alice");
    const asked = { name: "limited", args: { of: "a", hold: true }, key: newKey() };
    const calls = Array.from({ length: 5 }, () => client.begin(asked));
    await one.calls(5);
    expect(one.app.admissions.size).toBe(1);
    const other = client.begin({ ...asked, args: { of: "b", hold: true }, key: newKey() });
    (await one.works.started("a")).finish();
    const answers = await Promise.all(calls.map(({ answer }) => answer));
    for (const answer of answers) expect(outcome(answer)).toEqual(outcome(answers[0] ?? {}));
    const third = client.begin({ ...asked, args: { of: "c", hold: true }, key: newKey() });
    await one.works.started("c");
    expect(outcome(await client.call(asked))).toEqual(outcome(answers[0] ?? {}));
    one.works.finishAll();
    await Promise.all([other.answer, third.answer]);
    client.close();
  });
});

describe("a place", () => {
  it("is another caller's own; those of the server are for everything together", async () => {
    const one = await serve({}, { concurrency: 1 });
    const held = call(one.url, "read", { of: "a", hold: true }, { user: "alice" });
    await one.works.started("a");
    const { status, headers, reply } = await call(one.url, "write", { of: "b" }, { user: "alice" });
    expect([status, headers["retry-after"]]).toEqual([429, "1"]);
    expect(reply?.error).toMatchObject({ message: expect.stringMatching(/^Too many calls at a time: 1 is allowed\./) });
    one.mcp.registerResource("file", "test://file", {}, (uri) => ({ contents: [{ uri: uri.href, text: "" }] }));
    expect((await ask(one.url, "resources/read", { uri: "test://file" }, { user: "alice" })).status).toBe(429);
    expect((await call(one.url, "read", { of: "c" }, { user: "bob" })).status).toBe(200);
    one.works.finishAll();
    expect((await held).status).toBe(200);
    expect((await ask(one.url, "resources/read", { uri: "test://file" }, { user: "alice" })).status).toBe(200);
    await free(one);
  });

  it.each(["resources/read", "prompts/get"])("is held while a handler of %s runs", async (method) => {
    const one = await serve();
    let end: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      end = resolve;
    });
    const config = { concurrency: 1 };
    one.mcp.registerResource("slow", "test://slow", config, async () => running.then(() => ({ contents: [] })));
    one.mcp.registerPrompt("slow", config, async () => running.then(() => ({ messages: [] })));
    const params: WireObject = method === "prompts/get" ? { name: "slow" } : { uri: "test://slow" };
    const held = ask(one.url, method, params, { user: "alice" });
    await until("one is held", () => one.app.admissions.size === 1);
    expect((await ask(one.url, method, params, { user: "alice" })).status).toBe(429);
    end();
    expect((await held).status).toBe(200);
    expect((await ask(one.url, method, params, { user: "alice" })).status).toBe(200);
    await free(one);
  });

  it("comes back from a handler that throws, is refused, or runs out of time", async () => {
    const one = await serve();
    const config = { concurrency: 1, timeoutMs: 20 };
    one.mcp.registerTool("throws", config, () => {
      throw new Error("broken");
    });
    one.mcp.registerTool("rejects", { ...config, ...READS }, () => Promise.reject(new Retryable("not now")));
    one.mcp.registerTool("endless", { ...config, ...READS }, () => new Promise(() => undefined));
    for (const name of ["throws", "rejects", "endless"]) {
      for (let time = 0; time < 2; time += 1) {
        const { reply } = await call(one.url, name, {}, { user: "alice" });
        expect(reply?.result).toMatchObject({ isError: true });
      }
    }
    await free(one);
  });

  it("is not left by a client that leaves while its handler works on: it cannot have more work by hanging up", async () => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { concurrency: 1, ...READS });
    const client = await MODERN_HTTP.start(one, "alice");
    const begun = client.begin({ name: "limited", args: { of: "a", hold: true, deaf: true } });
    const start = await one.works.started("a");
    await begun.drop();
    await one.calls(0);
    const { status } = await call(one.url, "limited", { of: "b" }, { user: "alice" });
    expect([status, start.aborted]).toEqual([429, true]);
    start.finish();
    await free(one);
    expect((await call(one.url, "limited", { of: "b" }, { user: "alice" })).status).toBe(200);
    client.close();
  });

  it.each(OVER_HTTP)("comes back when its handler minds a client that cancels or leaves, $name", async (way) => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { concurrency: 1, ...READS });
    const client = await way.start(one, "alice");
    const begun = client.begin({ name: "limited", args: { of: "a", hold: true } });
    await one.works.started("a");
    await (begun.cancel === undefined ? begun.drop() : begun.cancel());
    await free(one);
    client.close();
  });

  it("is free while a call waits for its client, and is taken again without being refused", async () => {
    const one = await serve({}, { concurrency: 1 });
    registerAsking(one.mcp);
    const who = { user: "alice", key: newKey() };
    const state = stateOf(await leg(one, { id: 1, ...who }));
    await free(one);
    const held = call(one.url, "read", { of: "a", hold: true }, { user: "alice" });
    await one.works.started("a");
    expect(textOf(await leg(one, { id: 2, ...who, state, answers: YES }))).toBe("transferred 1");
    expect(await leg(one, { id: 3, user: "alice", key: newKey() })).toMatchObject({ error: { code: 1429 } });
    one.works.finishAll();
    await held;
    await free(one);
  });
});

describe("places and rates together", () => {
  it.each([false, true])(
    "a call that finds no place does not count, one that comes too often holds none (late: %s)",
    async (late) => {
      const time = counting({ late });
      const one = await serve({}, { store: time.store });
      one.works.register(one.mcp, "limited", { concurrency: 1, rateLimit: { limit: 2, windowMs: 60_000 } });
      const asked = async (of: string) => {
        const { status, reply } = await call(one.url, "limited", { of }, { user: "alice" });
        return [status, wordsOf(reply).slice(0, 4)];
      };
      const held = call(one.url, "limited", { of: "a", hold: true }, { user: "alice" });
      await one.works.started("a");
      for (let attempt = 0; attempt < 3; attempt += 1) expect((await asked("b"))[0]).toBe(429);
      one.works.finishAll();
      expect((await held).status).toBe(200);
      expect(await asked("b")).toEqual([200, "done"]);
      for (let attempt = 0; attempt < 3; attempt += 1) expect((await asked("c"))[0]).toBe(429);
      await free(one);
      time.pass(30_000);
      expect(await asked("c")).toEqual([200, "done"]);
      await free(one);
      time.pass(60_000);
      await one.app.store.counters.sweep(100);
      expect(time.counters.size).toBe(0);
    },
  );
});

describe("in a store that others share", () => {
  it("places are renewed while their work lasts, and no longer", async () => {
    const late = counting({ late: true });
    const one = await serve({ leaseMs: 300 }, { store: late.store });
    one.works.register(one.mcp, "limited", { concurrency: 1, ...READS });
    const held = call(one.url, "limited", { of: "a", hold: true }, { user: "alice" });
    await one.works.started("a");
    const renewals = () => late.asked.filter((method) => method === "renew").length;
    // A first renewal that fails is not the end of it.
    let failures = 0;
    late.before("renew", () => {
      failures += 1;
      if (failures === 1) throw new Error("no store");
    });
    await until("renewed", () => renewals() >= 3);
    one.works.finishAll();
    await held;
    await free(one);
    expect(late.asked.filter((method) => method === "release")).toHaveLength(1);
  });
});
