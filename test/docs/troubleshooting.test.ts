/** docs/troubleshooting.md: every message is one that its program really has; those easily had are provoked. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { McpServer as OfficialServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { McpServer, sharedSecret } from "../../src/index.js";
import { messagesOf, patternOf, sources } from "./helpers/messages.js";

const OURS = messagesOf("Messages of Holdfast");
const OFFICIAL = messagesOf("Messages of the official SDK");
const NODE = messagesOf("Messages of clients, Node and npm");

describe("messages", () => {
  const own = sources("src", /\.ts$/);
  const packages = ["sdk/dist/esm", "client/dist"].map((name) => {
    return sources(`node_modules/@modelcontextprotocol/${name}`, /\.m?js$/);
  });

  test("there are many", () => {
    expect(OURS.length).toBeGreaterThan(35);
    expect(OFFICIAL.length).toBeGreaterThan(20);
  });

  test.each(OURS)("Holdfast says: %s", (message) => {
    expect(spoken(message).test(own)).toBe(true);
  });

  test.each(OFFICIAL)("the official SDK says: %s", (message) => {
    expect(packages.some((text) => spoken(message).test(text))).toBe(true);
  });
});

/** As it is in source, where the ends of some are added elsewhere. */
function spoken(message: string): RegExp {
  return patternOf(message.replace(/^(.+); try again later\.$/, "$1").replace(/: it needs ….$/, ""));
}

const HEADING = (message: string) => [...OURS, ...OFFICIAL, ...NODE].find((one) => patternOf(one).test(message));
const JSON_TYPE = { "content-type": "application/json" };
const INITIALIZE = {
  ...{ jsonrpc: "2.0", id: 1, method: "initialize" },
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "reader", version: "1" } },
};

describe("provoked in Holdfast", () => {
  const handles: { close(): Promise<void> }[] = [];
  let url = "";
  let guarded = "";

  beforeAll(async () => {
    const quiet = { logger: { log: () => {} } };
    const mcp = new McpServer({ name: "page", version: "1.0.0" }, { ...quiet, limits: { maxBodyBytes: 2000 } });
    mcp.registerTool("break", {}, () => {
      throw new Error("a detail that nobody is told");
    });
    mcp.registerTool("pay", { inputSchema: z.object({ id: z.string() }), requires: "pay" }, () => "paid");
    const auth = sharedSecret({ secret: "a-secret-of-the-page", permissions: [] });
    const locked = new McpServer({ name: "page", version: "1.0.0" }, { ...quiet, auth });
    const start = async (server: McpServer) => {
      const handle = await server.run({ transport: "http", port: 0, signals: false });
      handles.push(handle);
      return `${handle.url}`;
    };
    url = await start(mcp);
    guarded = await start(locked);
  });
  afterAll(async () => {
    for (const handle of handles) await handle.close();
  });

  const post = (body: unknown, headers: Record<string, string> = {}, to = url) =>
    fetch(to, { method: "POST", headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });

  const REFUSALS: readonly [number, string, () => Promise<Response>][] = [
    [403, "Origin not allowed", () => post(INITIALIZE, { origin: "https://evil.example" })],
    [401, "Unauthorized.", () => post(INITIALIZE, {}, guarded)],
    [404, "Session not found", () => post({ ...INITIALIZE, method: "ping" }, { "mcp-session-id": "made-up" })],
    [406, "Accept must allow", () => post(INITIALIZE, { accept: "text/html" })],
    [415, "The body must be", () => post(INITIALIZE, { "content-type": "text/plain" })],
    [415, "Compressed bodies", () => post(INITIALIZE, { "content-encoding": "gzip" })],
    [413, "The body is larger", () => post({ ...INITIALIZE, padding: "x".repeat(3000) })],
    [405, "GET needs an Mcp-Session-Id.", () => fetch(url)],
    [400, "Header mismatch", () => post(modern("tools/list"))],
    [400, "Unsupported protocol version", () => post(modern("ping", "2099-01-01"), headersOf("ping", "2099-01-01"))],
    [400, "Invalid request metadata", () => post(INITIALIZE, { "mcp-protocol-version": "2026-07-28" })],
    [200, "Method not found", () => post({ jsonrpc: "2.0", id: 1, method: "no/such" })],
    [200, "Unknown tool", () => call("nothing")],
    [200, "Internal error in tool break", () => call("break")],
    [403, "Permission denied for tool pay", () => call("pay", { id: "1" })],
  ];
  const call = (name: string, args: object = {}) =>
    post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });

  test.each(REFUSALS)("%i %s", async (status, begin, ask) => {
    const reply = await ask();
    const text = await reply.text();
    expect(text).toContain(begin);
    expect(reply.status).toBe(status);
    expect(HEADING(text), text).toBeDefined();
  });

  test("a public address, a port that is taken, a wrong option and a short secret", async () => {
    const server = () => new McpServer({ name: "page", version: "1.0.0" });
    const { port } = new URL(url);
    const starts: readonly (() => Promise<unknown>)[] = [
      () => server().run({ transport: "http", host: "0.0.0.0", port: 0 }),
      () => server().run({ transport: "http", port: Number(port) }),
      () => server().run({ prot: 1 } as never),
      async () =>
        new McpServer({ name: "page", version: "1.0.0" }, { secret: "short" }).run({ transport: "http", port: 0 }),
    ];
    const words = ["Refusing to listen", "is in use", "unknown option", "A seal secret"];
    for (const [index, start] of starts.entries()) {
      const message = await start().then(String, (error: Error) => error.message);
      expect(message).toContain(words[index]);
      expect(HEADING(message), message).toBeDefined();
    }
  });
});

