/** The proxy of `holdfast dev` against servers that do what tests need. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, describe, expect, it } from "vitest";
import { DevLog } from "../../src/dev/log.js";
import { DevProxy } from "../../src/dev/proxy.js";
import { Traffic } from "../../src/dev/traffic.js";
import { Upstream } from "../../src/dev/upstream.js";
import { McpServer } from "../../src/index.js";
import { until } from "../faults/helpers/until.js";
import { HEADERS, rpc } from "./helpers/dev.js";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = createServer(handler);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
}

async function proxied(target?: URL, holdMs?: number) {
  const upstream = new Upstream();
  const log = new DevLog();
  const traffic = new Traffic(log);
  const proxy = new DevProxy({ upstream, traffic, ...(holdMs !== undefined && { holdMs }) });
  if (target !== undefined) upstream.set({ phase: "ready", url: target });
  return { url: await listen(proxy.handle), upstream, log, proxy, traffic };
}

const post = (url: URL, body: string, more: RequestInit = {}) =>
  fetch(url, { method: "POST", headers: HEADERS, body, ...more });

describe("what passes", () => {
  it("comes as it was sent: first line, headers with their doubles, body, status and answer", async () => {
    let seen: { line: string; headers: readonly string[]; body: string } | undefined;
    const target = await listen(async (incoming, response) => {
      let body = "";
      for await (const chunk of incoming) body += String(chunk);
      seen = { line: `${incoming.method} ${incoming.url}`, headers: incoming.rawHeaders, body };
      response.writeHead(418, "Tea", ["X-One", "1", "X-One", "2"]).end("pot");
    });
    const { url } = await proxied(target);
    const outgoing = request({
      host: url.hostname,
      port: url.port,
      path: "/mcp?a=%20b",
      method: "PATCH",
      headers: ["Host", "name.example", "X-Twice", "1", "x-twice", "2", "Connection", "close, x-hop", "X-Hop", "y"],
    });
    outgoing.end("body");
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of answer) text += String(chunk);
    expect(seen?.line).toBe("PATCH /mcp?a=%20b");
    expect(seen?.headers.slice(0, 6)).toEqual(["Host", "name.example", "X-Twice", "1", "x-twice", "2"]);
    expect(seen?.headers).not.toContain("X-Hop");
    expect([seen?.body, answer.statusCode, answer.statusMessage, text]).toEqual(["body", 418, "Tea", "pot"]);
    expect(answer.rawHeaders.filter((one) => one === "X-One")).toHaveLength(2);
  });

  it("is not gathered: headers and events come one by one", async () => {
    let stream: ServerResponse | undefined;
    const { url, log } = await proxied(
      await listen((_incoming, response) => {
        stream = response.writeHead(200, { "content-type": "text/event-stream" });
        response.flushHeaders();
      }),
    );
    const response = await post(url, rpc("tools/call", { name: "x", _meta: { progressToken: 1 } }));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (const number of [1, 2, 3]) {
      const data = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: number } };
      const event = `data: ${JSON.stringify(data)}\n\n`;
      stream?.write(event);
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(event);
    }
    stream?.end('data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n');
    await reader.read();
    await until("the answer is logged", () => log.exchanges[0]?.outcome !== undefined);
    expect(log.exchanges[0]).toMatchObject({ name: "x", outcome: { kind: "ok" } });
    expect(log.exchanges[0]?.notes.map(({ params }) => (params as { progress: number }).progress)).toEqual([1, 2, 3]);
  });

  it("waits for a reader who is slow, instead of piling up here", async () => {
    const CHUNK = Buffer.alloc(65_536, 97);
    let written = 0;
    let stalled = false;
    const { url } = await proxied(
      await listen((_incoming, response) => {
        response.writeHead(200, { "content-type": "application/octet-stream" });
        const more = () => {
          while (written < 200 * 1_048_576) {
            written += CHUNK.length;
            if (!response.write(CHUNK)) {
              stalled = true;
              response.once("drain", more);
              return;
            }
          }
        };
        more();
      }),
    );
    const outgoing = request({ host: url.hostname, port: url.port, path: "/big" });
    outgoing.end();
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    await once(answer, "readable");
    let before = -1;
    let still = 0;
    // Sockets hold some; then nothing moves any more.
    await until("it stands still", () => {
      still = stalled && written === before ? still + 1 : 0;
      before = written;
      return still > 100;
    });
    expect(written).toBeLessThan(64 * 1_048_576);
    answer.destroy();
  });

  it("ends on both sides when one leaves", async () => {
    let left = false;
    let cut: (() => void) | undefined;
    const { url, log } = await proxied(
      await listen((_incoming, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: x\n\n");
        response.once("close", () => {
          left = true;
        });
        cut = () => response.destroy();
      }),
    );
    const leaving = new AbortController();
    await post(url, rpc("tools/call", { name: "one" }), { signal: leaving.signal });
    leaving.abort();
    await until("the server sees it", () => left);
    await until("it is logged", () => log.exchanges[0]?.outcome?.kind === "cancelled");
    const second = await post(url, rpc("tools/call", { name: "two" }));
    cut?.();
    await expect(second.text()).rejects.toThrow();
  });
});

describe("a server that restarts", () => {
  const answering = (text: string) => (_incoming: IncomingMessage, response: ServerResponse) => {
    response.end(text);
  };

  it("gets what it refused while it ended, and nothing twice", async () => {
    const bodies: string[] = [];
    let refuse: (() => void) | undefined;
    const old = await listen((incoming, response) => {
      incoming.on("data", (chunk) => bodies.push(`old ${String(chunk)}`));
      refuse = () => response.writeHead(503, { "retry-after": "1" }).end("draining");
    });
    const fresh = await listen((incoming, response) => {
      incoming.on("data", (chunk) => bodies.push(`new ${String(chunk)}`));
      response.end("new");
    });
    const { url, upstream } = await proxied(old);
    const asked = post(url, rpc("ping"));
    await until("it has arrived", () => bodies.length === 1);
    upstream.set({ phase: "ending", url: old });
    refuse?.();
    upstream.set({ phase: "starting" });
    upstream.set({ phase: "ready", url: fresh });
    expect(await (await asked).text()).toBe("new");
    expect(bodies).toEqual([`old ${rpc("ping")}`, `new ${rpc("ping")}`]);
    // One that is well and says 503 means it.
    const busy = await listen((_incoming, response) => {
      response.writeHead(503).end("busy");
    });
    upstream.set({ phase: "ready", url: busy });
    expect((await post(url, rpc("ping"))).status).toBe(503);
  });

  it("is waited for, with the body, for so long; then it is said", async () => {
    const { url, upstream } = await proxied(undefined, 200);
    const late = await post(url, rpc("ping", {}, "a1"));
    expect(late.status).toBe(503);
    expect(await late.json()).toMatchObject({ id: "a1", error: { message: expect.stringContaining("did not start") } });
    const waiting = post(url, rpc("ping"));
    upstream.set({ phase: "ready", url: await listen(answering("there")) });
    expect(await (await waiting).text()).toBe("there");
  });

  it("takes nothing along when it ends of what waits for the next one", async () => {
    const target = await listen((incoming, response) => {
      incoming.resume().once("end", () => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: {} }));
      });
    });
    const { url, upstream, log, traffic } = await proxied();
    const waiting = post(url, rpc("ping"));
    await until("it is there", () => log.exchanges.length === 1);
    traffic.serverGone();
    upstream.set({ phase: "ready", url: target });
    await (await waiting).text();
    expect(log.exchanges.map(({ method, outcome }) => [method, outcome])).toEqual([["ping", { kind: "ok" }]]);
  });

  it("that dies in the middle is asked once only", async () => {
    let asked = 0;
    const { url, log } = await proxied(
      await listen((incoming) => {
        asked += 1;
        incoming.resume();
        incoming.once("end", () => incoming.socket.destroy());
      }),
    );
    const response = await post(url, rpc("tools/call", { name: "order" }, 7));
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ id: 7, error: { message: expect.stringContaining("ended before") } });
    expect(asked).toBe(1);
    await until("it is logged", () => log.exchanges[0]?.outcome?.kind === "error");
  });
});

it("a stream that breaks is resumed through it, with what was missed", async () => {
  const mcp = new McpServer({ name: "resumed", version: "1.0.0" }, { logger: { log() {} } });
  let proceed: (() => void) | undefined;
  mcp.registerTool("long", {}, async (ctx) => {
    ctx.progress(1, 2);
    ctx.closeStream();
    await new Promise<void>((resolve) => {
      proceed = resolve;
    });
    return "the end";
  });
  const { url, log } = await proxied(await listen(mcp.node));
  const client = new Client({ name: "host", version: "1.0.0" }, { versionNegotiation: { mode: "legacy" } });
  await client.connect(new StreamableHTTPClientTransport(url));
  const called = client.callTool({ name: "long", arguments: {} }, { onprogress: () => proceed?.() });
  await until("it goes on", () => proceed !== undefined);
  proceed?.();
  expect((await called).content).toEqual([{ type: "text", text: "the end" }]);
  expect(log.exchanges.find(({ name }) => name === "long")).toMatchObject({ outcome: { kind: "ok" } });
  await client.close();
});
