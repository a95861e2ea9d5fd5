/** [S12] Sessions: how many hold state, for how long, and what each may accumulate. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { TAG } from "../faults/helpers/server.js";
import { collect, type LegacySession, legacySession, open, type RawStream } from "../support/raw-http.js";
import { stopClock } from "./helpers/clock.js";
import { ask, call, expectBusy, expectServed, expectUnavailable, type Limited, serving } from "./helpers/limited.js";

const serve = serving();
afterEach(() => void vi.useRealTimers());

const session = ({ url }: Limited, user?: string) =>
  legacySession(url, "2025-11-25", { headers: { "x-user": user, [TAG]: user } });
const openSse = ({ sseUrl }: Limited, user?: string, tag?: string) =>
  open(sseUrl, { headers: { "x-user": user, [TAG]: tag } });

async function expectRefused(opening: Promise<RawStream>): Promise<void> {
  const refused = await collect(await opening);
  expectBusy(refused);
  expect(refused.raw.toString()).toBe("Too many open sessions; try again later.\n");
}

async function expectAlive(one: LegacySession): Promise<void> {
  expect((await one.request("ping")).result).toEqual({});
}

describe("[S12] limits.maxSessions", () => {
  it("of HTTP+SSE: 503 beyond, also for strangers, until one has been given up; who comes back is let in", async () => {
    stopClock();
    const limited = await serve({ maxSessions: 2, resumeWindowMs: 10_000 });
    const streams = [await openSse(limited, "a", "first"), await openSse(limited, undefined, "second")];
    for (const user of ["a", "b", undefined]) await expectRefused(openSse(limited, user));
    await expectServed(call(limited.url, "quick"));
    await expectAlive(await session(limited));
    const [first, second] = streams as [RawStream, RawStream];
    const { id } = await first.events.expect();
    first.close();
    await limited.gone("first");
    await expectRefused(openSse(limited, "a"));
    const back = await open(limited.sseUrl, { headers: { "x-user": "a", "last-event-id": id, [TAG]: "back" } });
    expect(back.status).toBe(200);
    for (const stream of [back, second]) stream.close();
    await Promise.all([limited.gone("back"), limited.gone("second")]);
    vi.advanceTimersByTime(11_000);
    expect(limited.app.ticker.size).toBe(0);
    const again = await openSse(limited, "b");
    expect(again.status).toBe(200);
    again.close();
    await limited.settled();
  });

  it("of Streamable HTTP: the oldest makes room, knows it by the end of its stream, and its id stays good", async () => {
    const limited = await serve({ maxSessions: 2 });
    const sessions = [await session(limited), await session(limited), await session(limited)];
    const [first, second] = [await sessions[0]?.listen(), await sessions[1]?.listen()];
    // Sessions that hold nothing are not counted.
    for (let at = 0; at < 5; at += 1) await expectAlive(await session(limited));
    expect(limited.app.hub.size).toBe(2);
    const third = await sessions[2]?.listen();
    expect([third?.status, await first?.closed, limited.app.hub.size]).toEqual([200, "end", 2]);
    for (const one of sessions) await expectAlive(one);
    limited.mcp.registerTool("new", {}, () => "new");
    for (const stream of [second, third]) {
      expect(await stream?.messages.expect()).toMatchObject({ method: "notifications/tools/list_changed" });
    }
    for (const one of sessions) await one.end();
    await limited.settled();
    expect(limited.app.hub.size).toBe(0);
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxSessions: Number.POSITIVE_INFINITY });
    for (let at = 0; at < 5; at += 1) expect((await openSse(limited, "a")).status).toBe(200);
  });
});

describe("[S12] limits.maxSessionsPerPrincipal", () => {
  it("of HTTP+SSE: 503 for one caller beyond; others, and those whom nobody vouches for, are let in", async () => {
    stopClock();
    const limited = await serve({ maxSessionsPerPrincipal: 1, resumeWindowMs: 10_000 });
    const stream = await openSse(limited, "a", "a");
    await expectRefused(openSse(limited, "a"));
    for (const user of ["b", undefined, undefined]) expect((await openSse(limited, user)).status).toBe(200);
    stream.close();
    await limited.gone("a");
    vi.advanceTimersByTime(11_000);
    expect((await openSse(limited, "a")).status).toBe(200);
    await expectRefused(openSse(limited, "a"));
  });

  it("of Streamable HTTP: the caller's own oldest makes room, nobody else's", async () => {
    const limited = await serve({ maxSessionsPerPrincipal: 1 });
    const users = ["b", "a", undefined, undefined, "a"] as const;
    const streams = [];
    for (const user of users) streams.push(await (await session(limited, user)).listen());
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await streams[1]?.closed).toBe("end");
    expect(limited.app.hub.size).toBe(4);
    limited.mcp.registerTool("new", {}, () => "new");
    for (const at of [0, 2, 3, 4]) await streams[at]?.messages.expect();
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxSessionsPerPrincipal: Number.POSITIVE_INFINITY });
    for (let at = 0; at < 5; at += 1) expect((await openSse(limited, "a")).status).toBe(200);
  });
});

describe("limits.maxSubscriptions", () => {
  const subscribe = (one: LegacySession, uri: string) => one.post(one.message("resources/subscribe", { uri }));
  const readable = (limited: Limited, count: number) => {
    const uris = Array.from({ length: count }, (_, at) => `test://resource/${at}`);
    for (const uri of uris) limited.mcp.registerResource(uri, uri, {}, () => ({ contents: [] }));
    return uris as [string, string, string, ...string[]];
  };

  it("of a session: as many are taken, one more is 503 with the error 1503; other sessions have their own", async () => {
    const limited = await serve({ maxSubscriptions: 2 });
    const [first, second, third] = readable(limited, 3);
    const one = await session(limited, "a");
    for (const uri of [first, second, second]) expect((await subscribe(one, uri)).reply?.result).toEqual({});
    expectUnavailable(await subscribe(one, third), /already has 2 subscriptions/);
    expect((await subscribe(await session(limited, "a"), third)).reply?.result).toEqual({});
    expect((await one.request("resources/unsubscribe", { uri: first })).result).toEqual({});
    expect((await subscribe(one, third)).reply?.result).toEqual({});
    await one.end();
  });

  it("of a listen stream: -32602 for one that asks for more, and nothing is granted", async () => {
    const limited = await serve({ maxSubscriptions: 2 });
    const uris = readable(limited, 3);
    const refused = await ask(limited.url, "subscriptions/listen", { notifications: { resourceSubscriptions: uris } });
    expect(refused.reply?.error).toMatchObject({ code: -32602, message: expect.stringContaining("At most 2") });
    await limited.settled();
    expect(limited.app.hub.size).toBe(0);
  });

  it("lifted with Infinity takes more than the default", async () => {
    const limited = await serve({ maxSubscriptions: Number.POSITIVE_INFINITY });
    const one = await legacySession(limited.url, "2025-03-26");
    const requests = readable(limited, 1_010).map((uri) => one.message("resources/subscribe", { uri }));
    for (let at = 0; at < requests.length; at += 100) await one.post(requests.slice(at, at + 100));
    expect((await subscribe(one, "test://resource/1009")).reply?.result).toEqual({});
    await one.end();
  });
});

describe("limits.sessionMaxAgeMs and limits.sessionIdleMs", () => {
  it.each([5_000, Number.POSITIVE_INFINITY])(
    "limits.sessionMaxAgeMs of %s: 404 for an id that is older",
    async (ms) => {
      stopClock();
      const limited = await serve({ sessionMaxAgeMs: ms });
      const one = await session(limited);
      vi.advanceTimersByTime(5_000);
      await expectAlive(one);
      vi.setSystemTime(Date.now() + (ms === 5_000 ? 1 : 1_000 * 365 * 86_400_000));
      expect((await one.post(one.message("ping"))).status).toBe(ms === 5_000 ? 404 : 200);
      await expectAlive(await session(limited));
    },
  );

  it.each([5_000, Number.POSITIVE_INFINITY])("limits.sessionIdleMs of %s: what a silent session holds", async (ms) => {
    stopClock();
    const limited = await serve({ sessionIdleMs: ms, sessionMaxAgeMs: Number.POSITIVE_INFINITY });
    limited.mcp.registerTool("log", { annotations: { readOnlyHint: true } }, (ctx) => ctx.log.info("said") ?? "logged");
    const one = await session(limited);
    const levels = async () => (await one.post(one.message("tools/call", { name: "log" }))).messages.length - 1;
    await one.request("logging/setLevel", { level: "error" });
    for (let used = 0; used < 3; used += 1) {
      vi.advanceTimersByTime(4_000);
      expect(await levels()).toBe(0);
    }
    vi.advanceTimersByTime(6_000);
    // The level is forgotten, so the default counts again; the id is as good as before.
    expect(await levels()).toBe(ms === 5_000 ? 1 : 0);
    await one.end();
  });
});
