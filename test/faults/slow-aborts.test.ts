/** [53, 54] Clients that go away at any moment, thousands of them: afterwards the server is as it was before. */
import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { custom, LIMITS, McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest, requestBytes } from "../support/raw-http.js";
import { countingStore } from "./helpers/counting-store.js";
import { assertAlive, quickSession } from "./helpers/quick-session.js";
import { type Served, serve } from "./helpers/server.js";
import { until } from "./helpers/until.js";

const CYCLES = 2_000;
const AT_ONCE = 20;

const store = countingStore();
/** Authentication that takes its time for those who say so. */
let gate = Promise.resolve();
const auth = custom((request) => {
  const principal = { issuer: "test", subject: "one", permissions: [] };
  return request.header("x-slow-auth") === undefined ? principal : gate.then(() => principal);
});
const mcp = new McpServer({ name: "aborts", version: "1.0.0" }, { auth, logger: silentLogger, store });
const app = definitionOf(mcp);
mcp.registerTool("talk", { annotations: { readOnlyHint: true } }, async (ctx) => {
  for (let step = 1; step <= 5; step += 1) {
    ctx.progress(step, 5, "é€😀".repeat(50));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return "done";
});
// A call of 2026-07-28 ends with its connection; this one ends no other way.
mcp.registerTool(
  "wait",
  { annotations: { readOnlyHint: true } },
  (ctx) => new Promise((_, reject) => ctx.signal.addEventListener("abort", reject)),
);
mcp.registerResource("r", "test://r", {}, async () => ({ contents: [] }));

let served: Served;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  served = await serve(mcp);
});
afterAll(async () => {
  vi.useRealTimers();
  await served.close();
});

const call = (name: string) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, _meta: { progressToken: 1 } },
});

interface Kind {
  readonly request: Buffer;
  /** Bytes of the answer that certainly come, head included. */
  readonly says: number;
}

/** The head of an answer is longer than that, and what speaks says more. */
const HEAD = 150;
const MUCH = 1_500;

/** Requests of every kind there is. */
async function kindsOfRequests(): Promise<readonly Kind[]> {
  const { headers } = await quickSession(served.url, "2025-11-25");
  const older = await quickSession(served.url, "2025-03-26");
  const clientInfo = { name: "a", version: "1" };
  const initialize = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const request = (method: string, params: object) => ({ jsonrpc: "2.0", id: 1, method, params });
  const posted = (says: number, body: unknown, more = {}): Kind => {
    return { request: requestBytes(served.url, "POST", body, more), says };
  };
  const modern = (says: number, method: string, params: Record<string, unknown>): Kind => {
    const made = modernRequest(method, params, { progressToken: 1 });
    return posted(says, made.message, made.headers);
  };
  const nowhere = `${served.base}/messages?sessionId=AAAAAAAAAAAAAAAAAAAAAA`;
  return [
    { request: requestBytes(served.sseUrl, "GET"), says: HEAD },
    { request: requestBytes(nowhere, "POST", call("talk")), says: HEAD },
    { request: requestBytes(served.url, "GET", undefined, headers), says: HEAD },
    posted(HEAD, request("initialize", initialize)),
    posted(HEAD, request("resources/subscribe", { uri: "test://r" }), headers),
    posted(HEAD, request("logging/setLevel", { level: "debug" }), headers),
    posted(MUCH, call("talk"), headers),
    posted(MUCH, [call("talk"), call("talk")], older.headers),
    posted(MUCH, call("talk")),
    modern(MUCH, "tools/call", { name: "talk" }),
    modern(0, "tools/call", { name: "wait" }),
    modern(HEAD, "subscriptions/listen", { notifications: { toolsListChanged: true } }),
  ];
}

/** Connects, writes so many bytes, reads so many, and is gone. */
async function abort(request: Buffer, written: number, read: number): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(served.base).port), noDelay: true });
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  await once(socket, "connect");
  let left = read;
  socket.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left <= 0) socket.resetAndDestroy();
  });
  socket.write(request.subarray(0, written), () => {
    if (written < request.length || read === 0) socket.resetAndDestroy();
  });
  await closed;
}

/** What is kept for those who may come back is gone once nobody may any more. */
async function isAsBefore(context?: string): Promise<void> {
  served.http.closeIdleConnections();
  // Together: a request that was still in the kernel begins its call when others have ended.
  await until("every connection is closed and every call has ended", () => {
    return served.connections.size === 0 && app.calls.size === 0;
  });
  vi.advanceTimersByTime(LIMITS.sessionIdleMs.default + LIMITS.resumeWindowMs.default);
  const left = { ticking: app.ticker.size, listeners: app.hub.size, logs: store.live() };
  expect(left, context).toEqual({ ticking: 0, listeners: 0, logs: 0 });
}

test("[53, 54] 2,000 connections aborted anywhere, in the request or in the answer, leave nothing behind", {
  timeout: 90_000,
}, async () => {
  const kinds = await kindsOfRequests();
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const cut = fc.record({ kind: fc.constantFrom(...kinds), inAnswer: fc.boolean(), share });
  const seed = Date.now();
  const cuts = fc.sample(cut, { numRuns: CYCLES, seed });
  const worker = async () => {
    for (let next = cuts.pop(); next !== undefined; next = cuts.pop()) {
      const { request, says } = next.kind;
      if (next.inAnswer) await abort(request, request.length, Math.round(next.share * says));
      else await abort(request, Math.ceil(next.share * (request.length - 1)), 0);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(store.made(), `seed ${seed}`).toBeGreaterThan(CYCLES / 20);
  await isAsBefore(`seed ${seed}`);
  const session = await quickSession(served.url, "2025-11-25");
  await assertAlive(session);
});

describe("[53] gone while authentication was still at it", () => {
  test.each(["/sse", "/mcp"])("GET %s: no stream for nobody", async (path) => {
    const { headers } = await quickSession(served.url, "2025-11-25");
    let open: () => void = () => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const before = served.count(({ url }) => url === path);
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(served.base).port) });
    await once(socket, "connect");
    socket.write(requestBytes(`${served.base}${path}`, "GET", undefined, { ...headers, "x-slow-auth": "yes" }));
    await served.seen(before + 1, ({ url }) => url === path);
    socket.resetAndDestroy();
    served.http.closeIdleConnections();
    await until("the server has noticed", () => served.connections.size === 0);
    open();
    await gate;
    await new Promise((resolve) => setImmediate(resolve));
    await isAsBefore();
  });
});
