/** [57, 58] Texts that look like framing, and characters that are cut in two: they arrive as they were sent. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest, parseResponse, post, RawSocket, requestBytes, SseClient } from "../support/raw-http.js";
import { isWireObject, type Revision, type WireObject } from "../support/wire-schema.js";
import { KEPT, quickSession } from "./helpers/quick-session.js";
import { BY_NAME, type Served, serve } from "./helpers/server.js";
import { until } from "./helpers/until.js";

const mcp = new McpServer({ name: "bytes", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
const inputSchema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] } as const;
mcp.registerTool("echo", { inputSchema }, ({ text }, ctx) => {
  ctx.progress(1, 1, text as string);
  ctx.log.info(text as string);
  return text as string;
});
mcp.registerTool("plain", { inputSchema }, ({ text }) => text as string);

let served: Served;
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());

const NASTY = [
  "\u2028\u2029",
  "\r",
  "\n",
  "\r\n\r\n",
  "\0",
  "data: x\n\n",
  "\nid: 99\n",
  "\nevent: endpoint\ndata: /evil\n\n",
  "\nretry: 0\n",
  ": comment\n",
  "é€😀",
  "\uFEFF",
  "\u0085",
  "\u001b[31m",
  '"\\',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: "binary" }), fc.string()), { maxLength: 12 })
  .map((parts) => parts.join(""));

const params = (one: string): WireObject => ({ name: "echo", arguments: { text: one }, _meta: { progressToken: 1 } });

/** What the three messages of an echo say. */
function said(messages: readonly WireObject[]): unknown[] {
  return messages.map(({ params: given, result }) => {
    if (isWireObject(result)) return (result.content as WireObject[])[0]?.text;
    return isWireObject(given) ? (given.message ?? given.data) : undefined;
  });
}

/** Lines that an event stream may have; text that broke out of its field would make others. */
const LINE = /^(?:(?:event: message|id: [\w-]{22}_\d+|data: \{.*\}|data:|retry: \d+|:.*)?)$/su;

function onlyFraming(raw: Buffer): void {
  for (const line of raw.toString("utf8").split(/\r\n|\r|\n/)) expect(line).toMatch(LINE);
}

describe("[57] line breaks, NUL, U+2028 and field names inside texts", () => {
  test.each<Revision>(["2025-11-25", "2025-06-18", "2025-03-26"])("%s", { timeout: 60_000 }, async (revision) => {
    const session = await quickSession(served.url, revision);
    await fc.assert(
      fc.asyncProperty(text, async (one) => {
        const answer = await session.post(session.message("tools/call", params(one), 1), KEPT);
        expect(said(answer.messages)).toEqual([one, one, one]);
        onlyFraming(answer.raw);
      }),
      { numRuns: 200, verbose: 1, examples: NASTY.map((one) => [one]) },
    );
  });

  test("2026-07-28", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(text, async (one) => {
        const { message, headers } = modernRequest("tools/call", params(one), { logLevel: "info", progressToken: 1 });
        const answer = await post(served.url, message, { headers, ...KEPT });
        expect(said(answer.messages)).toEqual([one, one, one]);
        onlyFraming(answer.raw);
      }),
      { numRuns: 200, verbose: 1, examples: NASTY.map((one) => [one]) },
    );
  });

  test("HTTP+SSE", { timeout: 60_000 }, async () => {
    const sse = new SseClient(served.sseUrl, {});
    await sse.resume();
    await sse.initialize();
    await fc.assert(
      fc.asyncProperty(text, async (one) => {
        await sse.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: params(one) });
        const messages = [];
        for (let count = 0; count < 3; count += 1) messages.push(await sse.messages.expect());
        expect(said(messages)).toEqual([one, one, one]);
      }),
      { numRuns: 200, verbose: 1, examples: NASTY.map((one) => [one]) },
    );
    sse.close();
  });
});

describe("[58] characters of several bytes, cut", () => {
  const TEXT = "é€😀\u2028";
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "plain", arguments: { text: TEXT } } };

  test("request bodies in two pieces, at every byte of request and body", { timeout: 60_000 }, async () => {
    const bytes = requestBytes(served.url, "POST", call);
    for (let at = 1; at < bytes.length; at += 1) {
      const before = new Set(served.connections);
      const socket = await RawSocket.connect(served.url);
      await socket.write(bytes.subarray(0, at));
      await until("the first piece is read", () => {
        const mine = [...served.connections].find((one) => !before.has(one));
        return mine?.bytesRead === at;
      });
      await socket.write(bytes.subarray(at));
      const answer = parseResponse((await socket.all()).bytes, { sent: call, revision: "2025-03-26" });
      expect(answer?.messages).toMatchObject([{ result: { content: [{ text: TEXT }] } }]);
    }
  });

  test("request bodies one byte at a time, through mcp.fetch", async () => {
    const bytes = Buffer.from(JSON.stringify(call));
    const body = new ReadableStream({
      start: (controller) => {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const request = new Request(served.url, { method: "POST", headers, body, duplex: "half" } as RequestInit);
    const answer = (await (await mcp.fetch(request)).json()) as WireObject;
    expect(answer).toMatchObject({ result: { content: [{ text: TEXT }] } });
  });

  test("an answer far larger than any buffer, as an event stream, read in pieces of every small size", {
    timeout: 60_000,
  }, async () => {
    const large = TEXT.repeat(40_000);
    const session = await quickSession(served.url, "2025-11-25");
    const stream = await session.open(session.message("tools/call", params(large), 1));
    expect(await stream.closed).toBe("end");
    expect(said(stream.messages.all)).toEqual([large, large, large]);
    const lastEventId = stream.parser.blocks[1]?.id;
    const again = await session.listen(lastEventId);
    expect(await again.closed).toBe("end");
    expect(said(again.messages.all)).toEqual([large, large]);
  });
});
