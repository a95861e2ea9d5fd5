/** How often one caller may call: what is counted, what it is told, and that a retry never loses its outcome for it. */
import { describe, expect, it } from "vitest";
import { leg, registerAsking, stateOf, YES } from "../operations/helpers/legs.js";
import { expectReplay, facts, outcome, textOf } from "../operations/helpers/outcomes.js";
import { sharedStore } from "../operations/helpers/shared-store.js";
import { newKey } from "../operations/helpers/way.js";
import { OVER_HTTP, WAYS } from "../operations/helpers/ways.js";
import { PERMISSIONS, type Working, working } from "../operations/helpers/works.js";
import { legacySession } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { counting } from "./helpers/counting.js";
import { ask, call } from "./helpers/limited.js";

const serve = working();
const WINDOW_MS = 60_000;
const TWICE = { limit: 2, windowMs: WINDOW_MS };
const ONCE = { limit: 1, windowMs: WINDOW_MS };

/** The refusal of a tool that may be called `limit` times in a minute and has not been called for no time at all. */
function refusal(tool: string, limit: number): WireObject {
  const bound = `${limit} in 60 s ${limit === 1 ? "is" : "are"} allowed`;
  const wait = WINDOW_MS / limit;
  const message = `Too many calls of tool ${tool}: ${bound}. Nothing was run. Wait ${wait / 1000} s, then call again.`;
  return { code: 1429, message, data: { retryAfterMs: wait } };
}

describe.each(WAYS)("a tool that may be called twice, $name", (way) => {
  it("serves two calls, refuses the third in words that say what to do, and serves it when its time has come", async () => {
    const time = counting();
    const one = await serve({}, { store: time.store });
    one.works.register(one.mcp, "limited", { rateLimit: TWICE });
    const client = await way.start(one, "alice");
    const asked = (of: string) => client.call({ name: "limited", args: { of } });
    for (const of of ["a", "b"]) expect(textOf(await asked(of))).toMatch(/^done /);
    for (const of of ["c", "d"]) expect((await asked(of)).error).toEqual(refusal("limited", 2));
    expect((await client.call({ args: { of: "e" } })).result).toBeDefined();
    time.pass(WINDOW_MS / 2 - 1);
    expect((await asked("c")).error).toMatchObject({ data: { retryAfterMs: 1 } });
    time.pass(1);
    expect(textOf(await asked("c"))).toMatch(/^done /);
    expect(["c", "d"].map((of) => one.works.count(of))).toEqual([1, 0]);
    client.close();
  });

  it("[18] a call that was refused leaves its key unused: the same call runs later, once", async () => {
    const time = counting();
    const one = await serve({}, { store: time.store });
    one.works.register(one.mcp, "limited", { rateLimit: ONCE });
    const client = await way.start(one, "alice");
    expect(textOf(await client.call({ name: "limited", args: { of: "a" } }))).toMatch(/^done /);
    const asked = { name: "limited", args: { of: "b" }, key: newKey() };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await client.call(asked)).error).toEqual(refusal("limited", 1));
    }
    time.pass(WINDOW_MS);
    const answer = await client.call(asked);
    expect([textOf(answer).slice(0, 5), facts(answer), one.works.count("b")]).toEqual(["done ", undefined, 1]);
    client.close();
  });

  it("with the limit used up, a call with the key of one that is done gets its outcome, as often as it asks", async () => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { rateLimit: ONCE });
    const client = await way.start(one, "alice");
    const asked = { name: "limited", args: { of: "a" }, key: newKey() };
    const first = await client.call(asked);
    for (let again = 0; again < 5; again += 1) expectReplay(first, await client.call(asked));
    expect((await client.call({ ...asked, key: newKey() })).error).toMatchObject({ code: 1429 });
    client.close();
  });

  it("with the limit used up, a call with the key of one that is running joins it", async () => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { rateLimit: ONCE });
    const client = await way.start(one, "alice");
    const asked = { name: "limited", args: { of: "a", hold: true }, key: newKey() };
    const calls = Array.from({ length: 5 }, () => client.begin(asked));
    await one.calls(5);
    (await one.works.started("a")).finish();
    const [first, ...others] = await Promise.all(calls.map(({ answer }) => answer));
    expect(textOf(first ?? {})).toMatch(/^held /);
    for (const other of others) expect(outcome(other)).toEqual(outcome(first ?? {}));
    expect(one.works.count("a")).toBe(1);
    client.close();
  });
});

