/** Slow calls: what a client sees while nothing happens, whatever it accepts. The server's clock is the test's. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest, open, post, SseClient } from "../support/raw-http.js";
import { quickSession } from "./helpers/quick-session.js";
import { BY_NAME, type Served, serve } from "./helpers/server.js";
import { expectedMessages, Stories } from "./helpers/story.js";
import { until } from "./helpers/until.js";

const LIMITS = { slowCallMs: 1_000, keepAliveMs: 2_000, retryMs: 250 };
const mcp = new McpServer({ name: "slow", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger, limits: LIMITS });
const stories = new Stories(mcp);
const requestedSchema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] } as const;
mcp.registerTool("ask", {}, async (ctx) => (await ctx.elicit({ message: "Who?", requestedSchema })).action);

let served: Served;
let names = 0;
let name = "";
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  served = await serve(mcp);
});
afterAll(async () => {
  vi.useRealTimers();
  await served.close();
});
beforeEach(() => {
  names += 1;
  name = `slow ${names}`;
});

const call = (id: number = 1) => ({ jsonrpc: "2.0", id, method: "tools/call", params: stories.params(name) });
const JSON_ONLY = { accept: "application/json" };

describe("a call slower than limits.slowCallMs becomes a stream before it says anything", () => {
  test("2025-11-25: primed, kept alive by comments, answered", async () => {
    const session = await quickSession(served.url, "2025-11-25");
    const opening = session.open(call());
    await stories.get(name).begun;
    vi.advanceTimersByTime(LIMITS.slowCallMs + 500);
    const stream = await opening;
    expect(stream.headers).toMatchObject({ "content-type": "text/event-stream", "x-accel-buffering": "no" });
    await until("the priming event", () => stream.parser.blocks.length === 1);
    expect(stream.parser.blocks[0]).toEqual({ id: expect.stringMatching(/^[\w-]{22}_0$/), retry: 250, data: "" });
    for (let silences = 1; silences <= 3; silences += 1) {
      vi.advanceTimersByTime(LIMITS.keepAliveMs + 500);
      await until("a comment", () => stream.parser.comments.length >= silences);
    }
    await stories.get(name).finish();
    expect(await stream.closed).toBe("end");
    expect(stream.messages.all).toEqual(expectedMessages(1, 7));
  });

  test.each(["2025-06-18", "2025-03-26"] as const)(
    "%s: not primed, which its clients do not know, but kept alive",
    async (revision) => {
      const session = await quickSession(served.url, revision);
      const opening = session.open(call());
      await stories.get(name).begun;
      vi.advanceTimersByTime(LIMITS.slowCallMs + LIMITS.keepAliveMs + 1_000);
      const stream = await opening;
      await until("a comment", () => stream.parser.comments.length > 0);
      expect(stream.parser.blocks).toEqual([]);
      await stories.get(name).finish();
      expect(await stream.closed).toBe("end");
      expect(stream.messages.all).toEqual(expectedMessages(1, 7));
    },
  );

  test("2026-07-28: kept alive, without ids, which it does not have", async () => {
    const { message, headers } = modernRequest("tools/call", stories.params(name), { logLevel: "info" });
    const opening = open(served.url, { method: "POST", body: message, headers });
    await stories.get(name).begun;
    vi.advanceTimersByTime(LIMITS.slowCallMs + LIMITS.keepAliveMs + 1_000);
    const stream = await opening;
    await until("a comment", () => stream.parser.comments.length > 0);
    await stories.get(name).finish();
    expect(await stream.closed).toBe("end");
    expect(stream.raw.toString()).not.toMatch(/^(id|retry):/m);
    expect(stream.messages.all).toHaveLength(expectedMessages(1, 7).length);
  });

  test("without a session: kept alive, without ids", async () => {
    const opening = open(served.url, { method: "POST", body: call() });
    await stories.get(name).begun;
    vi.advanceTimersByTime(LIMITS.slowCallMs + LIMITS.keepAliveMs + 1_000);
    const stream = await opening;
    await until("a comment", () => stream.parser.comments.length > 0);
    await stories.get(name).finish();
    expect(await stream.closed).toBe("end");
    expect(stream.raw.toString()).not.toMatch(/^(id|retry):/m);
    expect(stream.messages.all).toEqual(expectedMessages(1, 7));
  });
});

describe("a client that accepts one form only gets that one", () => {
  test("application/json: one object, however slow the call was and whatever it said", async () => {
    const session = await quickSession(served.url, "2025-11-25");
    const posting = session.post(call(), { headers: JSON_ONLY });
    await stories.get(name).begun;
    vi.advanceTimersByTime(10 * LIMITS.slowCallMs);
    await stories.get(name).finish();
    const answer = await posting;
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.messages).toEqual(expectedMessages(1, 7).slice(-1));
  });

  test("text/event-stream: a stream, however quick the call was", async () => {
    const session = await quickSession(served.url, "2025-11-25");
    const answer = await session.post(session.message("ping", undefined, 1), {
      headers: { accept: "text/event-stream" },
    });
    expect(answer.headers["content-type"]).toBe("text/event-stream");
    expect(answer.messages).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
  });

  test("application/json: a question that cannot reach it fails at once instead of waiting for nobody", async () => {
    const session = await quickSession(served.url, "2025-11-25", { capabilities: { elicitation: {} } });
    const asking = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask" } };
    const answer = await session.post(asking, { headers: JSON_ONLY, signal: AbortSignal.timeout(3_000) });
    expect(answer.reply?.result).toMatchObject({ isError: true });
  });
});

test("HTTP+SSE and the standing stream are kept alive by comments, from their first byte on", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  const standing = await session.listen();
  const sse = new SseClient(served.sseUrl, {});
  await sse.resume();
  for (let silences = 1; silences <= 2; silences += 1) {
    vi.advanceTimersByTime(LIMITS.keepAliveMs + 500);
    await until("comments on both", () => {
      return standing.parser.comments.length >= silences && sse.stream.parser.comments.length >= silences;
    });
  }
  sse.close();
  await session.end();
  expect((await post(`${served.base}/mcp`, call(), { headers: { "mcp-session-id": session.id } })).status).toBe(404);
});
