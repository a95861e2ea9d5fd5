/** [77, S22] Every path, in every spelling, by every method and on every face: without a principal nothing runs. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { custom, McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { createHttpTransport } from "../../src/runtimes/http-transport.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest } from "../support/raw-http.js";
import { type Faces, serveFaces } from "./helpers/faces.js";
import { JSON_LINES, sendLines } from "./helpers/raw-lines.js";

let ran: string[] = [];
beforeEach(() => {
  ran = [];
});

function create(): McpServer {
  const mcp = new McpServer(
    { name: "unguarded", version: "1.0.0" },
    { auth: custom(() => undefined), logger: silentLogger },
  );
  mcp.use((request, next) => {
    ran.push(request.method);
    return next();
  });
  mcp.registerTool("run", {}, () => {
    ran.push("run");
    return "ran";
  });
  return mcp;
}

let faces: Faces;
const mcp = create();
beforeAll(async () => {
  faces = await serveFaces(create);
});
afterAll(() => faces.close());

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"];
const ROUTES = createHttpTransport(definitionOf(mcp), { mcpPath: "/mcp", bindHost: "127.0.0.1" }).routes;
const OPEN = new Set(ROUTES.filter(({ authenticated }) => !authenticated).map(({ path }) => path));

/** Ways in which somebody else might read a path as this one. */
function spellings(path: string): readonly string[] {
  const [first = "", ...rest] = path.slice(1);
  const encoded = `/%${first.charCodeAt(0).toString(16)}${rest.join("")}`;
  const around = [
    `${path}/`,
    `/${path}`,
    `${path}//`,
    `/.${path}`,
    `/x/..${path}`,
    `/api${path}`,
    `/health${path}`,
    `${path}/health`,
  ];
  return [
    path,
    path.toUpperCase(),
    encoded,
    ...around,
    `${path}?token=x`,
    `${path};a=b`,
    `${path}%2f`,
    `${path}%00`,
    `${path}#x`,
  ];
}

const clientInfo = { name: "a", version: "1" };
const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
const modern = modernRequest("tools/call", { name: "run" });
const BODIES: readonly (readonly [string, readonly string[]])[] = [
  [JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }), []],
  [JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "run" } }), ["mcp-session-id: x"]],
  [JSON.stringify([{ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "run" } }]), []],
  [JSON.stringify(modern.message), Object.entries(modern.headers).map(([name, value]) => `${name}: ${value}`)],
];

/** Nothing is said but that there is nothing, or that one has to say who one is. */
function judge(what: string, status: number, head: string, openPath: boolean): void {
  const allowed = openPath ? [200, 204, 400, 401, 403, 404, 405] : [400, 401, 403, 404, 405];
  expect(allowed, `${what} was answered with ${status}`).toContain(status);
  expect(head).not.toMatch(/^mcp-session-id:|event-stream/m);
}

test.each(["run", "node"] as const)("over node:http, by %s", { timeout: 60_000 }, async (face) => {
  const base = faces.bases[face];
  const host = `host: ${new URL(base).host}`;
  const paths = [...new Set(ROUTES.map(({ path }) => path))];
  const requests = paths.flatMap((path) =>
    spellings(path).flatMap((spelling) => METHODS.map((method) => ({ path, spelling, method }))),
  );
  for (const { path, spelling, method } of requests) {
    const bodies = method === "GET" || method === "HEAD" ? ([["", []]] as const) : BODIES;
    for (const [body, lines] of bodies) {
      const more = body === "" ? lines : [...JSON_LINES, ...lines];
      const { status, head } = await sendLines(base, `${method} ${spelling} HTTP/1.1`, [host, ...more], body);
      judge(`${method} ${spelling}`, status, head, OPEN.has(path) || spelling.includes("health"));
    }
  }
  expect(ran).toEqual([]);
});

test("by fetch", async () => {
  for (const path of new Set(ROUTES.map((route) => route.path))) {
    for (const spelling of spellings(path)) {
      for (const method of METHODS) {
        const bodies = method === "GET" || method === "HEAD" ? ([[undefined, []]] as const) : BODIES;
        for (const [body, lines] of bodies) {
          const headers = [...JSON_LINES, ...lines].map((line) => line.split(": ") as [string, string]);
          const init = { method, headers, ...(body !== undefined && { body }) };
          const answer = await mcp.fetch(new Request(`http://127.0.0.1${spelling}`, init));
          const head = [...answer.headers].map((pair) => pair.join(": ")).join("\n");
          judge(`${method} ${spelling}`, answer.status, head, OPEN.has(path) || spelling.includes("health"));
        }
      }
    }
  }
  expect(ran).toEqual([]);
});
