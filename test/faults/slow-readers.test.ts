/** [51] Readers that stop reading: what waits for them is bounded, they lose their connection, and nobody else notices. */
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { LIMITS, McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest, open, parseResponse, post, requestBytes, SseClient } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { quickSession } from "./helpers/quick-session.js";
import { ResumingReader } from "./helpers/resuming-reader.js";
import { BY_NAME, type Served, serve, TAG } from "./helpers/server.js";
import { StalledReaders } from "./helpers/stalled.js";
import { until } from "./helpers/until.js";

const QUEUED = 256 * 1024;
const MESSAGE = 32 * 1024;
/** Far more than the kernel takes for a reader on loopback (some 6 MiB), so that the rest must wait or be dropped. */
const MESSAGES = 600;
/** Half of it: whoever comes back late is told of a gap. */
const EVENTS = 300;

const limits = {
  maxQueuedBytes: QUEUED,
  streamMaxEvents: EVENTS,
  streamMaxBytes: 2 * EVENTS * MESSAGE,
  maxSessions: 50,
};
const mcp = new McpServer({ name: "readers", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger, limits });
let flooded: Promise<{ aborted: boolean; sent: number }>;
let report: (outcome: { aborted: boolean; sent: number }) => void;
let mostWaiting = 0;
mcp.registerTool("flood", { annotations: { readOnlyHint: true } }, async (ctx) => {
  let sent = 0;
  for (; sent < MESSAGES && !ctx.signal.aborted; sent += 1) {
    ctx.progress(sent + 1, undefined, "x".repeat(MESSAGE));
    mostWaiting = Math.max(mostWaiting, readers.waiting);
    await turn();
  }
  report({ aborted: ctx.signal.aborted, sent });
  return "flooded";
});
mcp.registerTool("quick", {}, () => "quick");

let served: Served;
let readers: StalledReaders;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  served = await serve(mcp);
  readers = new StalledReaders(served);
});
afterAll(async () => {
  vi.useRealTimers();
  await served.close();
});
beforeEach(() => {
  mostWaiting = 0;
  flooded = new Promise((resolve) => {
    report = resolve;
  });
});
afterEach(() => readers.close());

const FLOOD = { name: "flood", _meta: { progressToken: 7 } };
const flood: WireObject = { jsonrpc: "2.0", id: 1, method: "tools/call", params: FLOOD };

/** What holds for every kind of stream. */
async function withstands(tag: string): Promise<{ aborted: boolean; sent: number }> {
  const other = await post(served.url, { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "quick" } });
  expect(other.reply).toMatchObject({ result: { content: [{ text: "quick" }] } });
  const outcome = await flooded;
  // One message may be written when the bound is not yet reached.
  expect(mostWaiting).toBeGreaterThan(QUEUED / 2);
  expect(mostWaiting).toBeLessThan(QUEUED + 2 * MESSAGE);
  let gone = false;
  void served.gone(tag).then(() => {
    gone = true;
  });
  // At once, or after as many keep-alives as a reader may need that is only slow.
  for (let silences = 0; silences < 4 && !gone; silences += 1) {
    vi.advanceTimersByTime(LIMITS.keepAliveMs.default);
    await turn();
  }
  await until("the connection of the reader that does not read is gone", () => gone);
  await until("nothing waits for it", () => readers.waiting < 1_024);
  expect(definitionOf(mcp).calls.size).toBe(0);
  return outcome;
}

/** The gap is told once, then everything that was kept comes once, however many connections it takes. */
function expectRest([gap, ...others]: readonly WireObject[], missed: number): void {
  expect(gap).toMatchObject({ params: { data: { event: "gap", missed } } });
  const steps = others.map(({ params }) => (params as { progress?: number } | undefined)?.progress);
  expect(steps).toEqual([
    ...Array.from({ length: EVENTS - 1 }, (_, index) => MESSAGES - EVENTS + 2 + index),
    undefined,
  ]);
  expect(others.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: "flooded" }] } });
}

test("[51] 2025-11-25: comes back for the rest, and is told how much is gone", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  session.recorder.exchange({ label: "read by hand" }).sent(flood);
  const socket = await readers.send(
    requestBytes(served.url, "POST", flood, { ...session.headers, [TAG]: "resumable" }),
  );
  expect(await withstands("resumable")).toEqual({ aborted: false, sent: MESSAGES });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  await once(socket, "close");
  const read = parseResponse(Buffer.concat(chunks), { sent: flood, revision: "2025-11-25" });
  const reader = new ResumingReader({
    open: ({ lastEventId }) => session.listen(lastEventId ?? read?.lastEventId),
    last: ({ id }) => id === 1,
  });
  await reader.done;
  expectRest(reader.messages.all, MESSAGES + 1 - EVENTS - (read?.messages.length ?? 0));
});

test("[51] HTTP+SSE: the same on its one stream", async () => {
  const sse = new SseClient(served.sseUrl, {});
  await sse.resume();
  await sse.initialize();
  await sse.cut();
  const exchange = sse.recorder.exchange({ label: "the way back", resumed: true });
  const socket = await readers.send(
    requestBytes(served.sseUrl, "GET", undefined, { "last-event-id": sse.lastEventId, [TAG]: "sse" }),
  );
  await served.seen(1, ({ lastEventId }) => lastEventId === sse.lastEventId);
  await sse.send(flood);
  expect(await withstands("sse")).toEqual({ aborted: false, sent: MESSAGES });
  socket.destroy();
  const reader = new ResumingReader({
    open: ({ lastEventId }) =>
      open(served.sseUrl, { headers: { "last-event-id": lastEventId ?? sse.lastEventId }, exchange }),
    last: ({ id }) => id === 1,
  });
  await reader.messages.expect(({ id }) => id === 1);
  await reader.close();
  expectRest(reader.messages.all, MESSAGES + 1 - EVENTS);
});

test("[51] 2026-07-28: the call is cancelled with its connection", async () => {
  const { message, headers } = modernRequest("tools/call", FLOOD);
  await readers.send(requestBytes(served.url, "POST", message, { ...headers, [TAG]: "modern" }));
  const { aborted, sent } = await withstands("modern");
  expect(aborted).toBe(true);
  expect(sent).toBeLessThan(MESSAGES);
});

test("[51] without a session: the connection goes, the call runs to its end", async () => {
  await readers.send(requestBytes(served.url, "POST", flood, { [TAG]: "stateless" }));
  expect(await withstands("stateless")).toEqual({ aborted: false, sent: MESSAGES });
});
