import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { until } from "../faults/helpers/until.js";
import { guardedWeb, MIB, type Web } from "./helpers/guarded.js";

const web = guardedWeb();
const { create, at } = web;

describe("bounds", () => {
  test("a body that says it is too large is not begun", async () => {
    web.answer = (_request, response) => response.writeHead(200, { "content-length": "1001" }).flushHeaders();
    await expect(create({ maxBytes: 1000 })(at())).rejects.toMatchObject({ code: "ERR_LIMIT" });
  });

  test("one that does not say so is cut off, and its sender too", async () => {
    let closed = false;
    web.answer = (_request, response) => {
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
    web.answer = (_request, response) => response.end("x".repeat(1000));
    const response = await create({ maxBytes: 1000 })(at());
    let bytes = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.byteLength;
    expect(bytes).toBe(1000);
  });

  test("[68] what unpacks counts, not what was sent: a small bomb ends at the bound", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    web.answer = (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    const response = await create({ maxBytes: MIB })(at());
    await expect(response.arrayBuffer()).rejects.toMatchObject({ code: "ERR_LIMIT" });
  });

  test.each<[string, Web["answer"]]>([
    ["no answer", () => undefined],
    ["no body", (_request, response) => response.flushHeaders()],
    ["no end", (_request, response) => response.write("x")],
  ])("time ends with %s", async (_what, does) => {
    web.answer = does;
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
    web.answer = (_request, response) => {
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
    expect(web.server.seen).toEqual([]);
    const stop = new AbortController();
    web.answer = () => stop.abort(reason);
    await expect(create()(at(), { signal: stop.signal })).rejects.toBe(reason);
    const later = new AbortController();
    web.answer = (_request, response) => response.write("x");
    const response = await create()(at(), { signal: later.signal });
    const reading = response.text();
    later.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  test("ends the connection by cancelling the body", async () => {
    let closed = false;
    web.answer = (_request, response) => {
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
