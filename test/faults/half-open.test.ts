/** [52] Peers that are gone without a word: what waits for them never moves, and they are given up after a while. */
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, test, vi } from "vitest";
import { LIMITS, McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { requestBytes } from "../support/raw-http.js";
import { quickSession } from "./helpers/quick-session.js";
import { BY_NAME, type Served, serve, TAG } from "./helpers/server.js";
import { StalledReaders } from "./helpers/stalled.js";
import { until } from "./helpers/until.js";

/** Below `limits.maxQueuedBytes`, which alone would end the connection. */
const WAITING = 96 * 1024;
const MESSAGE = 8 * 1024;

const mcp = new McpServer({ name: "half-open", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
let served: Served;
let readers: StalledReaders;
let end: () => void = () => undefined;
let say: () => void = () => undefined;
const said = new Promise<void>((resolve) => {
  say = resolve;
});
/** Says more than the kernel takes for any reader. */
mcp.registerTool("much", { annotations: { readOnlyHint: true } }, async (ctx) => {
  for (let sent = 1; sent <= 960; sent += 1) {
    ctx.progress(sent, undefined, "x".repeat(MESSAGE));
    await turn();
  }
  say();
  return "much";
});
mcp.registerTool("large", { annotations: { readOnlyHint: true } }, () => "x".repeat(16 * 1024 * 1024));
/** Speaks until the kernel takes no more for this reader, then waits. */
mcp.registerTool("fill", { annotations: { readOnlyHint: true } }, async (ctx) => {
  for (let sent = 1; readers.waiting < WAITING; sent += 1) {
    ctx.progress(sent, undefined, "x".repeat(MESSAGE));
    await turn();
  }
  await new Promise<void>((resolve) => {
    end = resolve;
  });
  return "filled";
});

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  served = await serve(mcp);
  readers = new StalledReaders(served);
});
afterAll(async () => {
  vi.useRealTimers();
  await served.close();
});
afterEach(() => readers.close());

const fill = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "fill", _meta: { progressToken: 7 } } };

async function isGivenUp(tag: string): Promise<void> {
  let gone = false;
  void served.gone(tag).then(() => {
    gone = true;
  });
  for (let silences = 0; silences < 10 && !gone; silences += 1) {
    vi.advanceTimersByTime(LIMITS.keepAliveMs.default);
    await turn();
  }
  await until("the connection of the peer that is gone is given up", () => gone, 2_000);
}

test("[52] a live stream", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  await readers.send(requestBytes(served.url, "POST", fill, { ...session.headers, [TAG]: "live" }));
  await until("the kernel takes no more", () => readers.waiting >= WAITING);
  await isGivenUp("live");
  end();
});

test("[52] a stream whose call has ended", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  await readers.send(requestBytes(served.url, "POST", fill, { ...session.headers, [TAG]: "ended" }));
  await until("the kernel takes no more", () => readers.waiting >= WAITING);
  end();
  await until("the call has ended", () => definitionOf(mcp).calls.size === 0);
  await isGivenUp("ended");
});

test("[52] one large JSON answer", async () => {
  const large = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "large" } };
  await readers.send(requestBytes(served.url, "POST", large, { [TAG]: "json" }));
  await until("the kernel takes no more", () => readers.waiting >= WAITING);
  await isGivenUp("json");
});

test("[52] a resumed stream, in the middle of what it missed", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  const much = session.message("tools/call", { name: "much", _meta: { progressToken: 7 } });
  const first = await session.open(much);
  await first.messages.expect();
  first.close();
  await said;
  const headers = { ...session.headers, "last-event-id": first.parser.lastEventId, [TAG]: "resumed" };
  await readers.send(requestBytes(served.url, "GET", undefined, headers));
  await until("the kernel takes no more", () => readers.waiting > 0);
  await isGivenUp("resumed");
});
