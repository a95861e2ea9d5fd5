/** [S12] Sessions opened by the thousand and left: nothing is kept of them, and what keeps something is bounded. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { anonymous, McpServer, type McpServerOptions } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { collect, open, RawSocket } from "../support/raw-http.js";
import { requestBytes } from "../support/raw-socket.js";
import { countingStore } from "./helpers/counting-store.js";
import { assertAlive, quickSession } from "./helpers/quick-session.js";
import { type Served, serve, TAG } from "./helpers/server.js";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Enough that 150 bytes kept for each would show; the caches that are there on purpose hold less than 4 MiB. */
const FLOOD = 30_000;
const WARM_UP = 5_000;
const MAX_GROWTH = 4 * 1_048_576;

const running: Served[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of running.splice(0)) await one.close();
});

async function start(options: McpServerOptions = {}) {
  const store = countingStore();
  const defaults = { auth: anonymous(), logger: silentLogger, store };
  const mcp = new McpServer({ name: "floods", version: "1.0.0" }, { ...defaults, ...options });
  mcp.registerTool("echo", {}, () => "echo");
  const served = await serve(mcp);
  running.push(served);
  return { mcp, store, served, app: definitionOf(mcp) };
}

const clientInfo = { name: "n".repeat(100), version: "1" };
const capabilities = { sampling: {}, elicitation: {}, roots: { listChanged: true } };
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities, clientInfo },
};

/** Sends a request so many times on one connection, as fast as it is answered, and counts answers with 200. */
async function pipeline(
  url: string,
  body: unknown,
  count: number,
  headers: Record<string, string> = {},
): Promise<number> {
  const socket = await RawSocket.connect(url);
  const bytes = requestBytes(url, "POST", body, { ...headers, connection: "keep-alive" });
  const batch = 250;
  let answered = 0;
  let rest = "";
  for (let sent = 0; sent < count; sent += batch) {
    await socket.write(Buffer.concat(Array.from({ length: batch }, () => bytes)));
    while (answered < sent + batch) {
      const chunk = await socket.received.expect();
      const text = rest + chunk.toString("latin1");
      const found = text.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0;
      answered += found;
      rest = text.slice(text.lastIndexOf("HTTP/1.1 200 OK") + 1).slice(-15);
    }
    // What was read is of no use: thousands of answers would be the growth that is looked for.
    socket.received.all.length = 0;
  }
  socket.destroy();
  return answered;
}

function heapInUse(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

test("initialize without end: no session is held, and memory stays where it was", { timeout: 60_000 }, async () => {
  const { app, served, store } = await start();
  await pipeline(served.url, INITIALIZE, WARM_UP);
  const before = heapInUse();
  expect(await pipeline(served.url, INITIALIZE, FLOOD)).toBe(FLOOD);
  expect(heapInUse() - before).toBeLessThan(MAX_GROWTH);
  expect({ ticking: app.ticker.size, listeners: app.hub.size, logs: store.made() }).toEqual({
    ticking: 0,
    listeners: 0,
    logs: 0,
  });
  await assertAlive(await quickSession(served.url, "2025-11-25"));
});

test("sessions that are used once and left: the same", { timeout: 60_000 }, async () => {
  const { app, served, store } = await start();
  const useOnce = async (count: number) => {
    for (let at = 0; at < count; at += 1) {
      const session = await quickSession(served.url, "2025-11-25");
      if (at % 100 === 0) await assertAlive(session);
    }
  };
  await useOnce(2_500);
  const before = heapInUse();
  await useOnce(2_500);
  expect(heapInUse() - before).toBeLessThan(MAX_GROWTH);
  expect({ ticking: app.ticker.size, listeners: app.hub.size, logs: store.made() }).toEqual({
    ticking: 0,
    listeners: 0,
    logs: 0,
  });
});

describe("sessions that hold a stream", () => {
  const LIMITS = { maxSessions: 20, maxStreams: 30, resumeWindowMs: 60_000 };

  test("of Streamable HTTP are bounded: the oldest make room, and their clients are told by the end of a stream", async () => {
    const { app, served, store } = await start({ limits: LIMITS });
    const streams = [];
    for (let at = 0; at < 3 * LIMITS.maxSessions; at += 1) {
      const session = await quickSession(served.url, "2025-11-25");
      const stream = await session.listen();
      expect([200, 503]).toContain(stream.status);
      streams.push(stream);
    }
    expect(app.hub.size).toBeLessThanOrEqual(LIMITS.maxSessions);
    expect(store.live()).toBeLessThanOrEqual(LIMITS.maxStreams);
    const opened = streams.filter(({ status }) => status === 200);
    for (const evicted of opened.slice(0, -LIMITS.maxStreams)) expect(await evicted.closed).toBe("end");
    for (const stream of streams) stream.close();
    await assertAlive(await quickSession(served.url, "2025-11-25"));
  });

  test("of HTTP+SSE are bounded: 503 with Retry-After beyond, until those who left are given up", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
    const { app, served, store } = await start({ limits: LIMITS });
    const streams = [];
    for (let at = 0; at < LIMITS.maxSessions; at += 1) {
      streams.push(await open(served.sseUrl, { headers: { [TAG]: String(at) } }));
    }
    for (let at = 0; at < 10; at += 1) {
      const { status, headers } = await collect(await open(served.sseUrl));
      expect([status, Number(headers["retry-after"]) > 0]).toEqual([503, true]);
    }
    expect(store.live()).toBe(LIMITS.maxSessions);
    // Everybody else is served as before.
    await assertAlive(await quickSession(served.url, "2025-11-25"));
    for (const stream of streams) stream.close();
    await Promise.all(streams.map((_, at) => served.gone(String(at))));
    vi.advanceTimersByTime(2 * LIMITS.resumeWindowMs);
    expect({ ticking: app.ticker.size, logs: store.live() }).toEqual({ ticking: 0, logs: 0 });
    const again = await open(served.sseUrl);
    expect(again.status).toBe(200);
    again.close();
  });
});
