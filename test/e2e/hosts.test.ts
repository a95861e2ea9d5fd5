import { afterEach, describe, expect, it, vi } from "vitest";
import { custom, McpServer, type McpServerOptions, type RunHandle, type RunOptions } from "../../src/index.js";
import { v1Driver } from "../support/official.js";
import { legacySession, open, post, sse } from "../support/raw-http.js";
import { SERVER, spawning } from "./fixtures/child.js";
import { callTool, request, textOf } from "./fixtures/legacy-client.js";
import { quiet } from "./fixtures/serve.js";

const spawnServer = spawning();
const handles: RunHandle[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const handle of handles.splice(0)) await handle.close();
});

async function run(options: RunOptions = {}, serverOptions: McpServerOptions = {}): Promise<RunHandle> {
  const mcp = new McpServer({ name: "hosts", version: "1" }, { logger: quiet, ...serverOptions });
  mcp.registerTool("echo", {}, () => "echo");
  const handle = await mcp.run({ signals: false, port: 0, ...options });
  handles.push(handle);
  return handle;
}
const statusOf = async (url: string | URL, method = "GET"): Promise<number> => {
  const stream = await open(url, { method });
  stream.close();
  return stream.status;
};

describe("transports", () => {
  it("http serves /mcp, and HTTP+SSE on the same port", async () => {
    const handle = await run({ transport: "http" });
    expect(handle.ready).toBe(true);
    expect(handle.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
    const session = await legacySession(handle.url ?? "");
    expect(textOf(await callTool(session, "echo"))).toBe("echo");
    const old = await sse(new URL("/sse", handle.url));
    await old.initialize();
    expect(textOf(await old.request("tools/call", { name: "echo" }))).toBe("echo");
    old.close();
  });

  it("sse serves HTTP+SSE alone", async () => {
    const { url = "" } = await run({ transport: "sse" });
    expect(url).toMatch(/\/sse$/);
    const old = await sse(url);
    expect(await old.initialize()).toMatchObject({ protocolVersion: "2024-11-05" });
    old.close();
    for (const method of ["GET", "POST", "DELETE"]) expect(await statusOf(new URL("/mcp", url), method)).toBe(404);
    expect(await statusOf(new URL("/health", url))).toBe(200);
  });

  it("at a path of your choice", async () => {
    const { url = "" } = await run({ transport: "http", path: "/deep/er" });
    expect(url).toMatch(/\/deep\/er$/);
    expect((await post(url, request("ping"))).status).toBe(200);
    expect(await statusOf(new URL("/mcp", url), "POST")).toBe(404);
  });

  it("at an IPv6 address, written either way", async () => {
    for (const host of ["::1", "[::1]"]) {
      const { url = "" } = await run({ transport: "http", host });
      expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/mcp$/);
      expect((await post(url, request("ping"))).status).toBe(200);
    }
  });

  it("again, after what was served was closed", async () => {
    const mcp = new McpServer({ name: "again", version: "1" }, { logger: quiet });
    await (await mcp.run({ transport: "http", port: 0, signals: false })).close();
    const handle = await mcp.run({ transport: "http", port: 0, signals: false });
    handles.push(handle);
    expect(handle.ready).toBe(true);
    expect((await post(handle.url ?? "", request("ping"))).status).toBe(200);
  });

  it("from the environment, which an option overrules", async () => {
    vi.stubEnv("MCP_TRANSPORT", " SSE ");
    vi.stubEnv("MCP_PATH", "/from-env");
    expect((await run()).url).toMatch(/\/sse$/);
    expect((await run({ transport: "http" })).url).toMatch(/\/from-env$/);
    expect((await run({ transport: ["http", "sse"], path: "/mcp" })).url).toMatch(/\/mcp$/);
    vi.stubEnv("MCP_TRANSPORT", "");
    vi.stubEnv("MCP_HOST", "localhost");
    expect((await run({ transport: "http" })).url).toMatch(/^http:\/\/localhost:\d+/);
  });

  it("stdio and http at once, in one process and with one definition", async () => {
    const client = await v1Driver("stdio").connect({
      stdio: { command: process.execPath, args: [SERVER], env: { MCP_TRANSPORT: "stdio,http", MCP_PORT: "0" } },
    });
    expect(textOf((await client.callTool("echo", { text: "stdio" })) as never)).toBe("stdio");
    const session = await legacySession(textOf((await client.callTool("where")) as never));
    expect(textOf(await callTool(session, "echo", { text: "http" }))).toBe("http");
    // What is released over one transport was held over the other.
    const held = client.callTool("hold", { key: "shared" });
    await callTool(session, "wait_for", { event: "started:shared" });
    await callTool(session, "release", { key: "shared" });
    expect(textOf((await held) as never)).toBe("held");
    await client.close();
  });

  it("http in a process of its own, as the environment says", async () => {
    const child = await spawnServer({ MCP_PATH: "/from-env" });
    expect(child.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/from-env$/);
    expect(textOf(await callTool(await legacySession(child.url), "echo", { text: "child" }))).toBe("child");
    expect(child.stderr.all.join("\n")).toMatch(/\[holdfast\] info listening url=http/);
  });
});

