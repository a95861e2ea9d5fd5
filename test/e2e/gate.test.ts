import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { custom } from "../../src/index.js";
import { toolCall } from "./fixtures/legacy-client.js";
import { rawRequest, routesOf } from "./fixtures/raw-request.js";
import { type Served, start } from "./fixtures/serve.js";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const principal = { issuer: "test", subject: "caller", permissions: [] };

let served: Served;
let port: string;
/** Every method on every path, whether the table has it or not: the gate comes first. */
let everywhere: { readonly path: string; readonly method: string }[];
let asked: string[] = [];

beforeAll(async () => {
  const auth = custom(({ method, path }) => {
    asked.push(`${method} ${path}`);
    return principal;
  });
  served = await start({ auth });
  port = new URL(served.url).port;
  const paths = [...new Set(routesOf(served.mcp).map(({ path }) => path)), "/", "/nothing"];
  everywhere = paths.flatMap((path) => METHODS.map((method) => ({ path, method })));
});
afterAll(() => served.handle.close());
beforeEach(() => {
  asked = [];
});

const call = toolCall("release", { key: "ran" });
const send = (method: string, path: string, headers: Record<string, string | undefined>) => {
  return rawRequest(served.origin, { method, path, headers, ...(method === "POST" && { body: call }) });
};
const filled = (text: string) => text.replaceAll("PORT", port);

async function expectRefusedEverywhere(headers: Record<string, string>): Promise<void> {
  const before = served.probe.events.length;
  const answers = await Promise.all(
    everywhere.map(async ({ method, path }) => {
      const { status, headers: reply } = await send(method, path, headers);
      return { method, path, status, cors: reply["access-control-allow-origin"], session: reply["mcp-session-id"] };
    }),
  );
  expect(answers).toEqual(everywhere.map((one) => ({ ...one, status: 403, cors: undefined, session: undefined })));
  // Nobody was asked who is calling, and nothing ran.
  expect(asked).toEqual([]);
  expect(served.probe.events).toHaveLength(before);
}

it("[77] walks a table that has all the routes", () => {
  const table = routesOf(served.mcp).map(
    ({ path, method, authenticated }) => `${method} ${path}${authenticated ? "" : " open"}`,
  );
  expect(table).toEqual([
    ...["GET /health open", "HEAD /health open", "GET /ready open", "HEAD /ready open"],
    ...["POST /mcp", "GET /mcp", "DELETE /mcp", "GET /sse", "POST /messages"],
  ]);
});

describe("[82, S1] a foreign Host is refused on every route and method", () => {
  it.each([
    ...[
      "evil.test",
      "evil.test:PORT",
      "127.0.0.1.evil.test",
      "localhost.evil.test:PORT",
      "evil-localhost",
      "xlocalhost",
    ],
    ...["localhost.", "localhost.:PORT", "127.0.0.1.:PORT", "[::1].", "[::2]:PORT", "[::ffff:127.0.0.2]:PORT", "[::1"],
    ...["0.0.0.0:PORT", "127.0.0.2:PORT", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "169.254.169.254"],
    ...["xn--lcalhost-c8a", "l\u00f6calhost", "localhost%00", "localhost:", "localhost:x", "localhost:123456"],
    ...[
      "evil.test@localhost",
      "localhost@evil.test",
      "localhost/evil",
      "localhost#",
      "localhost?",
      "localhost,evil.test",
    ],
    ...["localhost evil.test", "__proto__", "constructor", "undefined", "null", "*", "-"],
  ])("%s", async (host) => {
    await expectRefusedEverywhere({ host: Buffer.from(filled(host), "utf8").toString("latin1") });
  });

  it("and one that is not there, as HTTP/1.0 allows", async () => {
    for (const { method, path } of everywhere) {
      const bytes = `${method} ${path} HTTP/1.0\r\ncontent-length: 0\r\n\r\n`;
      expect((await rawRequest(served.origin, { bytes })).status).toBe(403);
    }
    // HTTP/1.1 does not (RFC 9112, 3.2).
    const bytes = "GET /health HTTP/1.1\r\nconnection: close\r\n\r\n";
    expect((await rawRequest(served.origin, { bytes })).status).toBe(400);
    expect(asked).toEqual([]);
  });

  it("and one in the request target, whatever the Host header says", async () => {
    for (const path of ["/mcp", "/sse", "/health", "/ready"]) {
      const bytes = `GET http://evil.test${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`;
      expect([403, 404]).toContain((await rawRequest(served.origin, { bytes })).status);
    }
    expect(asked).toEqual([]);
  });
});

