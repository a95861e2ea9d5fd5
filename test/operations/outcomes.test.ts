/** What is recorded of a call and what is not: refusals, failures, permissions that were withdrawn, large results. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { McpError, PermissionError, Retryable, ToolError } from "../../src/index.js";
import { modernRequest, post } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { expectError, expectReplay, facts, outcome, textOf } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { OVER_HTTP, WAYS } from "./helpers/ways.js";
import { PERMISSIONS, type Working, working } from "./helpers/works.js";

const serve = working();
beforeEach(() => PERMISSIONS.clear());
afterEach(() => PERMISSIONS.clear());

/** A tool that does what stands in `turns`, one after the other. */
function registerTurns(one: Working, turns: readonly (() => unknown)[], config: object = {}): () => number {
  let turn = 0;
  one.mcp.registerTool("turns", config, () => {
    turn += 1;
    return turns[turn - 1]?.() as string;
  });
  return () => turn;
}
const asked = () => ({ name: "turns", args: {}, key: newKey() });
const throwing = (error: unknown) => () => {
  throw error;
};

/** What the caller of a refused call reads: a protocol error where HTTP carries the challenge, else a result. */
function refusalOf(answer: WireObject): string {
  if (answer.error !== undefined) return String((answer.error as WireObject).message);
  expect(answer.result).toMatchObject({ isError: true });
  return textOf(answer);
}

describe.each(WAYS)("[19] $name: a handler that", (way) => {
  it.each([
    ["throws", throwing(new Error("internal")), /^Internal error in tool turns/],
    ["throws what the model may read", throwing(new ToolError("No such site.")), /^No such site\.$/],
    ["returns isError", () => ({ content: [{ type: "text", text: "failed" }], isError: true }), /^failed$/],
  ])("%s: recorded, the key gives the same result", async (_what, first, text) => {
    const one = await serve();
    const runs = registerTurns(one, [first, () => "second"]);
    const client = await way.start(one, "alice");
    const ask = asked();
    const answer = await client.call(ask);
    expect(answer.result).toMatchObject({ isError: true });
    expect(textOf(answer)).toMatch(text);
    expectReplay(answer, await client.call(ask));
    expect(runs()).toBe(1);
    client.close();
  });

  it("throws an McpError: recorded as it is", async () => {
    const one = await serve();
    const runs = registerTurns(one, [throwing(new McpError(4711, "No such order", { order: 17 })), () => "second"]);
    const client = await way.start(one, "alice");
    const ask = asked();
    const error = { code: 4711, message: "No such order", data: { order: 17 } };
    expect((await client.call(ask)).error).toEqual(error);
    expect((await client.call(ask)).error).toEqual(error);
    expect(runs()).toBe(1);
    client.close();
  });

  it.each([
    ["throws Retryable", new Retryable("Call again in a minute."), /^Call again in a minute\.$/],
    ["lacks a permission", new PermissionError(["x:write"]), /x:write/],
  ])("%s: released, the key runs again", async (_what, error, text) => {
    const one = await serve();
    const runs = registerTurns(one, [throwing(error), throwing(error), () => "third"]);
    const client = await way.start(one, "alice");
    const ask = asked();
    for (let time = 0; time < 2; time += 1) {
      const answer = await client.call(ask);
      expect(refusalOf(answer)).toMatch(text);
      expect(answer.result === undefined ? undefined : facts(answer)).toBeUndefined();
    }
    const third = await client.call(ask);
    expect(textOf(third)).toBe("third");
    expectReplay(third, await client.call(ask));
    expect(runs()).toBe(3);
    client.close();
  });

  it("throws Retryable while others wait: all are told, and the key runs again", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const ask = { args: { of: "a", hold: true }, key: newKey() };
    const calls = [client.begin(ask), client.begin(ask)];
    await one.calls(2);
    one.works.of("a")[0]?.finish(throwing(new Retryable("Later.")));
    for (const { answer } of calls) expect(textOf(await answer)).toBe("Later.");
    const again = client.begin(ask);
    (await one.works.started("a", 2)).finish(() => "now");
    expect(textOf(await again.answer)).toBe("now");
    client.close();
  });

  it("takes longer than its tool may: recorded, and aborted for whoever waits", async () => {
    const one = await serve();
    one.works.register(one.mcp, "slow", { timeoutMs: 20 });
    const client = await way.start(one, "alice");
    const ask = { name: "slow", args: { of: "a", hold: true }, key: newKey() };
    const answer = await client.call(ask);
    expect(answer.result).toMatchObject({ isError: true });
    expect(textOf(answer)).toMatch(/^Timed out after 20 ms\./);
    expectReplay(answer, await client.call(ask));
    expect([one.works.count("a"), one.works.of("a")[0]?.aborted]).toEqual([1, true]);
    client.close();
  });
});

