/** [82, S1] What pages and proxies can do to Host, Origin and the request target, on every face of a server. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { custom, McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Faces, serveFaces } from "./helpers/faces.js";
import { JSON_LINES, sendLines } from "./helpers/raw-lines.js";

const CALL = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "run" } });

/** What ran, and where somebody was asked who they are. */
let events: string[] = [];
beforeEach(() => {
  events = [];
});

function create(): McpServer {
  const auth = custom((request) => {
    events.push(`asked at ${request.path}`);
    return { issuer: "test", subject: "anybody", permissions: [] };
  });
  const mcp = new McpServer({ name: "network", version: "1.0.0" }, { auth, logger: silentLogger });
  mcp.registerTool("run", {}, () => {
    events.push("ran");
    return "ran";
  });
  return mcp;
}

let faces: Faces;
beforeAll(async () => {
  faces = await serveFaces(create);
});
afterAll(() => faces.close());

const hostOf = (base: string) => new URL(base).host;
const REFUSED = [400, 403];

describe.each(["run", "node"] as const)("over node:http, by %s", (face) => {
  let base: string;
  let ours: string;
  beforeAll(() => {
    base = faces.bases[face];
    ours = hostOf(base);
  });
  /** The words OURS and THEIRS in these lines become the server's own host and a foreign one. */
  const fill = (line: string) => line.replaceAll("OURS", ours).replaceAll("THEIRS", "evil.test");

  async function expectRefused(lines: readonly string[]): Promise<void> {
    for (const [requestLine, body] of [
      ["POST /mcp HTTP/1.1", CALL],
      ["GET /sse HTTP/1.1", ""],
      ["GET /health HTTP/1.1", ""],
    ] as const) {
      const more = body === "" ? [] : JSON_LINES;
      const { status, head } = await sendLines(base, requestLine, [...lines.map(fill), ...more], body);
      expect([requestLine, REFUSED.includes(status), status]).toEqual([requestLine, true, status]);
      expect(head).not.toContain("access-control-allow-origin");
    }
    expect(events).toEqual([]);
  }

  test.each([
    ["ours first", ["host: OURS", "host: THEIRS"]],
    ["ours last", ["host: THEIRS", "host: OURS"]],
    ["the same twice", ["host: OURS", "Host: OURS"]],
  ])("two Host headers are refused (RFC 9112, 3.2): %s", (_what, lines) => expectRefused(lines));

  test.each([
    ["two origins, ours first", ["host: OURS", "origin: http://OURS", "origin: http://THEIRS"]],
    ["two origins, ours last", ["host: OURS", "origin: http://THEIRS", "origin: http://OURS"]],
    ["two origins, one of them null", ["host: OURS", "origin: null", "origin: http://OURS"]],
    ["an origin in capitals", ["host: OURS", "origin: HTTP://OURS"]],
    ["an origin with a path", ["host: OURS", "origin: http://OURS/"]],
    ["a foreign origin and a referer of ours", ["host: OURS", "referer: http://OURS/", "origin: http://THEIRS"]],
    ["an empty host", ["host:"]],
    ["a folded host", ["host: OURS", " .THEIRS"]],
    ["a space before the colon", ["host : OURS"]],
    ["a tab inside", ["host: OURS\t.THEIRS"]],
    ["a foreign host, forwarded as ours", ["x-forwarded-host: OURS", "forwarded: host=OURS", "host: THEIRS"]],
    ["a foreign host, named ours otherwise", ["x-original-host: OURS", "x-host: OURS", "host: THEIRS"]],
  ])("%s: refused, and nothing runs", (_what, lines) => expectRefused(lines));

  test.each([
    "http://evil.test/mcp",
    "http://127.0.0.1@evil.test/mcp",
    "http://127.0.0.1.evil.test/mcp",
    "http://127.0.0.1:1@evil.test:80/mcp",
    "https://xn--lcalhost-c8a/mcp",
    "//evil.test/mcp",
    "evil.test:80",
    "*",
    "mcp",
    "\\mcp",
  ])("the request target %s calls nothing, whatever the Host says", async (target) => {
    const { status } = await sendLines(base, `POST ${target} HTTP/1.1`, [`host: ${ours}`, ...JSON_LINES], CALL);
    expect([400, 403, 404]).toContain(status);
    expect(events).toEqual([]);
  });

  test.each(["CONNECT", "TRACE", "OPTIONS", "PROPFIND", "SOURCE"])("%s opens nothing", async (method) => {
    const { status } = await sendLines(base, `${method} /mcp HTTP/1.1`, [`host: ${ours}`]);
    // Who is no proxy does not answer CONNECT at all.
    expect([0, 400, 404, 405]).toContain(status);
    expect(events).toEqual([]);
  });

  test("a foreign name that a proxy forwards does no harm where the Host is ours", async () => {
    const lines = [`host: ${ours}`, "x-forwarded-host: evil.test", ...JSON_LINES];
    expect((await sendLines(base, "POST /mcp HTTP/1.1", lines, CALL)).status).toBe(200);
  });
});

describe("by fetch", () => {
  const mcp = create();
  const send = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
    const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    return (await mcp.fetch(new Request(url, { method: "POST", body: CALL, headers: { ...json, ...headers } }))).status;
  };

  test.each([
    ...["evil.test", "127.0.0.1.evil.test", "localhost.", "localhost.evil.test:8000", "xn--e1aybc.test"],
    ...["[::2]", "[::ffff:127.0.0.2]", "192.168.0.1", "127.0.0.2", "0.0.0.0"],
  ])("%s is foreign: as the URL, as the Host, as the Origin", async (host) => {
    expect(await send(`http://${host}/mcp`)).toBe(403);
    expect(await send("http://localhost/mcp", { host })).toBe(403);
    expect(await send("http://localhost/mcp", { origin: `http://${host}` })).toBe(403);
    expect(events).toEqual([]);
  });

  test("ours is served", async () => {
    for (const host of ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:1"]) {
      expect(await send(`http://${host}/mcp`)).toBe(200);
    }
    expect(await send("http://localhost:3000/mcp", { origin: "http://localhost:3000" })).toBe(200);
    expect(await send("http://localhost:3000/mcp", { origin: "null" })).toBe(403);
  });
});