describe("[82] a Host of this machine is served", () => {
  it.each([
    "127.0.0.1",
    "127.0.0.1:PORT",
    "127.0.0.1:1",
    "localhost",
    "localhost:PORT",
    "LOCALHOST:PORT",
    "[::1]:PORT",
  ])("%s", async (host) => {
    expect((await send("GET", "/health", { host: filled(host) })).status).toBe(200);
    expect((await send("POST", "/mcp", { host: filled(host) })).status).toBe(200);
  });

  it("in the request target too: servers must take the absolute form (RFC 9112, 3.2.2)", async () => {
    const bytes = `GET ${served.origin}/health HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`;
    expect((await rawRequest(served.origin, { bytes })).status).toBe(200);
  });

  it("by the address that it listens on, over IPv6 as well", async () => {
    const six = await start({}, { host: "::1" });
    expect(six.url).toMatch(/^http:\/\/\[::1\]:\d+\/mcp$/);
    const status = async (host: string) =>
      (await rawRequest(six.origin, { path: "/health", headers: { host } })).status;
    expect(await status(new URL(six.url).host)).toBe(200);
    expect(await status("[::2]")).toBe(403);
    await six.handle.close();
  });

  it("by names that the operator allows, and no others", async () => {
    const named = await start({
      allowedHosts: ["MCP.example", "ports.example:8443"],
      publicUrl: "https://public.example/base",
    });
    const status = async (host: string) =>
      (await rawRequest(named.origin, { path: "/health", headers: { host } })).status;
    for (const host of ["mcp.example", "mcp.example:8443", "ports.example:8443", "public.example", "127.0.0.1"])
      expect(await status(host)).toBe(200);
    for (const host of ["evil.test", "a.mcp.example", "mcp.example.evil.test", "ports.example:8444", "ports.example"])
      expect(await status(host)).toBe(403);
    await named.handle.close();
    const any = await start({ allowedHosts: ["*"] });
    expect((await rawRequest(any.origin, { path: "/health", headers: { host: "any.test" } })).status).toBe(200);
    await any.handle.close();
  });
});

describe("[82, S1] a foreign Origin is refused on every route and method", () => {
  it.each([
    ...["null", "http://evil.test", "https://evil.test:PORT", "http://evil.test:PORT", "", "*", "undefined"],
    ...[
      "http://127.0.0.1",
      "http://127.0.0.1:1",
      "http://localhost:PORT",
      "http://[::1]:PORT",
      "http://127.0.0.1.:PORT",
    ],
    ...["http://127.0.0.1:PORT/", "http://127.0.0.1:PORT@evil.test", "http://user@127.0.0.1:PORT", "127.0.0.1:PORT"],
    ...[
      "file://",
      "chrome-extension://abcdefghijklmnop",
      "http://127.0.0.1:PORT, http://evil.test",
      "http://xn--evil-9na.test",
    ],
    ...["ws://127.0.0.1:PORT", "http://127.0.0.1:PORT.evil.test", "http://__proto__", "constructor"],
  ])("%j", async (origin) => {
    await expectRefusedEverywhere({ origin: filled(origin) });
  });

  it("but a page of this very server may call", async () => {
    for (const scheme of ["http", "https"]) {
      const answer = await send("POST", "/mcp", { origin: `${scheme}://127.0.0.1:${port}` });
      expect(answer.status).toBe(200);
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    }
  });
});
