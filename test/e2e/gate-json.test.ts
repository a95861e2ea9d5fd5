import { beforeEach, describe, expect, it } from "vitest";
import { codeOf, fullSession, request, toolCall } from "./fixtures/legacy-client.js";
import { postBytes, type RawHeaders, rawPost, rawRequest } from "./fixtures/raw-request.js";
import { type Served, serving } from "./fixtures/serve.js";

const serve = serving();
let served: Served;
beforeEach(async () => {
  served = await serve();
});

const post = (body: unknown, headers?: RawHeaders, path?: string) => rawPost(served.origin, body, headers, path);

describe("[62, 65] bytes that are no JSON", () => {
  it.each([
    ["a byte that is no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["an overlong encoding", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ["a surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["half a character", Buffer.from([0x22, 0xe2, 0x82])],
    ["UTF-16", Buffer.from('\ufeff{"jsonrpc":"2.0"}', "utf16le")],
    ["a byte order mark", Buffer.from(`\ufeff${JSON.stringify(request("ping"))}`)],
    ["nothing", Buffer.alloc(0)],
    ["blanks", Buffer.from(" \n\t")],
    ["half an object", Buffer.from('{"jsonrpc":"2.0"')],
    ["two values", Buffer.from("{} {}")],
    ["a trailing comma", Buffer.from("{},")],
    ["NaN", Buffer.from("NaN")],
    ["NUL", Buffer.from("{}\0")],
  ])("%s is -32700 with 400", async (_what, bytes) => {
    const request = postBytes(served.origin, [`content-length: ${bytes.length}`], bytes);
    const answer = await rawRequest(served.origin, { bytes: request });
    expect([answer.status, codeOf(answer.messages[0])]).toEqual([400, -32700]);
    expect(answer.messages[0]).not.toHaveProperty("id");
    expect((await post(toolCall("echo", { text: "alive" }))).status).toBe(200);
  });

  it.each([
    ...["[]", "5", "true", '"x"', "null", "{}", '{"jsonrpc":"1.0","id":1,"method":"ping"}', '{"id":1,"method":"ping"}'],
    ...[
      '{"jsonrpc":"2.0","id":1}',
      '{"jsonrpc":"2.0","id":1,"method":5}',
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
    ],
    ...['{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}', '{"jsonrpc":"2.0","id":1,"result":5}'],
    ...['{"__proto__":{"jsonrpc":"2.0","id":1,"method":"ping"}}', '{"JSONRPC":"2.0","ID":1,"METHOD":"ping"}'],
    ...['{"jsonrpc":"2.0","id":1,"method\\u0000":"ping"}'],
  ])("[64, 67] %s is no message: -32600 with 400", async (text) => {
    const session = await fullSession(served.url);
    const answer = await post(text, { "mcp-session-id": session.id });
    expect([answer.status, codeOf(answer.messages[0])]).toEqual([400, -32600]);
  });
});

describe("[62] JSON that is too much", () => {
  const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

  it.each([
    ["arrays", 100_000, "[", "]"],
    ["objects", 100_000, '{"a":', "}", "1"],
  ])("deep %s end in an answer, and the server lives", async (_what, depth, open, close, inner = "") => {
    const deep = nested(depth, open, close).replace(`${open}${close}`, `${open}${inner || ""}${close}`);
    const body = (name: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":{"a":${deep}}}}`;
    for (const name of ["any", "add", "rounds", "ask_name", "deploy"]) {
      const answer = await rawRequest(served.origin, { method: "POST", body: body(name) });
      expect([200, 400]).toContain(answer.status);
    }
    for (const text of [
      deep,
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":${deep}}}`,
      `{"jsonrpc":"2.0","id":${deep},"method":"ping"}`,
    ]) {
      expect([200, 400]).toContain((await rawRequest(served.origin, { method: "POST", body: text })).status);
    }
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
    };
    const modern = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "ask_name", arguments: { a: "DEEP" }, _meta: meta },
    });
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "ask_name" };
    const answer = await rawRequest(served.origin, {
      method: "POST",
      body: modern.replace('"DEEP"', deep),
      headers,
      revision: "2026-07-28",
    });
    expect([200, 400]).toContain(answer.status);
    expect((await rawRequest(served.origin, { path: "/health" })).status).toBe(200);
  });

  it("many keys, long strings, huge numbers and odd ones end in an answer", async () => {
    const keys = `{${Array.from({ length: 90_000 }, (_, index) => `"k${index}":0`).join(",")}}`;
    for (const args of [
      keys,
      `{"text":"${"\\u0000".repeat(500_000)}"}`,
      '{"text":1e400}',
      '{"text":-0}',
      `{"text":${"9".repeat(100_000)}}`,
    ]) {
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`;
      expect((await rawRequest(served.origin, { method: "POST", body })).status).toBe(200);
    }
  });

  it.each([
    ["more members than a message may have", `{${Array.from({ length: 100_001 }, (_, at) => `"k${at}":0`).join(",")}}`],
    ["more depth than a message may have", `{"text":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
  ])("%s is an invalid request, with the bound by name", async (_, args) => {
    const session = await fullSession(served.url);
    const answer = await post(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`,
      { "mcp-session-id": session.id },
    );
    expect(answer.status).toBe(400);
    expect(answer.body.toString("utf8")).toMatch(/"code":-32600,.*limits\.maxJson(Keys|Depth)/);
  });

  it("[65] a lone surrogate is no character, so its message is no JSON text", async () => {
    const session = await fullSession(served.url);
    const answer = await post(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"\\ud800x"}}}',
      { "mcp-session-id": session.id },
    );
    expect(answer.status).toBe(400);
    expect(answer.body.toString("utf8")).toContain('"code":-32700');
  });
});
