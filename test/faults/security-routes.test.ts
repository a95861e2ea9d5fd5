/** [S19] No console, proxy or inspector beside the server: its routes are all there is, and it listens where it was told. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jwt } from "../../src/auth/jwt.js";
import { anonymous, McpServer, type McpServerOptions } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { createHttpTransport } from "../../src/runtimes/http-transport.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Faces, serveFaces } from "./helpers/faces.js";
import { sendLines } from "./helpers/raw-lines.js";
import { StdioClient } from "./helpers/stdio-client.js";
import { until } from "./helpers/until.js";

let ran: string[] = [];
function create(options: McpServerOptions = {}): McpServer {
  const mcp = new McpServer({ name: "alone", version: "1.0.0" }, { logger: silentLogger, ...options });
  mcp.use((request, next) => {
    ran.push(request.method);
    return next();
  });
  mcp.registerTool("run", {}, () => "ran");
  return mcp;
}

const issuer = { auth: jwt({ issuer: "https://login.example.com", audience: "https://mcp.example.com" }) };

describe("[S19] the table of routes has nothing but", () => {
  const tableOf = (options: McpServerOptions, mcpPath: string | undefined = "/mcp") => {
    const { routes } = createHttpTransport(definitionOf(create(options)), { mcpPath, bindHost: "127.0.0.1" });
    return routes.map(({ method, path, authenticated }) => `${method} ${path}${authenticated ? "" : " open"}`).sort();
  };
  const readable = (paths: readonly string[]) => paths.flatMap((path) => [`GET ${path} open`, `HEAD ${path} open`]);
  const SSE = ["GET /sse", "POST /messages"];
  const MCP = ["POST /mcp", "GET /mcp", "DELETE /mcp"];
  const PROBES = readable(["/health", "/ready"]);
  const DOCUMENTS = ["oauth-protected-resource", "oauth-authorization-server", "openid-configuration"];
  const below = (paths: readonly string[]) =>
    readable(DOCUMENTS.flatMap((name) => paths.map((path) => `/.well-known/${name}${path}`)));

  test("the transports and the probes", () => {
    expect(tableOf({})).toEqual([...MCP, ...SSE, ...PROBES].sort());
    expect(tableOf({ auth: anonymous() })).toEqual([...MCP, ...SSE, ...PROBES].sort());
    expect(tableOf({}, "/elsewhere")).toEqual(
      [...MCP.map((route) => route.replace("/mcp", "/elsewhere")), ...SSE, ...PROBES].sort(),
    );
  });

  test("and, with an authorization server, the documents that say so", () => {
    expect(tableOf(issuer)).toEqual([...MCP, ...SSE, ...PROBES, ...below(["", "/mcp", "/sse"])].sort());
    const at = { ...issuer, publicUrl: "https://mcp.example.com/team" };
    const paths = ["", "/mcp", "/team/mcp", "/sse", "/team/sse"];
    expect(tableOf(at)).toEqual([...MCP, ...SSE, ...PROBES, ...below(paths)].sort());
  });
});

/** Where others have a console, an inspector, a proxy, a debugger, a plug-in or a file. */
const ELSEWHERE = [
  ...["/", "/index.html", "/favicon.ico", "/config", "/config.json", "/env", "/.env", "/.git/config", "/package.json"],
  ...["/stdio", "/proxy", "/proxy/stdio", "/connect", "/disconnect", "/api", "/api/mcp/connect", "/api/mcp/servers"],
  ...["/inspector", "/inspect", "/console", "/dashboard", "/admin", "/ui", "/playground", "/dev", "/devtools"],
  ...["/debug", "/debug/pprof/", "/json", "/json/list", "/json/version", "/__inspect", "/__open-in-editor"],
  ...["/_next/static/", "/__vite_ping", "/@fs/etc/passwd", "/@vite/client", "/sockjs-node/info", "/hot", "/ws"],
  ...["/metrics", "/status", "/healthz", "/stats", "/version", "/logs", "/trace", "/actuator", "/actuator/env"],
  ...["/graphql", "/graphiql", "/swagger.json", "/openapi.json", "/docs", "/rpc", "/exec", "/run", "/eval", "/shell"],
  ...["/tools", "/tools/list", "/tools/call", "/call", "/invoke", "/sessions", "/session", "/servers", "/install"],
  ...["/test/connection", "/mcp-rest/test/connection", "/mcp/inspector", "/mcp/stdio", "/mcp/config", "/sse/stdio"],
  ...["/mcp.json", "/.well-known/mcp", "/.well-known/mcp.json", "/.well-known/oauth-protected-resource", "/static/a"],
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"];
/** What such places are asked for: a program, an address, a file. */
const BODY = JSON.stringify({ command: "sh", args: ["-c", "id"], url: "http://127.0.0.1/", transportType: "stdio" });
const QUERY = "?transportType=stdio&command=sh&args=-c%20id&url=http%3A%2F%2F127.0.0.1%2F";

describe("[S19] everywhere else there is nothing", () => {
  let faces: Faces;
  beforeAll(async () => {
    ran = [];
    faces = await serveFaces(() => create());
  });
  afterAll(() => faces.close());

  test.each(["run", "node"] as const)("over node:http, by %s", async (face) => {
    const base = faces.bases[face];
    const host = `host: ${new URL(base).host}`;
    for (const path of ELSEWHERE) {
      const answers = METHODS.map(async (method) => {
        const body = /^(GET|HEAD|CONNECT|TRACE)$/.test(method) ? "" : BODY;
        const lines = [host, ...(body === "" ? [] : ["content-type: application/json"])];
        const { status } = await sendLines(base, `${method} ${path}${QUERY} HTTP/1.1`, lines, body);
        // A tunnel (CONNECT) is not even refused: the connection ends.
        return status === 404 || (method === "CONNECT" && status === 0) ? [] : [`${method} ${path} ${status}`];
      });
      expect((await Promise.all(answers)).flat()).toEqual([]);
    }
    expect(ran).toEqual([]);
  });

  test("by fetch", async () => {
    const mcp = create();
    const found: string[] = [];
    for (const path of ELSEWHERE) {
      for (const method of METHODS.filter((one) => !/^(CONNECT|TRACE)$/.test(one))) {
        const body = /^(GET|HEAD)$/.test(method) ? undefined : BODY;
        const headers = { "content-type": "application/json" };
        const { status } = await mcp.fetch(new Request(`http://127.0.0.1${path}${QUERY}`, { method, headers, body }));
        if (status !== 404) found.push(`${method} ${path} ${status}`);
      }
    }
    expect(found).toEqual([]);
    expect(ran).toEqual([]);
  });
});

/** Addresses at which a process listens, as Linux knows them. */
function listening(pid: number | "self" = "self"): readonly string[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const rows = (name: string) => readFileSync(`/proc/${pid}/net/${name}`, "utf8").trim().split("\n").slice(1);
  const found: string[] = [];
  for (const name of ["tcp", "tcp6", "udp", "udp6"]) {
    for (const row of rows(name)) {
      const [, local = "", , state, , , , , , inode = ""] = row.trim().split(/\s+/);
      // 0A is LISTEN; a UDP socket (07) takes whatever is sent to it.
      const listens = state === "0A" || (name.startsWith("udp") && state === "07");
      if (listens && inodes.has(inode)) found.push(`${name} ${local}`);
    }
  }
  for (const row of rows("unix")) {
    const [, , , flags, , , inode = "", path] = row.trim().split(/\s+/);
    // __SO_ACCEPTCON
    if (inodes.has(inode) && (Number.parseInt(flags ?? "", 16) & 0x10000) !== 0) found.push(`unix ${path}`);
  }
  return found.sort();
}

/** The descriptor with which the folder is read is gone by then. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** What Node says that it keeps open for others to reach. */
const servers = () => process.getActiveResourcesInfo().filter((type) => /Server|UDP/.test(type));

describe.skipIf(process.platform !== "linux")("[S19] a server listens", () => {
  test.each([
    ["127.0.0.1", "tcp 0100007F"],
    ["::1", "tcp6 00000000000000000000000001000000"],
  ])("at %s and one port, and nowhere when it is closed", async (host, row) => {
    const before = listening();
    // A handle is gone a turn after its socket, those of the tests above too.
    await until("nothing is closing", () => servers().length === before.length);
    const handle = await create().run({ transport: ["http", "sse"], host, port: 0, signals: false });
    const port = Number(new URL(handle.url ?? "").port);
    const added = listening().filter((one) => !before.includes(one));
    expect(added).toEqual([`${row}:${port.toString(16).toUpperCase().padStart(4, "0")}`]);
    expect(servers()).toEqual(Array(before.length + 1).fill("TCPServerWrap"));
    await handle.close();
    expect(listening()).toEqual(before);
    await until("nothing is left", () => servers().length === before.length);
  });

  test("nowhere when it is mounted, or made and not run", async () => {
    const before = listening();
    const mcp = create(issuer);
    await mcp.fetch(new Request("http://127.0.0.1/health"));
    expect(listening()).toEqual(before);
  });

  test("nowhere over stdio", async () => {
    const client = new StdioClient("socket pair");
    await client.initialize();
    expect(listening(client.child.pid)).toEqual([]);
    client.child.stdin.end();
    expect(await client.exited).toBe(0);
  });
});