function headersOf(method: string, version: string): Record<string, string> {
  return { "mcp-protocol-version": version, "mcp-method": method };
}

function modern(method: string, version = "2026-07-28"): object {
  const meta = { "io.modelcontextprotocol/protocolVersion": version };
  const all = { ...meta, "io.modelcontextprotocol/clientCapabilities": {} };
  return { jsonrpc: "2.0", id: 1, method, params: { _meta: all } };
}

describe("provoked in the official SDK", () => {
  test("a server without a session, with a strange revision, and a client that takes JSON only", async () => {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => crypto.randomUUID() });
    await new OfficialServer({ name: "official", version: "1.0.0" }).connect(transport);
    const http = createServer((request, response) => void transport.handleRequest(request, response));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
    const both = { ...JSON_TYPE, accept: "application/json, text/event-stream" };
    const ask = async (body: object, headers: Record<string, string>) => {
      const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: reply.status, text: await reply.text(), id: reply.headers.get("mcp-session-id") ?? "" };
    };
    try {
      const list = { jsonrpc: "2.0", id: 2, method: "tools/list" };
      expect(await ask(list, both)).toMatchObject({
        status: 400,
        text: expect.stringMatching(/Bad Request: Server not initialized/),
      });
      expect(await ask(INITIALIZE, JSON_TYPE)).toMatchObject({
        status: 406,
        text: expect.stringMatching(/Not Acceptable: Client must/),
      });
      const { id } = await ask(INITIALIZE, both);
      expect(await ask(INITIALIZE, both)).toMatchObject({
        status: 400,
        text: expect.stringMatching(/Server already initialized/),
      });
      expect(await ask(list, both)).toMatchObject({
        status: 400,
        text: expect.stringMatching(/Mcp-Session-Id header is required/),
      });
      const other = { ...both, "mcp-session-id": "of-another-process" };
      expect(await ask(list, other)).toMatchObject({ status: 404, text: expect.stringMatching(/Session not found/) });
      const strange = { ...both, "mcp-session-id": id, "mcp-protocol-version": "2026-07-28" };
      expect(await ask(list, strange)).toMatchObject({
        status: 400,
        text: expect.stringMatching(/Unsupported protocol version/),
      });
    } finally {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    }
  });

  const connect = async (command: string, args: string[]) => {
    const client = new OldClient({ name: "reader", version: "1" });
    const strays: string[] = [];
    client.onerror = (error) => strays.push(error.message);
    const transport = new StdioClientTransport({ command, args, stderr: "ignore" });
    const failure = await client.connect(transport).then(
      () => "connected",
      (error: Error) => error.message,
    );
    await client.close();
    return { failure, strays };
  };

  test("a command that ends at once, and one that does not exist", async () => {
    const { failure } = await connect(process.execPath, ["-e", ""]);
    expect(failure).toBe("MCP error -32000: Connection closed");
    const { failure: absent } = await connect("no-such-command-anywhere", []);
    expect(absent).toBe("spawn no-such-command-anywhere ENOENT");
    expect(HEADING("spawn npx ENOENT")).toBeDefined();
  });

  test("a server that prints", async () => {
    const { strays } = await connect(process.execPath, ["-e", "console.log('Server started')"]);
    expect(strays).toHaveLength(1);
    expect(HEADING(strays[0] ?? ""), strays[0]).toBe(NODE[0]);
  });
});
