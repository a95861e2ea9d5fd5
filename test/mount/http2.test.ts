/** What is different over HTTP/2: replies of Node's compatibility API tell less of themselves than those of HTTP/1. */
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, createServer, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import * as library from "../../src/index.js";
import { modernRequest } from "../support/raw-http.js";

const PRINCIPAL = { issuer: "test", subject: "ada", permissions: ["*"] };
const TYPES = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const LEGACY = { ...TYPES, "mcp-protocol-version": "2025-11-25" };
const NEXT_TURN = () => new Promise((resolve) => setImmediate(resolve));

describe("HTTP/2", () => {
  let reports: unknown[] = [];
  let close: () => Promise<unknown>;
  let client: ClientHttp2Session;
  let replies: Http2ServerResponse[] = [];
  let aborted = Promise.resolve();
  /** Tells when authentication is asked, and lets it go on. */
  let asked = () => {};
  let admitted: Promise<void> | undefined;
  let ran: (finish: () => void) => void = () => {};
  let runs = 0;
  let url = "";

  beforeEach(async () => {
    [reports, replies, runs, admitted] = [[], [], 0, undefined];
    const mcp = new library.McpServer(
      { name: "mounted", version: "1.0.0" },
      {
        logger: { log: (...report) => void reports.push(report) },
        limits: { streamMaxBytes: 20_000_000, maxQueuedBytes: 20_000_000 },
        auth: library.custom(() => {
          asked();
          return admitted === undefined ? PRINCIPAL : admitted.then(() => PRINCIPAL);
        }),
      },
    );
    aborted = new Promise((resolve) => {
      mcp.registerTool("hang", { annotations: { readOnlyHint: true } }, (ctx) => {
        return new Promise<string>((done) => {
          ctx.signal.addEventListener("abort", () => [resolve(), done("aborted")], { once: true });
        });
      });
    });
    mcp.registerTool("order", { inputSchema: z.object({}) }, async () => {
      runs += 1;
      await new Promise<void>((finish) => ran(finish));
      return "ordered";
    });
    mcp.registerTool("flood", { annotations: { readOnlyHint: true } }, (ctx) => {
      for (let index = 1; index <= 200; index += 1) ctx.progress(index, 200, "y".repeat(20_000));
      return "flooded";
    });
    const server = createServer((request, response) => {
      replies.push(response);
      // A framework that has read the body before, of whoever asks for it.
      if (request.url?.endsWith("?parsed") !== true) return mcp.node(request, response);
      void text(request).then((body) => mcp.node(Object.assign(request, { body }), response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = connect(url);
    close = async () => {
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    };
  });
  afterEach(() => close());

  const send = (method: string, headers: object, body?: object, path = "/mcp") => {
    const stream = client.request({ ":method": method, ":path": path, ...headers });
    stream.on("error", () => {});
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    return stream;
  };
  const post = async (body: object, headers: object = LEGACY) => text(send("POST", headers, body));
  const initialize = async (): Promise<object> => {
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "c", version: "1" } };
    const stream = send("POST", TYPES, { jsonrpc: "2.0", id: 1, method: "initialize", params });
    const [head] = (await once(stream, "response")) as [Record<string, string>];
    await text(stream);
    const headers = { ...LEGACY, "mcp-session-id": head["mcp-session-id"] };
    await post({ jsonrpc: "2.0", method: "notifications/initialized" }, headers);
    return headers;
  };
  const call = (id: number, name: string) => {
    return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: {}, _meta: { progressToken: id } } };
  };

  it.each(["cancelled", "lost with its connection", "answered into a connection that then broke"])(
    "keeps an answer for a client whose request was %s",
    async (how) => {
      const headers = await initialize();
      const begun = new Promise<() => void>((resolve) => {
        ran = resolve;
      });
      const lost = send("POST", headers, call(2, "order"));
      const finish = await begun;
      const reply = replies.at(-1);
      const ended = new Promise((resolve) => reply?.once("finish", resolve));
      const broken = new Promise((resolve) => reply?.stream.session?.once("close", resolve));
      if (how.startsWith("answered")) {
        finish();
        await ended;
      } else reply?.stream.once("aborted", finish);
      if (how === "cancelled") lost.close(constants.NGHTTP2_CANCEL);
      else client.destroy();
      await (how === "cancelled" ? ended : broken);
      await NEXT_TURN();
      if (how !== "cancelled") client = connect(url);
      ran = (run) => run();
      expect(await post(call(3, "order"), headers)).toContain("ordered");
      expect(runs).toBe(1);
    },
  );

  it("sends what was missed no faster than the client takes it", async () => {
    const headers = await initialize();
    const stream = send("POST", headers, call(2, "flood"));
    stream.setEncoding("utf8");
    const [first] = (await once(stream, "data")) as [string];
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, "close");
    const again = send("GET", {
      ...headers,
      accept: "text/event-stream",
      "last-event-id": /id: (\S+)/.exec(first)?.[1],
    });
    await once(again, "response");
    const reply = replies.at(-1);
    again.pause();
    // Every turn has time for one event more than it should.
    for (let turn = 0; turn < 300; turn += 1) await NEXT_TURN();
    expect(reply?.writableLength).toBeLessThan(1_000_000);
    again.resume();
    expect(await text(again)).toContain("flooded");
  });

  it.each(["/mcp", "/mcp?parsed"])("tells a call to %s whose client left during authentication", async (path) => {
    const { message, headers } = modernRequest("tools/call", { name: "hang", arguments: {} });
    let admit = () => {};
    admitted = new Promise((resolve) => {
      admit = resolve;
    });
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const left = send("POST", { ...TYPES, ...headers }, message, path);
    await waiting;
    const gone = once(replies.at(-1)?.stream ?? left, "close");
    left.close(constants.NGHTTP2_CANCEL);
    await gone;
    admit();
    // A body that was never read is gone with its client; one that was read is a call.
    if (path !== "/mcp") await aborted;
    for (let turn = 0; turn < 10; turn += 1) await NEXT_TURN();
    expect(reports).toEqual([]);
  });
});
