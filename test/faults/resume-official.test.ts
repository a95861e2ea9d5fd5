/** Clients that others wrote, unchanged, behind a network that cuts their streams: everything arrives, once. */
import { EventSource } from "eventsource";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { v1Driver, v2Driver } from "../support/official.js";
import { Queue } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { CuttingProxy } from "./helpers/cutting-proxy.js";
import { BY_NAME, type SeenRequest, type Served, serve } from "./helpers/server.js";
import { expectedMessages, STEPS, Stories } from "./helpers/story.js";

const mcp = new McpServer(
  { name: "faults", version: "1.0.0" },
  { auth: BY_NAME, logger: silentLogger, limits: { retryMs: 1 } },
);
const stories = new Stories(mcp);
let served: Served;
const proxies: CuttingProxy[] = [];
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

async function behind(cuts: readonly number[], isStream: (head: string) => boolean): Promise<CuttingProxy> {
  const proxy = await CuttingProxy.start({ target: served.base, cuts, isStream });
  proxies.push(proxy);
  return proxy;
}

const isSse = (head: string) => head.startsWith("GET /sse");
/** Bytes of the head of a stream's answer; cuts count from there so that something of the stream arrives. */
let head = 0;
beforeAll(async () => {
  const answer = await fetch(served.sseUrl);
  const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  head = `HTTP/1.1 200 OK\r\n${lines}\r\n`.length;
  await answer.body?.cancel();
});

/** Cuts of one session: after every `width` bytes more of what a connection brings, so that each of them falls elsewhere. */
const ladder = (from: number, width: number, count: number) =>
  Array.from({ length: count }, (_, index) => head + from + index * width);

describe("[56] the eventsource package", () => {
  test.each([140, 173, 206])("is cut again and again from byte %i on: same session, everything once", async (from) => {
    const proxy = await behind(ladder(from, 31, 12), isSse);
    const source = new EventSource(`${proxy.base}/sse`);
    const endpoints = new Queue<string>();
    const messages = new Queue<WireObject>();
    source.addEventListener("endpoint", ({ data }) => endpoints.push(data));
    source.addEventListener("message", ({ data }) => messages.push(JSON.parse(data)));
    const send = async (message: WireObject) => {
      const headers = { "content-type": "application/json" };
      await fetch(new URL(endpoints.all[0] ?? "", served.base), {
        method: "POST",
        headers,
        body: JSON.stringify(message),
      });
    };
    await endpoints.expect();
    const clientInfo = { name: "eventsource", version: "4" };
    const params = { protocolVersion: "2024-11-05", capabilities: {}, clientInfo };
    await send({ jsonrpc: "2.0", id: 0, method: "initialize", params });
    await messages.expect(({ id }) => id === 0);
    const name = `eventsource ${from}`;
    await send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: stories.params(name) });
    const story = stories.get(name);
    await story.begun;
    for (let step = 1; step <= STEPS; step += 1) {
      story.tell(step);
      await messages.expect();
    }
    await story.finish();
    await messages.expect(({ id }) => id === 1);
    await send({ jsonrpc: "2.0", id: 2, method: "ping" });
    await messages.expect(({ id }) => id === 2);
    source.close();
    expect(messages.all.slice(1, -1)).toEqual(expectedMessages(1, 7));
    expect(new Set(endpoints.all).size).toBe(1);
    expect(proxy.made).toBeGreaterThan(2);
  });
});

const isResumption = ({ method, lastEventId }: SeenRequest) => method === "GET" && lastEventId !== undefined;
/** A client that does not recover by itself would wait for a minute. */
const PATIENCE_MS = 3_000;
const isCallOrResume = (text: string) => /^GET \/mcp.*last-event-id/is.test(text) || /^POST.*tools\/call/s.test(text);

describe.each([v1Driver("http"), v2Driver("legacy", "http")])("[56, 92] the official client $label", (driver) => {
  async function recovers(name: string, cuts: readonly number[], closings = 0): Promise<void> {
    const story = stories.get(name);
    const proxy = await behind(cuts, isCallOrResume);
    const client = await driver.connect({ url: `${proxy.base}/mcp` });
    const progress: number[] = [];
    const onprogress = (one: { progress: number }) => progress.push(one.progress);
    const call = client.callTool("story", { name }, { onprogress, timeoutMs: PATIENCE_MS });
    const outcome = call.catch((error: Error) => error.message);
    await story.begun;
    story.tell(6);
    const before = served.count(isResumption);
    for (let closing = 1; closing <= closings; closing += 1) {
      story.ctx.closeStream();
      await Promise.race([served.seen(before + closing, isResumption), outcome]);
    }
    await story.finish();
    expect(await outcome).toMatchObject({ content: CONTENT });
    expect(progress).toEqual(PROGRESS);
    expect(client.notifications.all).toHaveLength(LOGS);
    expect(proxy.made).toBe(cuts.length);
    await client.close();
  }

  test.each([210, 300, 413, 900])("recovers a call whose streams are cut from byte %i of the body on", async (from) => {
    await recovers(`${driver.label} ${from}`, ladder(from, 37, 2));
  });

  test("recovers when the resumed stream is cut before it brought an event (typescript-sdk#2499)", async () => {
    await recovers(`${driver.label} again`, [head + 300, head + 60, head + 60]);
  });

  test("polls again when ctx.closeStream() ends a resumed stream that brought no event (typescript-sdk#2499)", async () => {
    await recovers(`${driver.label} polls`, [], 2);
  });
});

describe.each([v1Driver("sse"), v2Driver("legacy", "sse")])("[56, 92] the official client $label", (driver) => {
  // It comes back without Last-Event-ID (typescript-sdk#2475, review of sse.ts): no server can know who it was.
  test("sees its timeout for the call under way; the next calls are served on its new stream", async () => {
    const proxy = await behind([head + 700], isSse);
    const client = await driver.connect({ sseUrl: `${proxy.base}/sse` });
    const name = `${driver.label} lost`;
    const lost = client.callTool("story", { name }, { timeoutMs: 500 }).catch((error: Error) => error.message);
    await stories.get(name).begun;
    await stories.get(name).finish();
    expect(await lost).toMatch(/timed out/i);
    expect(proxy.made).toBe(1);
    expect(proxy.streams).toBe(2);
    const second = client.callTool("story", { name: `${name} again` });
    await stories.get(`${name} again`).begun;
    await stories.get(`${name} again`).finish();
    expect(await second).toMatchObject({ content: CONTENT });
    await client.close();
  });
});

const STORY = expectedMessages(1, 7);
const CONTENT = STORY.map(({ result }) => (result as { content: unknown } | undefined)?.content).at(-1);
const PROGRESS = STORY.flatMap(({ params }) => (params as { progress?: number } | undefined)?.progress ?? []);
const LOGS = STORY.filter(({ method }) => method === "notifications/message").length;
