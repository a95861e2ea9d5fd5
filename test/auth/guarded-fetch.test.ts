/** [84, S25] What a guarded fetch takes, sends and gives. Addresses, redirects and bounds have files of their own. */
import { once } from "node:events";
import { createServer } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createGuardedFetch, type GuardedFetchOptions } from "../../src/guarded-fetch.js";
import { errorOf } from "./helpers/auth-request.js";
import { guardedWeb, MIB } from "./helpers/guarded.js";
import { webServer } from "./helpers/web-servers.js";

const web = guardedWeb();
const { create, at } = web;

describe("URLs", () => {
  test.each([
    ...[
      "file:///etc/passwd",
      "ftp://host.test/",
      "data:,x",
      "blob:x",
      "about:blank",
      "ws://host.test/",
      "HTTPX://host.test",
    ],
    ...[
      "",
      "/relative",
      "host.test",
      "http://",
      "http://host.test:99999/",
      "http://[::1",
      "http://a b/",
      "http://%00/",
    ],
    ...["http://user@host.test/", "http://user:secret@host.test/", "http://:secret@host.test/"],
    ...["http://127.0.0.1#@host.test/", "http://10.0.0.1\\@host.test/", "http:10.0.0.1/", "http:////10.0.0.1/"],
  ])("%j is not fetched", async (url) => {
    const error: Error = await create({ allow: [] })(url).then(
      () => new Error("fetched"),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ name: "HoldfastError", code: "ERR_BLOCKED_URL" });
    expect(error.message).not.toContain("secret");
  });

  test("may be a text, a URL or a Request", async () => {
    for (const input of [at("/a"), new URL(at("/a")), new Request(at("/a"))]) {
      expect(await (await create()(input)).text()).toBe("hello");
    }
    expect(web.server.seen.map(({ url }) => url)).toEqual(["/a", "/a", "/a"]);
  });

  test("[S24] ask for what they say, no more and no less", async () => {
    await (await create()(at("/a/../b%2f..?q=%0d%0a#frag"))).text();
    expect(web.server.seen[0]?.url).toBe("/b%2f..?q=%0d%0a");
  });
});

describe("allowed hosts", () => {
  const status = async (allow: string[], host = "host.test", more: GuardedFetchOptions = {}) =>
    create({ allow, ...more })(at("/", host)).then(
      (response) => response.status,
      (error: { code?: string }) => error.code,
    );

  test("by name, address or range; nothing beside", async () => {
    for (const allow of ["host.test", "HOST.test", "127.0.0.1", "127.0.0.0/8", "127.0.0.1/32", "0.0.0.0/0"]) {
      expect(await status([allow]), allow).toBe(200);
    }
    for (const allow of ["test", "xhost.test", "ost.test", "127.0.0.2", "127.0.0.2/32", "10.0.0.0/8", "::1"]) {
      expect(await status([allow]), allow).toBe("ERR_BLOCKED_URL");
    }
  });

  test("a name allows its addresses, not everybody who has the same ones", async () => {
    expect(await status(["host.test"], "127.0.0.1")).toBe("ERR_BLOCKED_URL");
    expect(await status(["127.0.0.0/8"], "[::ffff:127.0.0.1]")).toBe(200);
  });

  test("ports are checked beside", async () => {
    expect(await status(["host.test"], "host.test", { ports: [80, 443] })).toBe("ERR_BLOCKED_URL");
    expect(await status(["host.test"], "host.test", { ports: [80, web.server.port] })).toBe(200);
  });

  test("IPv6, and a name whose first address does not answer", async () => {
    const six = await webServer((_request, response) => response.end("six"), "::1").catch(() => undefined);
    if (six !== undefined) {
      expect(await (await create()(`http://six.test:${six.port}/`)).text()).toBe("six");
      expect(await (await create()(`http://[::1]:${six.port}/`)).text()).toBe("six");
      await six.close();
    }
    expect(await status(["both.test"], "both.test")).toBe(200);
  });

  test.each<[string, unknown]>([
    ["a URL", { allow: ["http://host.test"] }],
    ["a host with a port", { allow: ["host.test:80"] }],
    ["a range that is none", { allow: ["10.0.0.0/33"] }],
    ["an address in an odd way", { allow: ["0x7f.1"] }],
    ["a wildcard", { allow: ["*"] }],
    ["nothing", { allow: [""] }],
    ["a text in place of a list", { allow: "host.test" }],
    ["a port that is none", { ports: [0] }],
    ["a misspelt option", { allowed: [] }],
    ["a bound that is none", { maxBytes: -1 }],
  ])("%s is no option", (_what, options) => {
    expect(errorOf(() => createGuardedFetch(options as GuardedFetchOptions))).toMatchObject({ code: "ERR_CONFIG" });
  });
});

