/** [59, 60] A GET that nothing would ever come for is refused at once; an event counts when its blank line has arrived. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { encodeEvent } from "../../src/protocol/sse.js";
import { silentLogger } from "../../src/util/logger.js";
import { v1Driver, v2Driver } from "../support/official.js";
import { legacySession, modernRequest, open, SseClient } from "../support/raw-http.js";
import { type Served, serve } from "./helpers/server.js";
import { expectedMessages, STEPS, Stories } from "./helpers/story.js";
import { TrimmingProxy, type TrimmingProxyOptions } from "./helpers/trimming-proxy.js";

describe("[59] GET without a session", () => {
  const mcp = new McpServer({ name: "get", version: "1.0.0" }, { logger: silentLogger });
  const accepts = [{ accept: "text/event-stream" }, { accept: "*/*" }, { "last-event-id": "AAAAAAAAAAAAAAAAAAAAAA_1" }];
  const versions = ["2025-03-26", "2025-11-25", "2026-07-28"].map((version) => ({ "mcp-protocol-version": version }));

  test("is 405 at once on Node", async () => {
    const served = await serve(mcp);
    for (const headers of [{}, ...accepts, ...versions]) {
      const stream = await open(served.url, { headers });
      expect(stream.status).toBe(405);
      expect(stream.headers.allow).toMatch(/POST/);
      expect(await stream.closed).toBe("end");
    }
    await served.close();
  });

  test("is 405 at once where a function serves it, and nothing of it is left open", async () => {
    for (const headers of [{}, ...accepts, ...versions]) {
      const answer = await mcp.fetch(new Request("http://127.0.0.1/mcp", { headers }));
      expect(answer.status).toBe(405);
      expect(await answer.text()).not.toBe("");
    }
  });
});

describe("[60] the last event without its blank line", () => {
  const mcp = new McpServer({ name: "last", version: "1.0.0" }, { logger: silentLogger, limits: { retryMs: 1 } });
  const stories = new Stories(mcp);
  let served: Served;
  const proxies: TrimmingProxy[] = [];
  beforeAll(async () => {
    served = await serve(mcp);
  });
  afterAll(() => served.close());
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.close();
  });

  const HOWS: readonly TrimmingProxyOptions["how"][] = ["end", "break"];
  async function behind(how: TrimmingProxyOptions["how"]): Promise<TrimmingProxy> {
    let left = 1;
    const trims: TrimmingProxyOptions["trims"] = (_request, body) => body.includes('"tools/call"') && left-- > 0;
    const proxy = await TrimmingProxy.start({ target: served.base, trims, how });
    proxies.push(proxy);
    return proxy;
  }
  const tell = (name: string) => void stories.get(name).begun.then(() => stories.get(name).finish());
  const isAnswer = (message: object) => "result" in message;

  test.each(HOWS)("2025-11-25, %s: is not delivered; the resumed stream delivers it", async (how) => {
    const session = await legacySession(`${(await behind(how)).base}/mcp`);
    tell(`2025 ${how}`);
    const cut = await session.open(session.message("tools/call", stories.params(`2025 ${how}`), 1));
    expect(await cut.closed).toBe(how === "end" ? "end" : "broken");
    expect(cut.messages.all).toEqual(expectedMessages(1, 7).slice(0, -1));
    const rest = await session.listen(cut.parser.lastEventId);
    expect(await rest.closed).toBe("end");
    expect(rest.messages.all).toEqual(expectedMessages(1, 7).slice(-1));
  });

  test.each(HOWS)("2026-07-28, %s: is not delivered; asked again, the call is answered", async (how) => {
    const { base } = await behind(how);
    const ask = (name: string) => {
      tell(name);
      const { message, headers } = modernRequest("tools/call", stories.params(name), { logLevel: "info" });
      return open(`${base}/mcp`, { method: "POST", body: message, headers });
    };
    const cut = await ask(`2026 ${how}`);
    await cut.closed;
    expect(cut.messages.all).toHaveLength(STEPS);
    expect(cut.messages.all.filter(isAnswer)).toEqual([]);
    const again = await ask(`2026 ${how} again`);
    expect(await again.closed).toBe("end");
    expect(again.messages.all.filter(isAnswer)).toHaveLength(1);
  });

  test("HTTP+SSE: is not delivered; the stream that comes back delivers it", async () => {
    const client = new SseClient(served.sseUrl, {});
    await client.resume();
    await client.initialize();
    await client.send(client.message("tools/call", stories.params("sse"), 1));
    const story = stories.get("sse");
    await story.begun;
    story.tell();
    for (let step = 1; step <= STEPS; step += 1) await client.messages.expect(({ id }) => id === undefined);
    const { stream } = client;
    const { lastEventId } = stream.parser;
    const next = lastEventId.replace(/\d+$/, (seq) => String(Number(seq) + 1));
    const answer = encodeEvent(JSON.stringify(expectedMessages(1, 7).at(-1)), next);
    stream.cutAfter(stream.bytesRead + Buffer.byteLength(answer) - 1);
    await story.finish();
    expect(await stream.closed).toBe("cut");
    expect(stream.raw.toString("utf8").endsWith(answer.slice(0, -1))).toBe(true);
    expect([stream.parser.lastEventId, client.messages.all.at(-1)]).toEqual([
      lastEventId,
      expectedMessages(1, 7).at(-2),
    ]);
    client.lastEventId = lastEventId;
    await client.resume();
    expect(await client.messages.expect()).toEqual(expectedMessages(1, 7).at(-1));
    client.close();
  });

  test.each([v1Driver("http"), v2Driver("legacy", "http")].flatMap((driver) => HOWS.map((how) => ({ driver, how }))))(
    "[92] the official client $driver.label, $how: comes back for it",
    async ({ driver, how }) => {
      const proxy = await behind(how);
      const client = await driver.connect({ url: `${proxy.base}/mcp` });
      const name = `${driver.label} ${how}`;
      tell(name);
      const result = await client.callTool("story", { name }, { onprogress: () => undefined, timeoutMs: 5_000 });
      expect(result.content).toHaveLength(1);
      expect(proxy.trimmed).toBe(1);
      await client.close();
    },
  );
});
