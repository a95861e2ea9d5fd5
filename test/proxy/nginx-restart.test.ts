/** [56] The proxy is restarted in the middle of a call: clients notice, and get the answer once, as their revision can. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { LIMITS } from "../../src/index.js";
import { ResumingReader } from "../faults/helpers/resuming-reader.js";
import { expectedMessages, type Story } from "../faults/helpers/story.js";
import { until } from "../faults/helpers/until.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { v1Driver, v2Driver } from "../support/official.js";
import { legacySession, modernRequest, open, SseClient } from "../support/raw-http.js";
import { type Behind, behindNginx } from "./behind.js";

let behind: Behind;
let calls = 0;
let name = "";
let story: Story;
beforeAll(async () => {
  // The official clients try twice only, so they must not try before the proxy is back: the default, a second, is right.
  behind = await behindNginx({ location: "proxy_http_version 1.1;", limits: { retryMs: LIMITS.retryMs.default } });
}, FETCH_TIMEOUT_MS);
afterAll(() => behind?.close());
beforeEach(() => {
  calls += 1;
  name = `restart ${calls}`;
  story = behind.stories.get(name);
});

/** Restarts nginx; while it is away the tool goes on to its step 8. */
async function restart(): Promise<void> {
  await behind.nginx.down();
  story.tell(8);
  await behind.nginx.up();
}

/** Begins the story with its first four steps, so that the call has a stream. */
function begin(): void {
  void story.begun.then(() => story.tell(4));
}

test("[15, 56] 2025-11-25: the stream breaks, Last-Event-ID brings the rest, once and in order", async () => {
  const session = await legacySession(`${behind.base}/mcp`);
  begin();
  const reader = new ResumingReader({
    open: ({ lastEventId }) => {
      const call = session.message("tools/call", behind.stories.params(name), 1);
      return lastEventId === undefined ? session.open(call) : session.listen(lastEventId);
    },
    // The connection is gone by now; without the proxy there is nowhere to come back to.
    onCut: () => restarted,
  });
  await reader.messages.expect(({ params }) => (params as { progress?: number } | undefined)?.progress === 4);
  const restarted = restart();
  await restarted;
  await story.finish();
  expect(await reader.done).toBe("end");
  expect(reader.streams).toHaveLength(2);
  expect(await reader.streams[0]?.closed).toBe("broken");
  expect(reader.messages.all).toEqual(expectedMessages(1, 7));
  await session.end();
});

test("[15, 56] 2025-11-25: what was said to nobody in the meantime is on the standing stream", async () => {
  const session = await legacySession(`${behind.base}/mcp`);
  const first = await session.listen();
  await until("the priming event", () => first.parser.lastEventId !== "");
  await behind.nginx.down();
  expect(await first.closed).toBe("broken");
  behind.mcp.registerTool(`added ${name}`.replaceAll(" ", "-"), {}, () => "added");
  await behind.nginx.up();
  const second = await session.listen(first.parser.lastEventId);
  await second.messages.expect(({ method }) => method === "notifications/tools/list_changed");
  second.close();
  await session.end();
});

test("[14, 56] 2026-07-28: the call ends with its connection, and asked again it is answered", async () => {
  const call = (key: string) => modernRequest("tools/call", behind.stories.params(key), { logLevel: "info" });
  const post = (key: string) => {
    const { message, headers } = call(key);
    return open(`${behind.base}/mcp`, { method: "POST", body: message, headers });
  };
  begin();
  const first = await post(name);
  const { signal } = await story.begun;
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await first.messages.expect();
  await restart();
  expect(await first.closed).toBe("broken");
  await aborted;
  await story.finish();
  const again = behind.stories.get(`${name} again`);
  void again.begun.then(() => again.finish());
  const second = await post(`${name} again`);
  expect(await second.closed).toBe("end");
  expect(second.messages.all.filter((message) => "result" in message)).toHaveLength(1);
});

test("[15, 56] HTTP+SSE: the same session on the new connection, the answer once", async () => {
  const client = new SseClient(`${behind.base}/sse`, {});
  await client.resume();
  await client.initialize();
  begin();
  await client.send(client.message("tools/call", behind.stories.params(name), 1));
  await client.messages.expect(({ params }) => (params as { progress?: number } | undefined)?.progress === 4);
  const { endpoint, stream } = client;
  await restart();
  expect(await stream.closed).toBe("broken");
  client.lastEventId = stream.parser.lastEventId;
  await client.resume();
  expect(client.endpoint.href).toBe(endpoint.href);
  expect(endpoint.href).toMatch(`${behind.base}/messages?sessionId=`);
  await story.finish();
  await client.messages.expect(({ id }) => id === 1);
  expect((await client.request("ping")).result).toEqual({});
  expect(client.messages.all.slice(1, -1)).toEqual(expectedMessages(1, 7));
  client.close();
});

test.each([v1Driver("http"), v2Driver("legacy", "http")])(
  "[15, 56, 92] the official client $label recovers its call by itself",
  async (driver) => {
    const client = await driver.connect({ url: `${behind.base}/mcp` });
    begin();
    const progress: number[] = [];
    const onprogress = (one: { readonly progress: number }) => progress.push(one.progress);
    const call = client.callTool("story", { name }, { onprogress, timeoutMs: 15_000 });
    await story.begun;
    await until("its first progress", () => progress.at(-1) === 4);
    await restart();
    await story.finish();
    expect(await call).toMatchObject({ content: [{ type: "text" }] });
    expect(progress).toEqual([1, 2, 4, 5, 7, 8, 10, 11]);
    await client.close();
  },
);