describe("requests", () => {
  test("carry method, headers and body; how they are framed is not for the caller", async () => {
    const headers = {
      ...{ "x-own": "1", "content-type": "application/json", host: "10.0.0.1", connection: "keep-alive, x-own" },
      ...{
        "content-length": "5",
        "transfer-encoding": "chunked",
        expect: "100-continue",
        upgrade: "h2c",
        te: "trailers",
      },
    };
    await (await create()(at(), { method: "POST", headers, body: '{"a":"ä"}' })).text();
    expect(web.server.seen[0]).toMatchObject({ method: "POST", body: '{"a":"ä"}' });
    const sent = web.server.seen[0]?.headers;
    expect(sent).toMatchObject({ "x-own": "1", host: `host.test:${web.server.port}`, "content-length": "10" });
    for (const name of ["transfer-encoding", "expect", "upgrade", "te"]) expect(sent?.[name], name).toBeUndefined();
  });

  test("go to no proxy of the environment", async () => {
    const names = ["http_proxy", "HTTP_PROXY", "all_proxy"];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = "http://192.0.2.1:3128";
    try {
      expect((await create()(at())).status).toBe(200);
    } finally {
      for (const [index, name] of names.entries()) {
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      }
    }
  });
});

describe("responses", () => {
  test("have status, headers and body as with fetch", async () => {
    web.answer = (_request, response) => {
      response.writeHead(404, "Nowhere", { "content-type": "application/json", "set-cookie": ["a=1", "b=2"] });
      response.end('{"a":1}');
    };
    const response = await create()(at("/x#y"));
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({ ok: false, status: 404, statusText: "Nowhere", url: at("/x"), redirected: false });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.json()).toEqual({ a: 1 });
  });

  test("without a body have none", async () => {
    for (const status of [204, 205, 304]) {
      web.answer = (_request, response) => response.writeHead(status).end();
      expect((await create()(at())).body).toBeNull();
    }
    web.answer = (_request, response) => response.writeHead(200, { "content-length": String(100 * MIB) }).end();
    expect((await create()(at(), { method: "HEAD" })).body).toBeNull();
  });

  test.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ])("are decompressed (%s)", async (encoding, compress) => {
    web.answer = (_request, response) =>
      response.writeHead(200, { "content-encoding": encoding }).end(compress("packed"));
    expect(await (await create()(at())).text()).toBe("packed");
    web.answer = (_request, response) => response.writeHead(200, { "content-encoding": encoding }).end("not packed");
    await expect((await create()(at())).text()).rejects.toThrow(TypeError);
  });

  test("that are none are failures", async () => {
    web.answer = (_request, response) => response.destroy();
    await expect(create()(at())).rejects.toMatchObject({ name: "TypeError", message: "fetch failed" });
    web.answer = (_request, response) =>
      response.writeHead(200, { "content-length": "9" }).write("x", () => response.destroy());
    await expect((await create()(at())).text()).rejects.toThrow(TypeError);
    const raw = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(replies.shift() ?? ""));
    });
    const replies = [
      ...["HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "HTTP/1.1 999 Odd\r\n\r\n"],
      ...["nonsense\r\n\r\n", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(100_000)}\r\n\r\n`],
    ];
    raw.listen(0, "127.0.0.1");
    await once(raw, "listening");
    const { port } = raw.address() as { port: number };
    while (replies.length > 0) {
      await expect(create()(`http://host.test:${port}/`)).rejects.toMatchObject({ message: "fetch failed" });
    }
    raw.close();
  });
});
