import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { RawSocket } from "../support/raw-http.js";
import { textOf, toolCall } from "./fixtures/legacy-client.js";
import { parsed, postBytes, rawRequest, readAnswer } from "./fixtures/raw-request.js";
import { type Served, serving } from "./fixtures/serve.js";

const LIMIT = 10_000;

const serve = serving();
let served: Served;
let host: string;
beforeEach(async () => {
  served = await serve({ limits: { maxBodyBytes: LIMIT } });
  host = new URL(served.url).host;
});

/** A request of exactly so many bytes. */
function ofSize(bytes: number): string {
  const empty = JSON.stringify(toolCall("echo", { text: "" }));
  return JSON.stringify(toolCall("echo", { text: "x".repeat(bytes - empty.length) }));
}
const post = (body: unknown, headers: Record<string, string | undefined> = {}, path = "/mcp") => {
  return rawRequest(served.origin, { method: "POST", path, body, headers });
};
const rawPost = (lines: readonly string[], body: string | Uint8Array, sent?: unknown) => {
  return rawRequest(served.origin, { bytes: postBytes(served.origin, lines, body), sent });
};
const chunked = (text: string, size: number) => {
  const parts = text.match(new RegExp(`.{1,${size}}`, "gs")) ?? [];
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("")}0\r\n\r\n`;
};
const stillServes = async () => expect((await post(toolCall("echo", { text: "alive" }))).status).toBe(200);

describe("[83, S2] the media type of a body", () => {
  it.each([
    ...["application/json", "APPLICATION/JSON", "application/json;charset=utf-8", 'application/json; charset="UTF-8"'],
    ...["application/json ; charset=utf8", "application/json; odata=verbose"],
  ])("%s is taken", async (type) => {
    expect((await post(toolCall("echo", { text: "x" }), { "content-type": type })).status).toBe(200);
  });

  it.each([
    ...[
      undefined,
      "",
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "*/*",
      "json",
    ],
    ...["application/json; charset=utf-16", "application/json;charset=latin1", "application/json; charset="],
    ...[
      "text/plain; application/json",
      "text/plain;a=application/json",
      "text/plain, application/json",
      "application/json, text/plain",
    ],
    ...[
      "application/json-patch+json",
      "application/jsonp",
      "xapplication/json",
      "application/ld+json",
      "application//json",
    ],
  ])("%s is 415, on every route that takes a body", async (type) => {
    for (const path of ["/mcp", "/messages?sessionId=x"]) {
      const answer = await post(toolCall("release", { key: "x" }), { "content-type": type }, path);
      expect({ path, status: answer.status }).toEqual({ path, status: 415 });
    }
    expect(served.probe.events).toEqual([]);
  });

  it.each(["gzip", "deflate", "br", "zstd", "gzip, identity", "x-gzip", "compress"])(
    "[61] compressed with %s is 415",
    async (encoding) => {
      const bomb = gzipSync(Buffer.alloc(LIMIT * 100));
      const answer = await rawPost([`content-encoding: ${encoding}`, `content-length: ${bomb.length}`], bomb);
      expect(answer.status).toBe(415);
    },
  );

  it.each(["identity", "Identity"])("%s means not compressed", async (encoding) => {
    expect((await post(toolCall("echo", { text: "x" }), { "content-encoding": encoding })).status).toBe(200);
  });
});

describe("[61, S13] the size of a body", () => {
  it("may be what the limit says and not one byte more: with a length", async () => {
    expect(textOf((await post(ofSize(LIMIT))).messages[0] ?? {})).toMatch(/^x{9000}/);
    const answer = await post(ofSize(LIMIT + 1));
    expect([answer.status, answer.headers.connection]).toEqual([413, "close"]);
    expect((await post(ofSize(LIMIT + 1), {}, "/messages?sessionId=x")).status).toBe(413);
    await stillServes();
  });

  it("counts bytes and not characters", async () => {
    const wide = JSON.stringify(toolCall("echo", { text: "\u00e9".repeat(LIMIT / 2) }));
    expect(wide.length).toBeLessThan(LIMIT);
    expect((await post(wide)).status).toBe(413);
  });

  it("is counted where no length is given", async () => {
    for (const size of [1, 100, LIMIT]) {
      expect(
        (await rawPost(["transfer-encoding: chunked"], chunked(ofSize(LIMIT), size), parsed(ofSize(LIMIT)))).status,
      ).toBe(200);
      expect((await rawPost(["transfer-encoding: chunked"], chunked(ofSize(LIMIT + 1), size))).status).toBe(413);
    }
    await stillServes();
  });

  it("is 413 at the limit, not at the end of an endless body", async () => {
    const socket = await RawSocket.connect(served.origin);
    const head = [
      `POST /mcp HTTP/1.1`,
      `host: ${host}`,
      "content-type: application/json",
      "transfer-encoding: chunked",
    ];
    await socket.write(`${head.join("\r\n")}\r\n\r\n${(LIMIT + 1).toString(16)}\r\n${"x".repeat(LIMIT + 1)}\r\n`);
    // The body never ends; the answer comes, and the server closes the connection.
    expect((await readAnswer(socket)).status).toBe(413);
    await stillServes();
  });

  it("is refused by its length alone, before a byte of it was sent", async () => {
    for (const length of [LIMIT + 1, 10 ** 15]) {
      const socket = await RawSocket.connect(served.origin);
      await socket.write(
        `POST /mcp HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
      );
      expect((await readAnswer(socket)).status).toBe(413);
    }
  });

  it("that lies ends the connection and harms nobody", async () => {
    // Too short: what follows is no request.
    expect((await rawPost(["content-length: 20"], ofSize(LIMIT))).status).toBe(400);
    for (const length of ["0x10", "-1", "1e3", "ten", "5, 6"]) {
      expect((await rawPost([`content-length: ${length}`], ofSize(100))).status).toBe(400);
    }
    expect((await rawPost(["content-length: 5", "transfer-encoding: chunked"], chunked(ofSize(100), 50))).status).toBe(
      400,
    );
    // Too long, then gone.
    const socket = await RawSocket.connect(served.origin);
    await socket.write(
      `POST /mcp HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{`,
    );
    socket.destroy();
    await served.disconnected();
    await stillServes();
  });
});
