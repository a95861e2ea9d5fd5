/** `list`, `call` and `inspect` against real servers: every revision, every transport. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROTOCOL_VERSIONS } from "../../src/index.js";
import { type Served, start } from "../e2e/fixtures/serve.js";
import { type Ended, folder, holdfast, listening, serverText } from "./helpers/cli.js";

const files = folder();
let served: Served;

beforeAll(async () => {
  served = await start();
});
afterAll(() => served.handle.close());

interface Listed {
  readonly tools: readonly { readonly name: string }[];
  readonly resources: readonly { readonly uri: string }[];
  readonly resourceTemplates: readonly unknown[];
  readonly prompts: readonly unknown[];
}
interface Inspected extends Listed {
  readonly revision: string;
  readonly revisions: readonly string[];
  readonly transports: readonly { readonly name: string; readonly url?: string }[];
  readonly server: { readonly name: string };
  readonly auth?: { readonly required: boolean; readonly metadata?: unknown; readonly challenge?: string };
}
const json = <T>({ stdout, stderr, code }: Ended): T => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  return JSON.parse(stdout) as T;
};

describe("revisions and transports", () => {
  it.each(PROTOCOL_VERSIONS)("[92] %s over Streamable HTTP", async (revision) => {
    const at = ["--json", "--revision", revision];
    const [inspected, called] = await Promise.all([
      holdfast(["inspect", served.url, ...at]),
      holdfast(["call", served.url, "add", "a=2", "b=3", ...at]),
    ]);
    const report = json<Inspected>(inspected);
    expect(report.revision).toBe(revision);
    expect(report.revisions).toContain(revision);
    expect(report.tools.map(({ name }) => name)).toContain("add");
    expect(json<{ content: readonly { text: string }[] }>(called).content[0]?.text).toBe('{"sum":5}');
  });

  it("HTTP+SSE, by its usual path and by name", async () => {
    const sse = `${served.origin}/sse`;
    const [guessed, named] = await Promise.all([
      holdfast(["inspect", sse, "--json"]),
      holdfast(["call", sse, "add", "a=2", "b=3", "--transport", "sse"]),
    ]);
    expect(json<Inspected>(guessed).transports).toEqual([{ name: "sse", url: sse }]);
    expect(named).toMatchObject({ code: 0, stdout: '{\n  "sum": 5\n}\n' });
  });

  it("HTTP+SSE where that is all there is, whatever the path says", async () => {
    const old = await start({}, { transport: "sse" });
    try {
      // As a proxy might serve it: the usual path of the new transport, behind which is the old one.
      const proxy = createServer((request, response) => void forward(request, response, old.origin));
      const url = await listening(proxy);
      const report = json<Inspected>(await holdfast(["inspect", url, "--json"]));
      expect(report.transports.map(({ name }) => name)).toEqual(["sse"]);
      proxy.closeAllConnections();
      proxy.close();
    } finally {
      await old.handle.close();
    }
  });

  it("a file over stdio, started once", async () => {
    const file = files.write(
      "counted.mjs",
      serverText("export default mcp;", { before: 'process.stderr.write("started\\n");' }),
    );
    const ended = await holdfast(["inspect", file, "--json"]);
    const report = json<Inspected>(ended);
    expect(report).toMatchObject({
      revision: "2026-07-28",
      server: { name: "fixture" },
      transports: [{ name: "stdio" }],
    });
    expect(report.auth).toBeUndefined();
    expect(ended.stderr.match(/^started$/gm)).toHaveLength(1);
  });

  it("a command over stdio, also of another make that knows the old revisions only", async () => {
    const command = ["--", process.execPath, "test/cli/fixtures/foreign.mjs"];
    const [list, call] = await Promise.all([
      holdfast(["list", "--json", ...command]),
      holdfast(["call", "shout", "text=hello", ...command]),
    ]);
    expect(json<Listed>(list)).toMatchObject({ tools: [{ name: "shout" }], resources: [], prompts: [] });
    expect(call).toMatchObject({ code: 0, stdout: "HELLO\n" });
  });
});

describe("list", () => {
  it("shows what there is, for people and for programs", async () => {
    const [text, all] = await Promise.all([holdfast(["list", served.url]), holdfast(["list", served.url, "--json"])]);
    expect(text?.stdout).toContain("  add(a: number, b: number)");
    expect(text?.stdout).toContain("  greet(name, style?)");
    expect(text?.stdout).toContain("test://item/{id}");
    expect(text?.stdout).not.toContain("\u001B");
    const listed = json<Listed>(all);
    expect(listed.resources.map(({ uri }) => uri)).toContain("test://text");
    expect(listed.resourceTemplates).toHaveLength(1);
    // What this caller may not see is not there.
    expect(listed.tools.map(({ name }) => name)).not.toContain("guarded");
  });

  it("has colour where it is forced, and not where it is refused", async () => {
    const [forced, refused] = await Promise.all([
      holdfast(["list", served.url], { env: { FORCE_COLOR: "1" } }),
      holdfast(["list", served.url], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }),
    ]);
    expect(forced.stdout).toContain("\u001B[1mTools\u001B[22m");
    expect(refused.stdout).not.toContain("\u001B");
  });
});

describe("inspect", () => {
  it("shows revisions, transports and capabilities for people", async () => {
    const { stdout } = await holdfast(["inspect", served.url]);
    for (const revision of PROTOCOL_VERSIONS) expect(stdout).toContain(revision);
    expect(stdout).toContain("2026-07-28 (in use)");
    expect(stdout).toContain(`HTTP+SSE ${served.origin}/sse`);
    expect(stdout).toMatch(/auth +not asked for/);
    expect(stdout).toMatch(/capabilities +.*resources \(.*subscribe.*\)/);
    expect(stdout).toMatch(
      / {2}add {2}Add {2}\[readOnly\]\n {4}Adds two numbers\.\n +a +number\n +b +number\n +→ \{ sum: number \}/,
    );
  });

  it("shows where tokens come from to those that have none", async () => {
    const server = createServer((request, response) => oauthServer(request, response));
    const url = await listening(server);
    const [text, all] = await Promise.all([holdfast(["inspect", url]), holdfast(["inspect", url, "--json"])]);
    server.close();
    expect(text).toMatchObject({ code: 3, stderr: expect.stringContaining("asks for credentials (401)") });
    expect(text?.stdout).toMatch(/issuers +https:\/\/login.example\.com/);
    expect(text?.stdout).toMatch(/scopes +stock:read/);
    expect(JSON.parse(all?.stdout ?? "")).toMatchObject({
      auth: { required: true, metadata: { authorization_servers: ["https://login.example.com"] } },
    });
  });
});

function oauthServer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
  const base = `http://${headers.host}`;
  if (url === "/.well-known/oauth-protected-resource/mcp") {
    const document = {
      resource: `${base}/mcp`,
      authorization_servers: ["https://login.example.com"],
      scopes_supported: ["stock:read"],
    };
    response.setHeader("content-type", "application/json").end(JSON.stringify(document));
    return;
  }
  response.setHeader("www-authenticate", `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"`);
  response.writeHead(401).end();
}

/** `/mcp` by GET is the SSE stream, and its POST is refused, as 2025-11-25 describes older servers. */
async function forward(request: IncomingMessage, response: ServerResponse, origin: string): Promise<void> {
  if (request.url === "/mcp" && request.method === "POST") return void response.writeHead(405).end();
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const url = new URL((request.url ?? "").replace(/^\/mcp/, "/sse"), origin);
  const body = request.method === "POST" ? Buffer.concat(chunks) : undefined;
  const {
    status,
    headers,
    body: answer,
  } = await fetch(url, {
    method: request.method ?? "GET",
    headers: { accept: request.headers.accept ?? "*/*", ...(body && { "content-type": "application/json" }) },
    ...(body && { body }),
  });
  response.writeHead(status, { "content-type": headers.get("content-type") ?? "text/plain" });
  try {
    for await (const chunk of answer ?? []) response.write(chunk);
  } catch {
    // The server is closed at the end of the test.
  }
  response.end();
}
