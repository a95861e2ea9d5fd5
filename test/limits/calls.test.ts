/** Calls in flight: of everybody, of one caller, of one session. */

import { describe, expect, it } from "vitest";
import { anonymous, McpError } from "../../src/index.js";
import type { Limits } from "../../src/server/limits.js";
import { connect } from "../../src/testing/index.js";
import { legacySession, type RawResponse, sse } from "../support/raw-http.js";
import { call, expectServed, expectUnavailable, type Limited, listen, serving, textOf } from "./helpers/limited.js";

const serve = serving();
const HOLD = { name: "hold" };

/** Calls that stay until they are let go, one for each name. */
async function held(limited: Limited, users: readonly (string | undefined)[]): Promise<Promise<RawResponse>[]> {
  const before = limited.app.calls.size;
  const calls = users.map((user) => call(limited.url, "hold", {}, user === undefined ? {} : { user }));
  await limited.holding(before + users.length);
  return calls;
}

/** Lets the calls go: all are answered, nothing is left, the next one is served. */
async function over(limited: Limited, calls: readonly Promise<RawResponse>[], user = "a"): Promise<void> {
  limited.release();
  for (const one of calls) await expectServed(one, "held");
  await limited.idle();
  await expectServed(call(limited.url, "quick", {}, { user }));
}

/** Two streams that last are open, and there is still room for a call. */
async function expectServedBesideListeners(limits: Partial<Limits>): Promise<void> {
  const limited = await serve(limits);
  const streams = [await listen(limited.url, { user: "a" }), await listen(limited.url, { user: "a" })];
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  await expectServed(call(limited.url, "quick", {}, { user: "a" }));
  for (const stream of streams) stream.close();
  await limited.settled();
}

describe("limits.maxCalls", () => {
  const FULL = /^The server has 2 calls in flight; call again in a moment\.$/;

  it("takes as many as it says and refuses the next one with 503, on every transport", async () => {
    const limited = await serve({ maxCalls: 2 });
    const session = await legacySession(limited.url);
    const client = await sse(limited.sseUrl);
    await client.initialize();
    const inProcess = await connect(limited.mcp, { revision: "2025-11-25" });
    const [first] = await held(limited, ["a"]);
    await expectServed(call(limited.url, "quick", {}, { user: "b" }));
    const calls = [first as Promise<RawResponse>, ...(await held(limited, ["b"]))];

    const refused = await call(limited.url, "quick", {}, { user: "c" });
    expectUnavailable(refused, FULL);
    expect(refused.reply).toMatchObject({ id: 1 });
    expectUnavailable(await session.post(session.message("tools/list")), FULL);
    const unavailable = { code: 1503, message: expect.stringMatching(FULL) };
    expect(await client.request("ping")).toMatchObject({ error: unavailable });
    await expect(inProcess.callTool("quick")).rejects.toMatchObject(unavailable);
    await expect(inProcess.callTool("quick")).rejects.toBeInstanceOf(McpError);

    await over(limited, calls, "c");
    expect(textOf(await client.request("tools/call", { name: "quick" }))).toBe("quick");
    expect(textOf((await session.post(session.message("tools/call", { name: "quick" }))).reply)).toBe("quick");
    client.close();
    await inProcess.close();
  });

  it("gives a place back when its client leaves or cancels", async () => {
    const limited = await serve({ maxCalls: 2 });
    const session = await legacySession(limited.url);
    const leaving = new AbortController();
    const gone = call(limited.url, "hold", {}, { signal: leaving.signal }).catch(() => "gone");
    const cancelled = session.post(session.message("tools/call", HOLD, "cancelled"));
    await limited.holding(2);
    expectUnavailable(await call(limited.url, "quick"), FULL);
    leaving.abort();
    expect(await gone).toBe("gone");
    await session.notify("notifications/cancelled", { requestId: "cancelled" });
    await cancelled;
    await limited.settled();
    await over(limited, await held(limited, ["a", "b"]));
  });

  it("refuses what is too many of one batch, and answers the rest of it", async () => {
    const limited = await serve({ maxCalls: 2 });
    const session = await legacySession(limited.url, "2025-03-26");
    const batch = [1, 2, 3].map((id) => session.message("tools/call", HOLD, id));
    const answers = session.post(batch);
    await limited.holding(2);
    limited.release();
    const { status, messages } = await answers;
    expect(status).toBe(200);
    const byId = messages.map(({ id, error }) => [id, (error as { code?: number } | undefined)?.code]);
    expect(Object.fromEntries(byId)).toEqual({ 1: undefined, 2: undefined, 3: 1503 });
    await session.end();
    await limited.settled();
  });

  it("does not count listen streams, which last", () => expectServedBesideListeners({ maxCalls: 1 }));

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxCalls: Number.POSITIVE_INFINITY });
    await over(limited, await held(limited, ["a", "b", "c", undefined, undefined]));
  });
});