describe.each(WAYS)("[18] $name: a call that was refused uses no key up", (way) => {
  it("for its arguments", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const refused = await client.call({ args: { of: 17 }, key });
    expect(refused.result).toMatchObject({ isError: true });
    expect(textOf(refused)).toMatch(/^Invalid arguments/);
    expectError(await client.call({ name: "unknown", args: { of: "a" }, key }), -32602);
    const done = await client.call({ args: { of: "a" }, key });
    expect([textOf(done).slice(0, 4), facts(done), one.works.count("a")]).toEqual(["done", undefined, 1]);
    client.close();
  });

  it("for the calls that are in flight", async () => {
    const one = await serve({ maxCalls: 1 });
    const client = await way.start(one, "alice");
    const held = client.begin({ args: { of: "held", hold: true }, key: newKey() });
    await one.calls(1);
    const key = newKey();
    expectError(await client.call({ args: { of: "a" }, key }), 1503);
    one.works.finishAll();
    await held.answer;
    const done = await client.call({ args: { of: "a" }, key });
    expect([textOf(done).slice(0, 4), facts(done), one.works.count("a")]).toEqual(["done", undefined, 1]);
    client.close();
  });

  it("[24] a result over the bound is refused in words, and the key does not run again", async () => {
    const one = await serve({ maxResultBytes: 1_000 });
    const runs = registerTurns(one, [() => "x".repeat(2_000), () => "second"]);
    const client = await way.start(one, "alice");
    const ask = asked();
    const answer = await client.call(ask);
    expect(textOf(answer)).toMatch(/limits\.maxResultBytes/);
    expect(textOf(await client.call(ask))).toMatch(/limits\.maxResultBytes/);
    expect(runs()).toBe(1);
    client.close();
  });

  it("[24] a large result, with structure and _meta of its own, is replayed as it was", async () => {
    const one = await serve();
    const structuredContent = {
      rows: Array.from({ length: 2_000 }, (_, row) => ({ row, text: "ü\u2028".repeat(20) })),
    };
    const result = { content: [{ type: "text", text: "rows" }], structuredContent, _meta: { "example.com/of": "all" } };
    registerTurns(one, [() => result]);
    const client = await way.start(one, "alice");
    const ask = asked();
    const answer = await client.call(ask);
    expect(outcome(answer)).toMatchObject({ _meta: { "example.com/of": "all" } });
    expectReplay(answer, await client.call(ask));
    client.close();
  });
});

describe.each(OVER_HTTP)("$name: what a caller may is decided anew", (way) => {
  it("[18] a call that was not permitted uses no key up", async () => {
    const one = await serve();
    one.works.register(one.mcp, "needs", { requires: "x:write" });
    const client = await way.start(one, "alice");
    const ask = { name: "needs", args: { of: "a" }, key: newKey() };
    PERMISSIONS.set("alice", ["x:read"]);
    expect(refusalOf(await client.call(ask))).toMatch(/Permission denied for tool needs: it needs x:write/);
    PERMISSIONS.set("alice", ["x:write"]);
    const done = await client.call(ask);
    expect([textOf(done).slice(0, 4), facts(done), one.works.count("a")]).toEqual(["done", undefined, 1]);
    client.close();
  });

  it.each([{ keyed: true }, { keyed: false }])(
    "[22] a permission that was withdrawn takes the outcome along (with a key: $keyed)",
    async ({ keyed }) => {
      const one = await serve();
      one.works.register(one.mcp, "needs", { requires: "x:write" });
      const client = await way.start(one, "alice");
      const ask = { name: "needs", args: { of: "a", hold: true }, ...(keyed && { key: newKey() }) };
      PERMISSIONS.set("alice", ["x:write"]);
      const first = client.begin(ask);
      const start = await one.works.started("a");
      PERMISSIONS.set("alice", ["x:read"]);
      // Neither to what is going on nor to what came of it.
      const refused = [await client.call(ask)];
      start.finish(() => "for those who may write");
      await first.answer;
      refused.push(await client.call(ask));
      for (const answer of refused) {
        expect(refusalOf(answer)).toMatch(/Permission denied/);
        expect(JSON.stringify(answer)).not.toMatch(/those who may write|holdfast\/operation/);
      }
      PERMISSIONS.set("alice", ["x:*"]);
      if (keyed) expect(textOf(await client.call(ask))).toBe("for those who may write");
      expect(one.works.count("a")).toBe(1);
      client.close();
    },
  );
});

describe("[18] over HTTP", () => {
  it("a request that is refused before it is a call uses no key up: headers, envelope, body", async () => {
    const one = await serve();
    const key = newKey();
    const { message, headers } = modernRequest("tools/call", { name: "write", arguments: { of: "a" } });
    const keyed = { ...headers, "idempotency-key": key, "x-user": "alice" };
    const refused = [
      await post(one.url, message, { headers: { ...keyed, "mcp-name": "other" } }),
      await post(one.url, message, { headers: { ...keyed, "mcp-method": undefined } }),
      await post(one.url, JSON.stringify(message).slice(0, -1), { headers: keyed }),
      await post(one.url, message, { headers: { ...keyed, origin: "https://evil.test" } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 403]);
    const done = (await post(one.url, message, { headers: keyed })).reply ?? {};
    expect([textOf(done).slice(0, 4), facts(done), one.works.count("a")]).toEqual(["done", undefined, 1]);
  });
});
