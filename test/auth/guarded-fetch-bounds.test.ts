import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGuardedFetch, type GuardedFetchOptions } from "../../src/guarded-fetch.js";
import { until } from "../faults/helpers/until.js";
import { fakeNames, type WebServer, webServer } from "./helpers/web-servers.js";

let answer: (request: IncomingMessage, response: ServerResponse) => void;
let server: WebServer;
beforeEach(async () => {
  answer = (_request, response) => response.end("hello");
  server = await webServer((request, response) => answer(request, response));
});
afterEach(() => server.close());

const names = fakeNames({
  "host.test": [["127.0.0.1"]],
  "six.test": [["::1"]],
  "both.test": [["192.0.2.1", "127.0.0.1"]],
});
const create = (options: GuardedFetchOptions = {}) =>
  createGuardedFetch({ resolveHost: names.resolveHost, allow: ["127.0.0.1", "::1"], ...options });
const at = (path = "/", host = "host.test") => `http://${host}:${server.port}${path}`;
const MIB = 1024 * 1024;

describe("bounds", () => {
  test("a body that says it is too large is not begun", async () => {
    answer = (_request, response) => response.writeHead(200, { "content-length": "1001" }).flushHeaders();
    await expect(create({ maxBytes: 1000 })(at())).rejects.toMatchObject({ code: "ERR_LIMIT" });
  });

  test("one that does not say so is cut off, and its sender too", async () => {
    let closed = false;
    answer = (_request, response) => {
      response.on("close", () => {
        closed = true;
      });
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    };
    const response = await create({ maxBytes: 50_000 })(at());
    await expect(response.text()).rejects.toMatchObject({ code: "ERR_LIMIT" });
    await until("the connection is gone", () => closed);
  });

  test("exactly as many bytes are fine, as a stream that is read as it comes", async () => {
    answer = (_request, response) => response.end("x".repeat(1000));
    const response = await create({ maxBytes: 1000 })(at());
    let bytes = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.byteLength;
    expect(bytes).toBe(1000);
  });

  test("[68] what unpacks counts, not what was sent: a small bomb ends at the bound", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    answer = (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    const response = await create({ maxBytes: MIB })(at());
    await expect(response.arrayBuffer()).rejects.toMatchObject({ code: "ERR_LIMIT" });
  });

  test.each<[string, typeof answer]>([
    ["no answer", () => undefined],
    ["no body", (_request, response) => response.flushHeaders()],
    ["no end", (_request, response) => response.write("x")],
  ])("time ends with %s", async (_what, does) => {
    answer = does;
    const reading = create({ timeoutMs: 100 })(at()).then((response) => response.text());
    await expect(reading).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  });

  test("time ends for names that do not resolve, for bodies that do not come, and for bodies nobody reads", async () => {
    const never = create({ timeoutMs: 50, resolveHost: () => new Promise(() => undefined) });
    await expect(never(at())).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    const body = new ReadableStream({ pull: () => new Promise(() => undefined) });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    await expect(create({ timeoutMs: 50 })(at(), init)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    let closed = false;
    answer = (_request, response) => {
      response.on("close", () => {
        closed = true;
      });
      response.write("x");
    };
    const unread = await create({ timeoutMs: 100 })(at());
    await until("the connection is gone", () => closed);
    await expect(unread.text()).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  });
});

describe("a caller who gives up", () => {
  test("gets the own reason: before, while waiting, while reading", async () => {
    const reason = new Error("enough");
    await expect(create()(at(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.seen).toEqual([]);
    const stop = new AbortController();
    answer = () => stop.abort(reason);
    await expect(create()(at(), { signal: stop.signal })).rejects.toBe(reason);
    const later = new AbortController();
    answer = (_request, response) => response.write("x");
    const response = await create()(at(), { signal: later.signal });
    const reading = response.text();
    later.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  test("ends the connection by cancelling the body", async () => {
    let closed = false;
    answer = (_request, response) => {
      response.on("close", () => {
        closed = true;
      });
      response.write("x");
    };
    const response = await create()(at());
    await response.body?.cancel();
    await until("the connection is gone", () => closed);
  });
});
