import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { cutResponse, open, parseResponse, post, type SseEvent, SseParser, sse } from "./raw-http.js";

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

type Reply = (body: string, response: ServerResponse, request: { url: string; lastEventId?: string }) => void;

async function serve(reply: Reply): Promise<string> {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const lastEventId = request.headers["last-event-id"] as string | undefined;
      reply(Buffer.concat(chunks).toString("utf8"), response, { url: request.url ?? "", lastEventId });
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
const pong = JSON.stringify({ jsonrpc: "2.0", id: 1, result: {} });
const STREAM = { "content-type": "text/event-stream" };

describe("SseParser", () => {
  const parse = (...chunks: string[]) => {
    const parser = new SseParser();
    return { parser, events: chunks.flatMap((chunk) => parser.push(Buffer.from(chunk))) };
  };

  test("knows every field, comment and line ending", () => {
    const text = ": hello\r\nid: 1\r\nevent: x\r\ndata: a\r\ndata:  b\r\rretry: 20\rdata\n\ndata: c\nid\n\nid: 9";
    const { parser, events } = parse(text);
    expect(events).toEqual<SseEvent[]>([
      { event: "x", data: "a\n b", id: "1" },
      { event: "message", data: "c", id: "" },
    ]);
    expect(parser).toMatchObject({ retryMs: 20, comments: [" hello"], lastEventId: "" });
  });

  test("moves the last event id on at the blank line, also of an event without data", () => {
    const { parser, events } = parse("id: prime\ndata:\n\n", "id: next\ndata: x\n");
    expect(events).toEqual([]);
    expect(parser.lastEventId).toBe("prime");
    expect(parser.blocks).toEqual([{ id: "prime", data: "" }]);
  });

  test("gives the same events wherever the bytes are cut", () => {
    const bytes = Buffer.from(
      '\uFEFFid: é\r\ndata: {"a":"😀"}\r\n\r\ndata: x\rdata: y\r\r: c\n\nevent: e\ndata: z\n\n',
    );
    const whole = new SseParser().push(bytes);
    expect(whole.map(({ data }) => data)).toEqual(['{"a":"😀"}', "x\ny", "z"]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const parser = new SseParser();
        const ends = [...cuts.sort((a, b) => a - b), bytes.length];
        expect(ends.flatMap((end, index) => parser.push(bytes.subarray(ends[index - 1] ?? 0, end)))).toEqual(whole);
      }),
    );
  });
});

describe("post and open", () => {
  test("reads JSON and SSE answers alike", async () => {
    const url = await serve((_body, response, request) => {
      if (request.url === "/json") response.setHeader("content-type", "application/json").end(pong);
      else response.writeHead(200, STREAM).end(`: hi\n\nid: 7\ndata: ${pong}\n\n`);
    });
    expect((await post(`${url}/json`, ping)).reply).toEqual(JSON.parse(pong));
    const streamed = await post(`${url}/sse`, ping);
    expect(streamed.events).toEqual([{ event: "message", data: pong, id: "7" }]);
    expect(streamed.reply).toEqual(JSON.parse(pong));
  });

  test("throws on an answer that the revision does not allow, of either form", async () => {
    const url = await serve((_body, response, request) => {
      const wrong = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { wrong: true } });
      if (request.url === "/json") response.setHeader("content-type", "application/json").end(wrong);
      else response.writeHead(200, STREAM).end(`data: ${wrong}\n\n`);
    });
    await expect(post(`${url}/json`, ping)).rejects.toThrow(/unexpected member wrong/);
    await expect(post(`${url}/sse`, ping)).rejects.toThrow(/unexpected member wrong/);
  });

  test("cuts after exactly so many bytes, and the server sees the socket go", async () => {
    let gone: () => void = () => undefined;
    const seen = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const url = await serve((_body, response) => {
      response.on("close", gone);
      response.writeHead(200, STREAM).write(`data: ${pong}\n\nid: 2\ndata: ${"x".repeat(100_000)}\n\n`);
    });
    const stream = await open(url, { method: "POST", body: ping, cutAfter: 60 });
    expect(await stream.closed).toBe("cut");
    expect(stream.raw).toHaveLength(60);
    expect(stream.events.all).toHaveLength(1);
    await seen;
  });

  test("cuts a raw socket at every byte of head, framing and body", async () => {
    const url = await serve((_body, response) => {
      response.sendDate = false;
      response.writeHead(200, STREAM).write(`id: 1\ndata: ${pong}\n\n`);
      response.end("id: 2\nevent: other\ndata: x\n\n");
    });
    const { bytes } = await cutResponse(url, ping, Number.POSITIVE_INFINITY);
    const whole = parseResponse(bytes, { sent: ping, revision: "2025-11-25" });
    expect(whole).toMatchObject({ status: 200, complete: true, lastEventId: "2", messages: [JSON.parse(pong)] });
    for (let at = 0; at < bytes.length; at += 1) {
      const part = await cutResponse(url, ping, at);
      expect(part.bytes).toHaveLength(at);
      expect(parseResponse(part.bytes, { sent: ping, revision: "2025-11-25" })?.complete ?? false).toBe(false);
    }
  });
});

test("an HTTP+SSE client is cut, comes back with its Last-Event-ID, and takes no answer twice", async () => {
  let stream: ServerResponse | undefined;
  const seen: (string | undefined)[] = [];
  const url = await serve((body, response, { url: path, lastEventId }) => {
    if (path === "/sse") {
      seen.push(lastEventId);
      stream = response.writeHead(200, STREAM);
      stream.write("event: endpoint\ndata: /messages?session=1\n\n");
      if (lastEventId === "1")
        stream.write(`id: 2\ndata: ${JSON.stringify({ jsonrpc: "2.0", id: 2, result: {} })}\n\n`);
      return;
    }
    response.writeHead(202).end("Accepted");
    if (JSON.parse(body).id === 1) stream?.write(`id: 1\ndata: ${pong}\n\n`);
  });
  const client = await sse(`${url}/sse`);
  expect(client.endpoint.href).toBe(`${url}/messages?session=1`);
  expect(await client.request("ping")).toEqual(JSON.parse(pong));
  await client.send({ ...ping, id: 2 });
  await client.cut();
  await client.resume();
  expect(await client.messages.expect(({ id }) => id === 2)).toMatchObject({ result: {} });
  expect(seen).toEqual([undefined, "1"]);
  client.close();
});