describe("limits.maxCallsPerPrincipal", () => {
  const FULL = /^This caller has 2 calls in flight; call again in a moment\.$/;

  it("refuses one caller with 503, over all its connections and sessions; others are served", async () => {
    const limited = await serve({ maxCallsPerPrincipal: 2 });
    const session = await legacySession(limited.url, "2025-11-25", { headers: { "x-user": "a" } });
    const inSession = session.post(session.message("tools/call", HOLD));
    await limited.holding(1);
    const calls = await held(limited, ["a"]);
    expectUnavailable(await call(limited.url, "quick", {}, { user: "a" }), FULL);
    expectUnavailable(await session.post(session.message("ping")), FULL);
    await expectServed(call(limited.url, "quick", {}, { user: "b" }));
    await over(limited, [inSession, ...calls, ...(await held(limited, ["b", "b"]))]);
    await session.end();
  });

  it("is not for callers whom nobody vouches for: they would share one bound", async () => {
    const limited = await serve({ maxCallsPerPrincipal: 1 }, { auth: anonymous() });
    await over(limited, await held(limited, [undefined, undefined, "not looked at"]));
  });

  it("does not count listen streams, which last and have a bound of their own", () =>
    expectServedBesideListeners({ maxCallsPerPrincipal: 1 }));

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxCallsPerPrincipal: Number.POSITIVE_INFINITY });
    await over(limited, await held(limited, ["a", "a", "a", "a"]));
  });
});

describe("limits.maxCallsPerSession", () => {
  const FULL = /^This session has 1 calls in flight; call again in a moment\.$/;

  it("refuses one session with 503; the caller's other sessions are served", async () => {
    const limited = await serve({ maxCallsPerSession: 1 });
    const headers = { "x-user": "a" };
    const [one, other] = [
      await legacySession(limited.url, "2025-11-25", { headers }),
      await legacySession(limited.url),
    ];
    const holding = one.post(one.message("tools/call", HOLD));
    await limited.holding(1);
    expectUnavailable(await one.post(one.message("ping")), FULL);
    expect((await other.request("ping")).result).toEqual({});
    await expectServed(call(limited.url, "quick", {}, { user: "a" }));
    await over(limited, [holding]);
    expect((await one.request("ping")).result).toEqual({});
    for (const session of [one, other]) await session.end();
  });

  it("refuses on a connection with the error 1503: HTTP+SSE and the in-process client, both eras", async () => {
    const limited = await serve({ maxCallsPerSession: 1 });
    const unavailable = { code: 1503, message: expect.stringMatching(FULL) };
    const client = await sse(limited.sseUrl);
    await client.initialize();
    await client.send(client.message("tools/call", HOLD, "held"));
    await limited.holding(1);
    expect(await client.request("ping")).toMatchObject({ error: unavailable });
    const connections = [await connect(limited.mcp), await connect(limited.mcp, { revision: "2025-06-18" })];
    const holding = connections.map((one) => one.callTool("hold"));
    await limited.holding(3);
    for (const one of connections) await expect(one.callTool("quick")).rejects.toMatchObject(unavailable);
    await over(limited, []);
    expect(textOf(await client.messages.expect(({ id }) => id === "held"))).toBe("held");
    await Promise.all(holding);
    for (const one of connections) expect(await one.callTool("quick")).toMatchObject({ content: [{ text: "quick" }] });
    for (const one of connections) await one.close();
    client.close();
  });

  it("does not count listen streams of a connection, which last", async () => {
    const limited = await serve({ maxCallsPerSession: 1 });
    const client = await connect(limited.mcp);
    const leave = client.listen({ toolsListChanged: true });
    await limited.holding(1);
    expect(await client.callTool("quick")).toMatchObject({ content: [{ text: "quick" }] });
    leave();
    await client.close();
    await limited.settled();
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxCallsPerSession: Number.POSITIVE_INFINITY });
    const session = await legacySession(limited.url);
    const holding = [1, 2, 3].map((id) => session.post(session.message("tools/call", HOLD, id)));
    await limited.holding(3);
    await over(limited, holding);
    await session.end();
  });
});