describe("what cannot be served is refused at the start, with words to act on", () => {
  const refused = (options: object) => expect(run(options as RunOptions)).rejects;

  it.each(["ws", "HTTP2", "", "http,ws", "constructor"])("an unknown transport %j", async (transport) => {
    await refused({ transport }).toMatchObject({
      code: "ERR_UNKNOWN_TRANSPORT",
      message: expect.stringMatching(/run\(\{ transport \}\).*unknown transport.*stdio, http, sse/),
    });
    if (transport === "") return;
    vi.stubEnv("MCP_TRANSPORT", transport);
    await refused({}).toMatchObject({
      code: "ERR_UNKNOWN_TRANSPORT",
      message: expect.stringMatching(/^MCP_TRANSPORT: /),
    });
  });

  it("a port that is in use", async () => {
    const { url = "" } = await run({ transport: "http" });
    const port = Number(new URL(url).port);
    await refused({ transport: "http", port }).toMatchObject({
      code: "ERR_ADDRESS_IN_USE",
      message: expect.stringMatching(new RegExp(`Port ${port} .*MCP_PORT`)),
    });
    expect((await post(url, request("ping"))).status).toBe(200);
  });

  it.each(["0.0.0.0", "::", "192.0.2.1", "example.com", "127.evil.test"])(
    "a public address %s without authentication",
    async (host) => {
      for (const transport of ["http", "sse"]) {
        await refused({ transport, host }).toMatchObject({
          code: "ERR_PUBLIC_WITHOUT_AUTH",
          message: expect.stringMatching(/Refusing to listen.*auth.*MCP_ALLOW_UNAUTHENTICATED/),
        });
      }
    },
  );

  it("but not with it, or where the operator says so", async () => {
    const auth = custom(() => undefined);
    const guarded = await run({ transport: "http", host: "0.0.0.0" }, { auth });
    const at = (handle: RunHandle) => `http://127.0.0.1:${new URL(handle.url ?? "").port}/mcp`;
    expect((await post(at(guarded), request("ping"))).status).toBe(401);
    const open = await run({ transport: "http", host: "0.0.0.0", allowUnauthenticated: true });
    expect((await post(at(open), request("ping"))).status).toBe(200);
    vi.stubEnv("MCP_ALLOW_UNAUTHENTICATED", "true");
    expect((await post(at(await run({ transport: "http", host: "0.0.0.0" })), request("ping"))).status).toBe(200);
  });

  it.each([
    [{ port: 65_536 }],
    [{ port: -1 }],
    [{ port: 1.5 }],
    [{ port: "http" }],
    [{ host: "" }],
    [{ host: 5 }],
    [{ path: "mcp" }],
    [{ path: "/a b" }],
    [{ path: "/sse" }],
    [{ path: "/health" }],
    [{ graceMs: -1 }],
    [{ graceMs: Number.NaN }],
    [{ signals: "maybe" }],
    [{ transport: [] }],
    [{ ports: 1 }],
    [{ __proto__: null, constructor: 1 }],
  ])("an option that cannot be used: %j", async (options) => {
    await refused({ transport: "http", ...options }).toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringMatching(/run\(/),
    });
  });

  it("limits, secrets, URLs and stores that cannot be used", () => {
    const make = (options: object) => () => new McpServer({ name: "a", version: "1" }, options as McpServerOptions);
    expect(make({ limits: { maxBodybytes: 1 } })).toThrow(/limits\.maxBodybytes does not exist/);
    expect(make({ limits: { maxBodyBytes: 0 } })).toThrow(/above 0/);
    expect(make({ publicUrl: "nowhere" })).toThrow(/publicUrl/);
    expect(make({ store: "floppy" })).toThrow(/Unknown store/);
    expect(make({ pageSize: 0 })).toThrow(/pageSize/);
    expect(() => new McpServer({ name: "" } as never)).toThrow(/name, version/);
  });

  it("a secret that can be guessed, before the first client comes", async () => {
    await expect(run({ transport: "http" }, { secret: "short" })).rejects.toMatchObject({ code: "ERR_SEAL" });
  });
});
