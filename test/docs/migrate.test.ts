/** docs/migrate: the servers before and after, run as they stand there, give clients the same. */
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterEach, describe, expect, test, vi } from "vitest";
import { collect, open } from "../support/http-exchange.js";
import { Nginx } from "../support/nginx.js";
import { blocks, ROOT } from "./helpers/pages.js";
import { connectTo, type Program, Programs } from "./helpers/programs.js";

// Each test starts several programs through tsx, one after the other; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 120_000 });

const page = (name: string) => `docs/migrate/${name}.md`;
const blockWith = (name: string, language: string, text: string): string => {
  const found = blocks(page(name), language).find((block) => block.includes(text));
  if (found === undefined) throw new Error(`no block of ${name} has ${text}`);
  return found;
};

const programs = new Programs();
const opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close().catch(() => undefined);
  await programs.close();
});

async function over(url: string): Promise<Client> {
  const client = await connectTo(url);
  opened.push(client);
  return client;
}

async function started(program: Program, more: readonly string[] = []): Promise<Client> {
  const client = new Client({ name: "reader", version: "1.0.0" });
  const args = [...program.args, ...more];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, cwd: ROOT, stderr: "ignore" }));
  opened.push(client);
  return client;
}

/** What a client gets of `get_order`. */
async function seen(client: Client, id: string) {
  const {
    content,
    structuredContent,
    isError = false,
  } = await client.callTool({ name: "get_order", arguments: { id } });
  return { content, structuredContent, isError };
}

async function described(client: Client) {
  const { tools } = await client.listTools();
  return tools.map(({ name, description, inputSchema, outputSchema }) => {
    const { properties, required } = inputSchema;
    return { name, description, properties, required, output: outputSchema?.properties };
  });
}

describe("from the official SDK", () => {
  const former = () => programs.write(blockWith("from-official-sdk", "ts", "StreamableHTTPServerTransport"));
  const adopted = () => programs.write(blockWith("from-official-sdk", "ts", 'from "holdfast"'));

  test("before and after: the same tools, the same results", async () => {
    const old = await over((await programs.serve(former())).url);
    const now = await over((await programs.serve(adopted())).url);
    expect(await described(now)).toEqual(await described(old));
    for (const id of ["A-1042", "none"]) expect(await seen(now, id)).toEqual(await seen(old, id));
    expect((await seen(now, "A-1042")).structuredContent).toEqual({ state: "shipped" });
  });

  test("both behind one nginx: sessions of the old server stay with it, everything else goes to the new one", async () => {
    const old = await programs.serve(former());
    const now = await programs.serve(adopted());
    const toPorts = (text: string) => text.replace(":3000", `:${old.port}`).replace(":8000", `:${now.port}`);
    const [http = "", server = ""] = blocks(page("index"), "nginx").map(toPorts);
    const nginx = await Nginx.start({ http, server });
    opened.push({ close: () => nginx.stop() });
    const clientInfo = { name: "reader", version: "1" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    const initialize = { jsonrpc: "2.0", id: 1, method: "initialize", params };
    const headers = { accept: "application/json, text/event-stream", "content-type": "application/json" };
    const begin = async (url: string) => {
      const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(initialize) });
      await reply.text();
      return reply.headers.get("mcp-session-id") ?? "";
    };
    const list = async (id: string) => {
      const all = { ...headers, "mcp-session-id": id, "mcp-protocol-version": "2025-06-18" };
      const body = { jsonrpc: "2.0", id: 2, method: "tools/list" };
      const stream = await open(`${nginx.base}/mcp`, { method: "POST", headers: all, body });
      return { status: stream.status, text: JSON.stringify((await collect(stream)).messages) };
    };
    const oldSession = await begin(old.url);
    const newSession = await begin(`${nginx.base}/mcp`);
    expect(oldSession).toMatch(/^[0-9a-f-]{36}$/);
    expect(newSession.length).toBeGreaterThan(40);
    for (const id of [oldSession, newSession]) {
      expect(await list(id)).toMatchObject({ status: 200, text: expect.stringContaining("get_order") });
    }
    const client = await over(`${nginx.base}/mcp`);
    expect((await seen(client, "A-1042")).structuredContent).toEqual({ state: "shipped" });
  });
});

/** FastMCP is a package of the bench alone; where that is not installed, nothing can be compared. */
const PEERS = join(ROOT, "test", "mount", "node_modules");

describe("from FastMCP for TypeScript", () => {
  const adopted = () => programs.write(blockWith("from-fastmcp-typescript", "ts", 'from "holdfast"'));

  test("after: the result, and an error in words", async () => {
    const now = await over((await programs.serve(adopted())).url);
    expect(await seen(now, "A-1042")).toMatchObject({ content: [{ text: '{"state":"shipped"}' }], isError: false });
    expect(await seen(now, "none")).toMatchObject({ content: [{ text: "There is no order none." }], isError: true });
  });

  test("before: the same", async () => {
    const text = blockWith("from-fastmcp-typescript", "js", "FastMCP");
    const old = await over((await programs.serve(programs.write(text, { name: "server.js", packages: PEERS }))).url);
    const now = await over((await programs.serve(adopted())).url);
    for (const id of ["A-1042", "none"]) expect(await seen(now, id)).toEqual(await seen(old, id));
    const names = async (client: Client) => (await described(client)).map(({ output, ...rest }) => rest);
    expect(await names(now)).toEqual(await names(old));
  });
});

test("from FastMCP for Python, after: tool, error, resource and prompt", async () => {
  const program = programs.write(blockWith("from-fastmcp-python", "ts", 'from "holdfast"'));
  const now = await over((await programs.serve(program)).url);
  expect((await seen(now, "A-1042")).structuredContent).toEqual({ state: "shipped" });
  expect(await seen(now, "none")).toMatchObject({ content: [{ text: "There is no order none." }], isError: true });
  const { contents } = await now.readResource({ uri: "orders://A-1042" });
  expect(contents).toMatchObject([{ text: "shipped" }]);
  const { messages } = await now.getPrompt({ name: "chase", arguments: { id: "A-1042" } });
  expect(messages).toMatchObject([{ content: { text: "Find out why order A-1042 is late." } }]);
});

describe("from mcp-proxy", () => {
  const server = () => programs.write(blockWith("from-mcp-proxy", "ts", "get_order"));

  test("the server of the page, over stdio", async () => {
    expect((await seen(await started(server()), "A-1042")).structuredContent).toEqual({ state: "shipped" });
  });

  test("the bridge passes on tools, schemas, results and errors of a stdio server", async () => {
    const bridge = programs.write(blockWith("from-mcp-proxy", "ts", "foreign"), { name: "bridge.ts" });
    const foreign = server();
    const direct = await started(foreign);
    const bridged = await started(bridge, [process.execPath, ...foreign.args]);
    expect(await described(bridged)).toEqual(await described(direct));
    expect(await seen(bridged, "A-1042")).toEqual(await seen(direct, "A-1042"));
    const wrong = await bridged.callTool({ name: "get_order", arguments: { id: 7 } });
    expect(wrong.isError).toBe(true);
  });
});