describe("over Streamable HTTP", () => {
  it("is 429 with Retry-After in whole seconds, rounded up, on both eras", async () => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { rateLimit: { limit: 7, windowMs: WINDOW_MS } });
    const session = await legacySession(one.url, "2025-11-25", { headers: { "x-user": "alice" } });
    const params = (of: number) => ({ name: "limited", arguments: { of: `${of}` } });
    for (let of = 0; of < 7; of += 1) await call(one.url, "limited", { of: `${of}` }, { user: "alice" });
    const answers = [
      await call(one.url, "limited", { of: "x" }, { user: "alice" }),
      await session.post(session.message("tools/call", params(9))),
    ];
    for (const { status, headers, reply } of answers) {
      expect([status, headers["retry-after"], headers["content-type"]]).toEqual([429, "9", "application/json"]);
      const error = reply?.error as { data: { retryAfterMs: number } };
      expect(error.data.retryAfterMs).toBeGreaterThan(8000);
      expect(error.data.retryAfterMs).toBeLessThanOrEqual(Math.ceil(WINDOW_MS / 7));
    }
    expect((await call(one.url, "limited", { of: "x" }, { user: "bob" })).status).toBe(200);
    await session.end();
  });

  it("is an error among the answers of a batch, and the last message of an answer that had become a stream", async () => {
    const late = counting({ late: true });
    const one = await serve({ slowCallMs: 1 }, { store: late.store });
    one.works.register(one.mcp, "limited", { rateLimit: ONCE });
    const session = await legacySession(one.url, "2025-03-26", { headers: { "x-user": "alice" } });
    const message = (of: string, id: number) =>
      session.message("tools/call", { name: "limited", arguments: { of } }, id);
    const batch = await session.post([message("a", 1), message("b", 2)]);
    expect(batch.status).toBe(200);
    const codes = batch.messages.map(({ id, error }) => [id, (error as { code?: number } | undefined)?.code]);
    expect(Object.fromEntries(codes)).toEqual({ 1: undefined, 2: 1429 });
    let goOn: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    late.before("peek", () => waiting);
    const stream = await session.open(message("c", 3));
    expect(stream.status).toBe(200);
    goOn();
    expect(await stream.messages.expect(({ id }) => id === 3)).toMatchObject({ error: { code: 1429 } });
    await session.end();
  });
});

describe("one call, sent a hundred times to two servers over one store", () => {
  it.each([0, 1])(
    "[7] is one call for a limit of one: all get its outcome, sent with one in hand (%i)",
    async (before) => {
      const { store } = sharedStore();
      const late = counting({ late: true, parts: store });
      const servers: Working[] = [];
      for (let server = 0; server < 2; server += 1) {
        const one = await serve({}, { store: late.store });
        one.works.register(one.mcp, "limited", { rateLimit: ONCE });
        servers.push(one);
      }
      const [way] = OVER_HTTP;
      const clients = await Promise.all(servers.map((one) => way?.start(one, "alice")));
      const asked = { name: "limited", args: { of: "a" }, key: newKey() };
      for (let call = 0; call < before; call += 1) await clients[0]?.call(asked);
      const calls = Array.from({ length: 100 }, (_, index) => clients[index % 2]?.call(asked));
      const answers = await Promise.all(calls);
      for (const answer of answers) expect(outcome(answer ?? {})).toEqual(outcome(answers[0] ?? {}));
      expect(textOf(answers[0] ?? {})).toMatch(/^done /);
      expect(servers.map(({ works }) => works.count("a")).sort()).toEqual([0, 1]);
      for (const client of clients) {
        expect((await client?.call({ ...asked, key: newKey() }))?.error).toMatchObject({ code: 1429 });
        client?.close();
      }
    },
  );
});

