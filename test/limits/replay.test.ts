/** What of one stream is kept for a client that comes back, how much of it, and for how long. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { TICK_MS } from "../../src/util/ticker.js";
import { until } from "../faults/helpers/until.js";
import { collect, legacySession, sse } from "../support/raw-http.js";
import { leap, stopClock, YEARS_MS } from "./helpers/clock.js";
import { type Limited, serving } from "./helpers/limited.js";
import { outline, SayingCall } from "./helpers/replaying.js";

const serve = serving();
afterEach(() => void vi.useRealTimers());

const GAP = {
  method: "notifications/message",
  params: { level: "warning", logger: "holdfast", data: { event: "gap", missed: 3, message: expect.any(String) } },
};
const left = async (limited: Limited, said: { count: number; size?: number }) =>
  (await SayingCall.begin(limited, said)).leave();
const from = (first: number, last: number) => Array.from({ length: last + 1 - first }, (_, at) => first + at);

describe("limits.streamMaxEvents", () => {
  it("keeps as many, the newest; who comes back for older ones is told how many are gone", async () => {
    const limited = await serve({ streamMaxEvents: 3 });
    const within = await left(limited, { count: 3 });
    expect(outline(await within.replay(3))).toEqual([1, 2, 3]);
    const beyond = await left(limited, { count: 6 });
    const messages = await beyond.replay(4);
    expect(messages[0]).toMatchObject(GAP);
    expect(outline(messages)).toEqual([{ missed: 3 }, 4, 5, 6]);
    // Who has what is gone needs no word about it.
    expect(outline(await beyond.replay(3, 3))).toEqual([4, 5, 6]);
    for (const one of [within, beyond]) await one.session.end();
    limited.release();
    await limited.settled();
  });

  it("lifted with Infinity keeps more than the default", async () => {
    const limited = await serve({ streamMaxEvents: Number.POSITIVE_INFINITY });
    const call = await left(limited, { count: 1_100 });
    expect(outline(await call.replay(1_100))).toEqual(from(1, 1_100));
    await call.session.end();
  });
});

describe("limits.streamMaxBytes", () => {
  const SIZE = 1_000;
  const charsEach = async () => (await SayingCall.begin(await serve(), { count: 1, size: SIZE })).charsEach;

  it("keeps as many characters, the newest; one more costs the oldest event", async () => {
    const each = await charsEach();
    const limited = await serve({ streamMaxBytes: 3 * each });
    expect(outline(await (await left(limited, { count: 3, size: SIZE })).replay(3))).toEqual([1, 2, 3]);
    const beyond = await left(limited, { count: 6, size: SIZE });
    expect(outline(await beyond.replay(4))).toEqual([{ missed: 3 }, 4, 5, 6]);
    const less = await serve({ streamMaxBytes: 3 * each - 1 });
    expect(outline(await (await left(less, { count: 3, size: SIZE })).replay(3))).toEqual([{ missed: 1 }, 2, 3]);
  });

  it("keeps the newest event whatever its size: it may be the answer", async () => {
    const limited = await serve({ streamMaxBytes: 10 });
    const call = await left(limited, { count: 3, size: SIZE });
    expect(outline(await call.replay(2))).toEqual([{ missed: 2 }, 3]);
    limited.release();
    const stream = await call.resume();
    expect(await stream.closed).toBe("end");
    expect(outline(stream.messages.all)).toEqual([{ missed: 3 }, expect.stringContaining("said")]);
    await call.session.end();
    await limited.settled();
  });

  it("lifted with Infinity keeps more than the default", async () => {
    // All is said in one turn, before the reader has had its own.
    const limited = await serve({ streamMaxBytes: Number.POSITIVE_INFINITY, maxQueuedBytes: Number.POSITIVE_INFINITY });
    const call = await left(limited, { count: 9, size: 1_000_000 });
    expect(outline(await call.replay(9))).toEqual(from(1, 9));
    await call.session.end();
  });
});

describe("limits.resumeWindowMs", () => {
  const WINDOW = 10_000;

  it.each([WINDOW, Number.POSITIVE_INFINITY])("of %s: a stream can be resumed so long, then it is 404", async (ms) => {
    stopClock();
    const limited = await serve({ resumeWindowMs: ms, sessionMaxAgeMs: 2 * YEARS_MS, callTimeoutMs: 2 * YEARS_MS });
    const call = await left(limited, { count: 2 });
    const standing = await call.session.listen();
    vi.advanceTimersByTime(WINDOW);
    expect(outline(await call.replay(2))).toEqual([1, 2]);
    await until("the server knows that nobody reads any more", () => limited.connections.size === 1);
    if (ms === WINDOW) vi.advanceTimersByTime(WINDOW + 2 * TICK_MS);
    else leap(YEARS_MS);
    const late = await call.resume();
    expect(late.status).toBe(ms === WINDOW ? 404 : 200);
    // One that is read lasts.
    limited.mcp.registerTool("new", {}, () => "new");
    await standing.messages.expect();
    await call.session.end();
    limited.release();
  });

  it("over while the call goes on: what it still says is kept for nobody, and nothing of it is left", async () => {
    stopClock();
    const limited = await serve({ resumeWindowMs: WINDOW });
    let goOn: () => void = () => undefined;
    limited.mcp.registerTool("late", { annotations: { readOnlyHint: true } }, async (ctx) => {
      ctx.progress(1);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      for (let step = 2; step < 50; step += 1) ctx.progress(step, 50, "x".repeat(1_000));
      return "late";
    });
    const session = await legacySession(limited.url);
    const params = { name: "late", _meta: { progressToken: 1 } };
    const stream = await session.open(session.message("tools/call", params));
    await stream.messages.expect();
    stream.close();
    await until("the server knows that the client is gone", () => limited.connections.size === 0);
    vi.advanceTimersByTime(WINDOW + 1_000);
    expect((await collect(await session.listen(stream.parser.lastEventId))).status).toBe(404);
    expect(limited.app.budgets.streams.used).toBe(0);
    goOn();
    await limited.idle();
    expect(limited.app.budgets.streams.used).toBe(0);
  });
});

describe("limits.retryMs", () => {
  it.each([250, Number.POSITIVE_INFINITY])(
    "of %s: what streams tell clients to wait, as a whole number",
    async (ms) => {
      const limited = await serve({ retryMs: ms });
      const session = await legacySession(limited.url);
      const standing = await session.listen();
      const call = await SayingCall.begin(limited, { count: 1 });
      const client = await sse(limited.sseUrl);
      await until("the standing stream is primed", () => standing.parser.blocks.length > 0);
      for (const { parser, raw } of [standing, call.stream, client.stream]) {
        // Clients ignore what is no number; a bound that was lifted is no advice at all.
        if (ms === 250) expect(parser.retryMs).toBe(ms);
        else expect(raw.toString()).not.toContain("retry:");
      }
      client.close();
      for (const one of [session, call.session]) await one.end();
    },
  );
});
