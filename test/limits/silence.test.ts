/** How long nothing may be said: on a stream, and before an answer. The server's clock is the test's. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { TICK_MS } from "../../src/util/ticker.js";
import { until } from "../faults/helpers/until.js";
import { legacySession, type RawResponse, type RawStream, sse } from "../support/raw-http.js";
import { DAY_MS, leap, stopClock, YEARS_MS } from "./helpers/clock.js";
import { call, type Limited, listen, serving, textOf } from "./helpers/limited.js";

const serve = serving();
afterEach(() => void vi.useRealTimers());

const HOLD = { name: "hold" };

describe("limits.keepAliveMs", () => {
  const MAX = 2_000;

  /** One stream of each kind, with nothing to say. */
  async function silent(keepAliveMs: number): Promise<{ limited: Limited; streams: RawStream[] }> {
    stopClock();
    const limited = await serve({ keepAliveMs, slowCallMs: 1 });
    const session = await legacySession(limited.url);
    const client = await sse(limited.sseUrl);
    await client.initialize();
    const streams = [await session.listen(), await listen(limited.url), client.stream];
    const slow = session.open(session.message("tools/call", HOLD));
    await limited.holding(2);
    vi.advanceTimersByTime(TICK_MS);
    return { limited, streams: [...streams, await slow] };
  }

  const comments = (streams: readonly RawStream[]) => streams.map(({ parser }) => parser.comments.length);
  /** What the listening ones hear breaks their silence. */
  async function say(limited: Limited, streams: readonly RawStream[], name: string): Promise<void> {
    limited.mcp.registerTool(name, {}, () => name);
    const changed = ({ method }: { readonly method?: unknown }) => method === "notifications/tools/list_changed";
    for (const stream of streams.slice(0, 2)) await stream.messages.expect(changed);
  }

  it("sends a comment on a stream that has been silent so long, each time, and not sooner", async () => {
    const { limited, streams } = await silent(MAX);
    await say(limited, streams, "first");
    const before = comments(streams);
    vi.advanceTimersByTime(MAX - TICK_MS);
    await say(limited, streams, "second");
    expect(comments(streams).slice(0, 2)).toEqual(before.slice(0, 2));
    for (let silences = 1; silences <= 3; silences += 1) {
      const heard = comments(streams);
      vi.advanceTimersByTime(MAX);
      await until("a comment on each", () => comments(streams).every((count, at) => count > (heard[at] ?? 0)));
      expect(comments(streams).slice(0, 2)).toEqual(before.slice(0, 2).map((count) => count + silences));
    }
    limited.release();
    expect(await streams[3]?.closed).toBe("end");
    for (const stream of streams) stream.close();
    await limited.idle();
  });

  it("lifted with Infinity says nothing where nothing is to be said, and the streams live", async () => {
    const { limited, streams } = await silent(Number.POSITIVE_INFINITY);
    const before = comments(streams);
    vi.advanceTimersByTime(DAY_MS / 24);
    leap(DAY_MS);
    await say(limited, streams, "later");
    limited.release();
    expect(await streams[3]?.closed).toBe("end");
    expect(comments(streams)).toEqual(before);
  });
});

describe("limits.slowCallMs", () => {
  const MAX = 2_000;

  /** Begins one call in a session and one of 2026-07-28. */
  async function holding(limited: Limited): Promise<readonly Promise<RawResponse>[]> {
    const session = await legacySession(limited.url);
    const answers = [session.post(session.message("tools/call", HOLD)), call(limited.url, "hold")];
    await limited.holding(2);
    return answers;
  }

  it("makes a stream of a call that takes so long; a quicker one is one JSON object", async () => {
    stopClock();
    for (const { ms, type } of [
      { ms: MAX - TICK_MS, type: "application/json" },
      { ms: MAX, type: "text/event-stream" },
    ]) {
      const limited = await serve({ slowCallMs: MAX });
      const answers = await holding(limited);
      vi.advanceTimersByTime(ms);
      const quick = await call(limited.url, "quick");
      expect([quick.headers["content-type"], textOf(quick.reply)]).toEqual(["application/json", "quick"]);
      limited.release();
      for (const one of answers) {
        const { headers, reply } = await one;
        expect([headers["content-type"], textOf(reply)]).toEqual([type, "held"]);
      }
      await limited.idle();
    }
  });

  it("begins the stream then, and not with the answer", async () => {
    stopClock();
    const limited = await serve({ slowCallMs: MAX });
    const session = await legacySession(limited.url);
    const opening = session.open(session.message("tools/call", HOLD));
    await limited.holding(1);
    vi.advanceTimersByTime(MAX);
    const stream = await opening;
    expect([stream.status, stream.messages.all]).toEqual([200, []]);
    limited.release();
    expect(textOf(await stream.messages.expect())).toBe("held");
    await session.end();
    await limited.settled();
  });

  it("lifted with Infinity leaves every call that says nothing one JSON object", async () => {
    stopClock();
    const limited = await serve({ slowCallMs: Number.POSITIVE_INFINITY, callTimeoutMs: Number.POSITIVE_INFINITY });
    const answers = await holding(limited);
    leap(YEARS_MS);
    limited.release();
    for (const one of answers) expect((await one).headers["content-type"]).toBe("application/json");
  });
});