describe("what counts", () => {
  const KEYS = ["alice", "mallory"] as const;

  it("arguments that do not fit do; a call that may not be made does not", async () => {
    const one = await serve();
    one.works.register(one.mcp, "limited", { rateLimit: TWICE, requires: "work" });
    PERMISSIONS.set("mallory", []);
    for (let attempt = 0; attempt < 4; attempt += 1) {
      expect((await call(one.url, "limited", { of: "x" }, { user: "mallory" })).status).toBe(403);
    }
    PERMISSIONS.set("mallory", ["work"]);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await call(one.url, "limited", {}, { user: "mallory" })).reply?.result).toMatchObject({ isError: true });
    }
    for (const args of [{}, { of: "x" }]) {
      expect((await call(one.url, "limited", args, { user: "mallory" })).status).toBe(429);
    }
    expect(one.works.count("x")).toBe(0);
    PERMISSIONS.clear();
  });

  it.each(KEYS)("a stranger learns nothing of what is hidden, however often %s asks", async (user) => {
    const one = await serve();
    one.works.register(one.mcp, "secret", { rateLimit: ONCE, requires: "never", whenDenied: "hidden" });
    PERMISSIONS.set(user, []);
    const answers = [];
    for (const name of ["secret", "secret", "secret", "nothing"]) {
      const { status, reply } = await call(one.url, name, { of: "x" }, { user });
      answers.push([status, textOfError(reply).replace(name, "X")]);
    }
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    PERMISSIONS.clear();
  });

  it("each caller counts alone; callers whom nobody vouches for are one", async () => {
    const one = await serve({}, { rateLimit: ONCE });
    for (const user of ["alice", "bob", undefined]) {
      const by = user === undefined ? {} : { user };
      expect((await call(one.url, "read", { of: "x" }, by)).status).toBe(200);
      expect((await call(one.url, "read", { of: "x" }, by)).status).toBe(429);
    }
  });

  it("several rates hold together, also those of the server and of a tool", async () => {
    const time = counting();
    const rateLimit = [
      { limit: 2, windowMs: 1000 },
      { limit: 3, windowMs: WINDOW_MS },
    ];
    const one = await serve({}, { store: time.store, rateLimit });
    one.works.register(one.mcp, "limited", { annotations: { readOnlyHint: true }, rateLimit: ONCE });
    const asked = async (name: string) => {
      const { reply } = await call(one.url, name, { of: "x" }, { user: "alice" });
      return (reply?.error as { message?: string } | undefined)?.message?.replace(/\..*/, "") ?? "served";
    };
    expect(await asked("limited")).toBe("served");
    // Refused by the tool's own limit: nothing is taken from the server's.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await asked("limited")).toBe("Too many calls of tool limited: 1 in 60 s is allowed");
    }
    expect(await asked("read")).toBe("served");
    expect(await asked("read")).toBe("Too many calls: 2 in 1 s are allowed");
    time.pass(1000);
    expect(await asked("read")).toBe("served");
    expect(await asked("read")).toBe("Too many calls: 3 in 60 s are allowed");
  });

  it("a call that asks its client counts once, however many rounds it takes; so does one that is sent again", async () => {
    const one = await serve({}, { rateLimit: ONCE });
    const effects = registerAsking(one.mcp);
    for (const who of [{ user: "alice" }, { user: "bob", key: newKey() }]) {
      const state = stateOf(await leg(one, { id: 1, ...who }));
      const last = await leg(one, { id: 2, ...who, state, answers: YES });
      expect(textOf(last)).toMatch(/^transferred /);
      expectReplay(last, await leg(one, { id: 3, ...who, state, answers: YES }));
      expect(await leg(one, { id: 4, user: who.user, key: newKey() })).toMatchObject({ error: { code: 1429 } });
    }
    expect(effects.done).toHaveLength(2);
  });

  it("what lists, pings and asks for tasks does not", async () => {
    const one = await serve({}, { rateLimit: ONCE });
    for (let round = 0; round < 3; round += 1) {
      for (const method of ["tools/list", "server/discover"]) {
        expect((await ask(one.url, method, {}, { user: "alice" })).status).toBe(200);
      }
    }
    expect((await call(one.url, "read", { of: "x" }, { user: "alice" })).status).toBe(200);
  });
});

function textOfError(reply: WireObject | undefined): string {
  return (reply?.error as { readonly message: string } | undefined)?.message ?? "";
}
