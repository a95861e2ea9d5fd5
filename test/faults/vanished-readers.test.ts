/** [36, 50, 53] Readers that vanish where nobody looks, and a store that fails under those who come back. */
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { memoryStore } from "../../src/stores/memory/index.js";
import { TICK_MS } from "../../src/util/ticker.js";
import { stopClock } from "../limits/helpers/clock.js";
import { limitedServer, serving } from "../limits/helpers/limited.js";
import { legacySession, modernRequest, open, post, RawSocket, requestBytes } from "../support/raw-http.js";
import { TAG } from "./helpers/server.js";
import { until } from "./helpers/until.js";

const serve = serving();
afterEach(() => void vi.useRealTimers());

const annotations = { readOnlyHint: true };

it("a client that left before its call had anything to say is no reader for as long as the call takes", async () => {
  const limited = await serve();
  let speak: () => void = () => {};
  const maySpeak = new Promise<void>((resolve) => {
    speak = resolve;
  });
  limited.mcp.registerTool("late", { annotations }, async (ctx) => {
    await maySpeak;
    ctx.progress(1, 2);
    await limited.released;
    return "late";
  });
  const session = await legacySession(limited.url);
  const message = session.message("tools/call", { name: "late", _meta: { progressToken: 1 } });
  const socket = await RawSocket.connect(limited.url);
  await socket.write(requestBytes(limited.url, "POST", message, { ...session.headers, [TAG]: "leaving" }));
  await limited.holding(1);
  socket.destroy();
  await limited.gone("leaving");
  speak();
  await until("the reply is a stream", () => limited.app.budgets.streams.used > 0);
  await until("nobody reads it", () => limited.app.presence.openStreams === 0);
  expect(limited.app.calls.size).toBe(1);
});

describe("a Response of mcp.fetch that is dropped unread", () => {
  const KEEP_ALIVE_MS = 2_000;
  const kinds = [
    ["a call", modernRequest("tools/call", { name: "say", arguments: { hold: 1 } }, { progressToken: 1 })],
    ["a listen stream", modernRequest("subscriptions/listen", { notifications: { toolsListChanged: true } })],
    ["an HTTP+SSE stream", undefined],
  ] as const;
  const ask = (request: ReturnType<typeof modernRequest> | undefined) => {
    if (request === undefined) return new Request("http://127.0.0.1/sse");
    const headers = { ...request.headers, "content-type": "application/json", accept: "text/event-stream" };
    const body = JSON.stringify(request.message);
    return new Request("http://127.0.0.1/mcp", { method: "POST", body, headers });
  };

  it.each(kinds)("holds %s no longer than one on a connection that nobody reads", async (_, request) => {
    stopClock();
    const { mcp, app, release } = limitedServer({ keepAliveMs: KEEP_ALIVE_MS, resumeWindowMs: 1 });
    onTestFinished(release);
    const { status } = await mcp.fetch(ask(request));
    expect([status, app.presence.openStreams]).toEqual([200, 1]);
    vi.advanceTimersByTime(4 * KEEP_ALIVE_MS);
    expect(app.presence.openStreams).toBe(0);
    await until("the call is cancelled", () => app.calls.size === 0);
    vi.advanceTimersByTime(4 * TICK_MS);
    expect(app.ticker.size).toBe(0);
  });

  it.each(kinds)("and %s that is read, if slowly, stays", async (_, request) => {
    stopClock();
    const { mcp, app, release } = limitedServer({ keepAliveMs: KEEP_ALIVE_MS });
    onTestFinished(release);
    const reader = (await mcp.fetch(ask(request))).body?.getReader();
    for (let silences = 0; silences < 5; silences += 1) {
      expect((await reader?.read())?.done).toBe(false);
      vi.advanceTimersByTime(KEEP_ALIVE_MS + TICK_MS);
    }
    expect(app.presence.openStreams).toBe(1);
    await reader?.cancel();
  });
});

it("[36] a store that cannot look a stream up ends nothing: who comes back is told to come again", async () => {
  const store = memoryStore();
  const failing = {
    open: () => Promise.reject(new Error("disk full")),
    create: store.streams.create.bind(store.streams),
  };
  const limited = await serve({}, { store: { ...store, streams: { ...store.streams, ...failing } } });
  const id = "A".repeat(22);
  const session = await legacySession(limited.url);
  const answers = [
    await session.listen(`${id}_1`),
    await open(limited.sseUrl, { headers: { "last-event-id": `${id}_1` } }),
    await post(`${limited.base}/messages?sessionId=${id}`, session.message("ping")),
  ];
  expect(answers.map(({ status, headers }) => [status, headers["retry-after"]])).toEqual(Array(3).fill([503, "5"]));
  expect(limited.logged.map(({ event }) => event)).toEqual(Array(3).fill("http_failed"));
  expect((await session.request("ping")).result).toEqual({});
});
