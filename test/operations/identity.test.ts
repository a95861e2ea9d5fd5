/** Which calls are the same work, beside keys in a call: hosts, tools, the header, and whose a key is. */
import { describe, expect, it } from "vitest";
import { modernRequest, post } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { expectError, expectOther, expectReplay, facts, outcome } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { MODERN_HTTP, WAYS } from "./helpers/ways.js";
import { working } from "./helpers/works.js";

const serve = working();
const CONFLICT = 1409;
const INVALID = -32602;

describe.each(WAYS)("$name", (way) => {
  it("a host's id of one use of a tool is a key", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const meta = { "claudecode/toolUseId": "toolu_1" };
    const first = await client.call({ args: { of: "a" }, meta });
    expectReplay(first, await client.call({ args: { of: "a" }, meta }));
    expectError(await client.call({ args: { of: "b" }, meta }), CONFLICT);
    expectOther(first, await client.call({ args: { of: "a" }, meta: { "claudecode/toolUseId": "toolu_2" } }));
    expect([one.works.count("a"), one.works.count("b")]).toEqual([2, 0]);
    client.close();
  });

  it("a key that the client chose goes before the host's", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const meta = { "claudecode/toolUseId": "toolu_1" };
    const first = await client.call({ args: { of: "a" }, key: newKey(), meta });
    expectOther(first, await client.call({ args: { of: "a" }, key: newKey(), meta }));
    client.close();
  });

  it("a tool's own key makes calls the same, whoever forgets to send one", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const first = await client.call({ name: "order", args: { of: "17" } });
    expectReplay(first, await client.call({ name: "order", args: { of: "17" } }));
    expectError(await client.call({ name: "order", args: { of: "17", steps: 1 } }), CONFLICT);
    expectOther(first, await client.call({ name: "order", args: { of: "18" } }));
    expectOther(first, await client.call({ name: "order", args: { of: "17" }, key: newKey() }));
    client.close();
  });

  it("reads are never recorded: each call runs, key or not", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const read = { name: "read", args: { of: "a" } };
    const [first, second] = [await client.call({ ...read, key }), await client.call({ ...read, key })];
    expectOther(first, second);
    expectOther(second, await client.call(read));
    expect(one.works.count("a")).toBe(3);
    client.close();
  });

  it("ctx.operation.id is the same in every run of one key, and another for another", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const args = { of: "a" };
    const key = newKey();
    await client.call({ args, key });
    await client.call({ args, key });
    await client.call({ args, key: newKey() });
    const [first, second] = one.works.of("a").map(({ id }) => id);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    client.close();
  });
});

describe("the header Idempotency-Key", () => {
  function asked(headerKey: string, params: WireObject = {}) {
    const { message, headers } = modernRequest("tools/call", { name: "write", arguments: { of: "a" }, ...params });
    return { message, headers: { ...headers, "idempotency-key": headerKey, "x-user": "alice" } };
  }

  it("may be a structured string: quoted, with escapes", async () => {
    const one = await serve();
    const key = newKey();
    const ask = async (headerKey: string) => {
      const { message, headers } = asked(headerKey);
      return (await post(one.url, message, { headers })).reply as WireObject;
    };
    const first = await ask(key);
    expect(outcome(await ask(`"${key}"`))).toEqual(outcome(first));
    const escaped = await ask(`"${key}\\"\\\\"`);
    expect(outcome(await ask(`${key}"\\`))).toEqual(outcome(escaped));
    expect(one.works.count("a")).toBe(2);
  });

  it("that differs from the key in the body is refused", async () => {
    const one = await serve();
    const { message, headers } = asked(newKey(), { idempotencyKey: newKey() });
    expectError((await post(one.url, message, { headers })).reply as WireObject, INVALID);
    expect(one.works.count("a")).toBe(0);
  });

  it.each(["short", "x".repeat(256), '""', '"x', "one-key-of-a-test, another-key-of-a-test"])(
    "that is no key (%s) is refused",
    async (key) => {
      const one = await serve();
      const { message, headers } = asked(key);
      const { status, reply } = await post(one.url, message, { headers });
      expect(status).toBe(200);
      expectError(reply as WireObject, INVALID);
      expect(one.works.count("a")).toBe(0);
    },
  );

  it("sent twice is refused", async () => {
    const one = await serve();
    const { message, headers } = asked(newKey());
    const twice = { ...headers, "idempotency-key": [newKey(), newKey()] as unknown as string };
    expectError((await post(one.url, message, { headers: twice })).reply as WireObject, INVALID);
    expect(one.works.count("a")).toBe(0);
  });

  it("[8] of a conflict is answered with HTTP 200 and an error outside the reserved codes", async () => {
    const one = await serve();
    const key = newKey();
    const first = asked(key);
    await post(one.url, first.message, { headers: first.headers });
    const second = asked(key, { arguments: { of: "b" } });
    const { status, reply } = await post(one.url, second.message, { headers: second.headers });
    expect(status).toBe(200);
    expectError(reply as WireObject, CONFLICT);
  });
});

describe("[10] callers", () => {
  it.each(WAYS.filter(({ breaks }) => breaks))("$name: another caller's key is another key", async (way) => {
    const one = await serve();
    const [alice, bob] = [await way.start(one, "alice"), await way.start(one, "bob")];
    const asked = { args: { of: "a" }, key: newKey() };
    const first = await alice.call(asked);
    const second = await bob.call(asked);
    expectOther(first, second);
    expect(facts(await bob.call({ ...asked, args: { of: "a" } }))).toMatchObject({ replayed: true });
    // Not even that the key is taken is told.
    expectOther(first, await bob.call({ args: { of: "b" }, key: newKey() }));
    alice.close();
    bob.close();
  });

  it("one caller's key is the same work over every way over HTTP, and on every connection", async () => {
    const one = await serve();
    const asked = { args: { of: "a" }, key: newKey() };
    const first = await (await MODERN_HTTP.start(one, "alice")).call(asked);
    for (const way of WAYS.filter(({ breaks }) => breaks)) {
      const client = await way.start(one, "alice");
      expectReplay(first, await client.call(asked));
      client.close();
    }
    expect(one.works.count("a")).toBe(1);
  });
});

describe("hostCallIds", () => {
  it("are the server's to choose; none are none", async () => {
    const own = await serve({}, { hostCallIds: ["example.com/use"] });
    const client = await MODERN_HTTP.start(own, "alice");
    const meta = { "example.com/use": "1" };
    const first = await client.call({ args: { of: "a" }, meta });
    expectReplay(first, await client.call({ args: { of: "a" }, meta }));
    const theirs = { "claudecode/toolUseId": "toolu_1" };
    const second = await client.call({ args: { of: "b" }, meta: theirs });
    expectOther(second, await client.call({ args: { of: "b" }, meta: theirs }));
    const none = await serve({}, { hostCallIds: [] });
    const other = await MODERN_HTTP.start(none, "alice");
    expectOther(await other.call({ args: { of: "a" }, meta }), await other.call({ args: { of: "a" }, meta }));
    client.close();
    other.close();
  });
});
