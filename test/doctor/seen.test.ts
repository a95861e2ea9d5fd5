/** `GET /health?seen`: what of a request arrived, and nothing that its sender does not know. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { examine } from "../../src/doctor/index.js";
import { McpServer, type RunHandle } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { RawSocket } from "../support/raw-http.js";

let handle: RunHandle;
let host = "";
beforeAll(async () => {
  const mcp = new McpServer({ name: "mirror", version: "1.0.0" }, { logger: silentLogger });
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
  host = new URL(handle.url ?? "").host;
});
afterAll(() => handle?.close());

async function seen(version: string, ...lines: readonly string[]): Promise<unknown> {
  const socket = await RawSocket.connect(`http://${host}`);
  const head = [`GET /health?seen HTTP/${version}`, `host: ${host}`, "connection: close", ...lines];
  await socket.write(`${head.join("\r\n")}\r\n\r\n`);
  while ((await socket.received.next()) !== undefined);
  const answer = Buffer.concat(socket.received.all).toString("utf8");
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
}

test("tells version, values and how often, of the protocol's headers alone", async () => {
  const own = ["mcp-session-id: a", "Mcp-Session-Id: b", "last-event-id: c_1"];
  const answer = await seen(
    "1.1",
    ...own,
    "x-added-by-proxy: secret",
    "cookie: secret",
    "authorization: Bearer secret",
  );
  expect(answer).toEqual({
    httpVersion: "1.1",
    headers: {
      host: { value: host, times: 1 },
      "mcp-session-id": { value: "a, b", times: 2 },
      "last-event-id": { value: "c_1", times: 1 },
      authorization: { value: "Bearer", times: 1 },
    },
  });
});

test("tells HTTP/1.0 from HTTP/1.1", async () => {
  expect(await seen("1.0")).toMatchObject({ httpVersion: "1.0" });
});

test("an examination that nobody listens to any more, or that is called off, ends", async () => {
  for await (const { check } of examine(handle.url ?? "", { direct: handle.url })) if (check === "eras") break;
  const calledOff = new AbortController();
  const all = (async () => {
    for await (const { check } of examine(handle.url ?? "", { signal: calledOff.signal })) {
      if (check === "sessions") calledOff.abort();
    }
  })();
  await expect(all).rejects.toMatchObject({ name: "AbortError" });
});

test.each([
  ["ftp://tools.example.com", {}],
  ["http://tools.example.com", { idleMs: 0 }],
  ["http://tools.example.com", { checks: ["everything" as "tls"] }],
])("%s with %o cannot be examined", (url, options) => {
  expect(() => examine(url, options)).toThrow(TypeError);
});
