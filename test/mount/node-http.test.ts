import { once } from "node:events";
import { type IncomingMessage, ServerResponse } from "node:http";
import { connect, constants, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import * as library from "../../src/index.js";
import { modernRequest, post, RawSocket, requestBytes } from "../support/raw-http.js";
import { createFixture } from "./fixture.js";
import { listen } from "./serving.js";
import { slowServer } from "./slow-server.js";
import { mountSuite } from "./suite.js";

mountSuite("mcp.run()", async () => {
  const handle = await createFixture(library).run({ transport: "http", port: 0, signals: false });
  return { base: new URL(handle.url ?? "").origin, close: () => handle.close() };
});

mountSuite("node:http", () => listen(createFixture(library).node));

mountSuite("node:http, below a path", () => listen(createFixture(library).node, "/tools/v1"));

it("[89] mcp.shutdown lets calls end, refuses new ones and ends streams", async () => {
  const { mcp, begun, finish } = slowServer(library);
  const { base, close } = await listen(mcp.node);
  const { message, headers } = modernRequest("tools/call", { name: "slow", arguments: {} });
  const call = post(`${base}/mcp`, message, { headers });
  await begun;
  const stopped = mcp.shutdown();
  const late = await post(`${base}/mcp`, message, { headers });
  expect([late.status, (await fetch(`${base}/ready`)).status]).toEqual([503, 503]);
  finish("done");
  expect((await call).reply).toMatchObject({ result: { content: [{ text: "done" }] } });
  await stopped;
  await close();
  await new library.McpServer({ name: "never mounted", version: "1" }).shutdown();
});

it.each(["/mcp", "/tools/mcp", "/tools/mcp/"])(
  "the absolute form of %s is served, and its host counts",
  async (path) => {
    const { base, close } = await listen(createFixture(library).node);
    const { message, headers } = modernRequest("tools/call", { name: "echo", arguments: { text: "absolute" } });
    const body = JSON.stringify(message);
    const types = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const ask = async (target: string): Promise<string> => {
      const socket = await RawSocket.connect(base);
      const bytes = requestBytes(`${base}${path}`, "POST", body, { ...types, ...headers, connection: "close" });
      await socket.write(bytes.toString().replace(`POST ${path} `, `POST ${target} `));
      return (await socket.all()).bytes.toString();
    };
    expect(await ask(`${base}${path}`)).toMatch(/^HTTP\/1\.1 200 [\s\S]*absolute/);
    expect(await ask(`http://evil.example${path}`)).toMatch(/^HTTP\/1\.1 403 /);
    await close();
  },
);

it("mcp.node serves HTTP/2", async () => {
  const server = createServer(createFixture(library).node);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const call = async (name: string, args: object, addressed: object = {}) => {
    const { message, headers } = modernRequest("tools/call", { name, arguments: args }, { progressToken: 1 });
    const pseudo = { ":method": "POST", ":path": "/x/mcp", ...addressed };
    const stream = session.request({ ...pseudo, ...headers, "content-type": "application/json" });
    stream.end(JSON.stringify(message));
    const [head] = (await once(stream, "response")) as [Record<string, unknown>];
    return { status: head[":status"], stream };
  };
  const echo = await call("echo", { text: "over HTTP/2" });
  expect([echo.status, await text(echo.stream)]).toEqual([200, expect.stringContaining("over HTTP/2")]);
  for (const [addressed, status] of [
    [{ ":authority": "evil.example" }, 403],
    [{ ":authority": "evil.example", host: "localhost" }, 403],
    [{ ":authority": "localhost", host: "evil.example" }, 403],
    // Both allowed, and still not the same: one of them is what something in front went by.
    [{ ":authority": "localhost", host: "127.0.0.1" }, 403],
    [{ ":authority": "LOCALHOST", host: "localhost" }, 200],
  ] as const) {
    const { status: got } = await call("echo", { text: "x" }, addressed);
    expect([addressed, got]).toEqual([addressed, status]);
  }
  const hanging = await call("hang", { key: "http2" });
  await once(hanging.stream, "data");
  hanging.stream.close(constants.NGHTTP2_CANCEL);
  const seen = await call("wait_for", { event: "aborted:http2" });
  expect(await text(seen.stream)).toContain("aborted:http2");
  session.destroy();
  await new Promise((resolve) => server.close(resolve));
});

it.each([undefined, null, {}])("an adapter's request is served whose socket is %s", async (socket) => {
  const { message, headers: own } = modernRequest("tools/call", { name: "echo", arguments: { text: "adapted" } });
  const accept = "application/json, text/event-stream";
  const headers = { ...own, host: "localhost", accept, "content-type": "application/json" };
  const facts = { method: "POST", url: "/mcp", headers, rawHeaders: Object.entries(headers).flat(), socket };
  const request = Object.assign(Readable.from([Buffer.from(JSON.stringify(message))]), facts);
  const response = new ServerResponse(request as unknown as IncomingMessage);
  const reply = new Promise<unknown>((resolve) => {
    response.end = (body?: unknown) => {
      resolve(body);
      return response;
    };
  });
  const mcp = createFixture(library);
  // Loaded before: what is thrown then is thrown here.
  await mcp.fetch(new Request("http://localhost/health"));
  mcp.node(request as unknown as IncomingMessage, response);
  expect(await reply).toContain("adapted");
});
