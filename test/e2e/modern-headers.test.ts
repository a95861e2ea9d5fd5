import { beforeEach, describe, expect, it } from "vitest";
import { RawSocket } from "../support/raw-http.js";
import { parseResponse, requestBytes } from "../support/raw-socket.js";
import { errorOf, type ModernClient, modernClient, refusal, resultOf, textOf } from "./fixtures/modern-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const MISMATCH = { status: 400, code: -32020, id: 1 };
const wrapped = (text: string) => `=?base64?${Buffer.from(text, "utf8").toString("base64")}?=`;

const serve = serving();
let served: Served;
let client: ModernClient;
beforeEach(async () => {
  served = await serve();
  client = modernClient(served.url);
});

describe("[47] Mcp-Name", () => {
  it.each([
    ["tools/call", { name: "echo", arguments: { text: "x" } }],
    ["prompts/get", { name: "simple" }],
    ["resources/read", { uri: "test://text" }],
  ])("is needed for %s and must say what the body says", async (method, params) => {
    expect((await client.send(method, params)).status).toBe(200);
    for (const header of [undefined, "", "other", "ECHO", "=?base64?b3RoZXI=?="]) {
      expect(refusal(await client.send(method, params, { headers: { "mcp-name": header } }))).toEqual(MISMATCH);
    }
  });

  it("may be encoded, and padded as HTTP pads", async () => {
    const params = { name: "echo", arguments: { text: "x" } };
    for (const header of [wrapped("echo"), "  echo\t"]) {
      expect((await client.send("tools/call", params, { headers: { "mcp-name": header } })).status).toBe(200);
    }
  });

  it.each(["test://item/caf\u00e9", "test://item/\u65e5\u672c", "=?base64?eA==?="])("carries %s", async (uri) => {
    const answer = await client.send("resources/read", { uri });
    // The header was understood: what is wrong, if anything, is the resource.
    expect([undefined, -32602]).toContain(refusal(answer).code);
    const plain = await client.send("resources/read", { uri }, { headers: { "mcp-name": "test://item/x" } });
    expect(refusal(plain)).toEqual(MISMATCH);
  });

  it("of a plain name that looks encoded is taken for encoded", async () => {
    const name = "=?base64?ZWNobw==?=";
    expect(refusal(await client.send("tools/call", { name }, { headers: { "mcp-name": name } }))).toEqual(MISMATCH);
  });

  it("twice is refused, also when both are right", async () => {
    const params = { name: "echo", arguments: { text: "x" } };
    const answer = await client.send("tools/call", params, { headers: { "mcp-name": "echo, echo" } });
    expect(refusal(answer)).toEqual(MISMATCH);
  });

  it("without a name in the body is not what is wrong", async () => {
    const answer = await client.send("tools/call", {}, { headers: { "mcp-name": "echo" } });
    expect(refusal(answer)).toMatchObject({ code: -32602, id: 1 });
  });
});

/** Calls `deploy` with one argument and the header that should mirror it. */
function deploy(args: Record<string, unknown>, headers: Record<string, string | undefined>) {
  return client.tool("deploy", args, { headers });
}

describe("[47] Mcp-Param-*", () => {
  it.each([
    ["region", "us-west1", "us-west1"],
    ["region", "with inner space", "with inner space"],
    ["region", "Hello, \u4e16\u754c", wrapped("Hello, \u4e16\u754c")],
    ["region", " padded ", wrapped(" padded ")],
    ["region", "line1\nline2", wrapped("line1\nline2")],
    ["region", "\ufeffbom", wrapped("\ufeffbom")],
    ["region", "=?base64?literal?=", wrapped("=?base64?literal?=")],
    ["region", "SGVsbG8=", "SGVsbG8="],
    ["region", "=?base64?SGVsbG8=", "=?base64?SGVsbG8="],
    ["region", "Hello", "=?base64?SGVsbG8=?="],
    ["region", "", ""],
    ["region", "", "=?base64??="],
    ["count", 42, "42"],
    ["count", 42, "42.0"],
    ["count", -7, "-7"],
    ["count", 0, "0"],
    ["count", Number.MAX_SAFE_INTEGER, "9007199254740991"],
    ["dry", true, "true"],
    ["dry", false, "false"],
  ])("%s = %j is mirrored by %j", async (name, value, header) => {
    const answer = await deploy({ [name]: value }, { [`mcp-param-${name}`]: header });
    expect(answer.status).toBe(200);
    expect(resultOf(answer).structuredContent).toEqual({ args: { [name]: value } });
  });

  it("reaches into nested objects, and its name has no case", async () => {
    const answer = await deploy({ at: { zone: "a" } }, { "MCP-PARAM-Zone": "a" });
    expect(resultOf(answer).structuredContent).toEqual({ args: { at: { zone: "a" } } });
    expect(refusal(await deploy({ at: { zone: "a" } }, { "mcp-param-zone": "b" }))).toEqual(MISMATCH);
    expect(refusal(await deploy({ at: { zone: "a" } }, {}))).toEqual(MISMATCH);
  });

  it.each([
    ["a value that differs", "region", "us-west1", "us-east1"],
    ["another case", "region", "us-west1", "US-WEST1"],
    ["a missing header", "region", "us-west1", undefined],
    ["two headers", "region", "us-west1", "us-west1, us-west1"],
    ["bad padding", "region", "Hello", "=?base64?SGVsbG8?="],
    ["a bad alphabet", "region", "Hello", "=?base64?SGVs!!!bG8=?="],
    ["URL-safe Base64", "region", "\u00ff\u00ff", "=?base64?w7_Dvw==?="],
    ["a space in Base64", "region", "Hello", "=?base64?SGVs bG8=?="],
    ["Base64 that is no UTF-8", "region", "\ufffd", "=?base64?/w==?="],
    ["an encoding in capitals", "region", "Hello", "=?BASE64?SGVsbG8=?="],
    ["characters that need encoding", "region", "caf\u00e9", "caf\u00e9"],
    ["another number", "count", 42, "43"],
    ["no number", "count", 42, "forty-two"],
    ["an empty number", "count", 0, ""],
    ["a number that is too precise", "count", 42, "42.5"],
    ["another truth", "dry", true, "false"],
    ["truth in capitals", "dry", true, "TRUE"],
    ["truth as a number", "dry", true, "1"],
  ])("refuses %s", async (_what, name, value, header) => {
    expect(refusal(await deploy({ [name]: value }, { [`mcp-param-${name}`]: header }))).toEqual(MISMATCH);
  });

  it.each(["0x2a", "0b101010", "0o52"])(
    "refuses the integer 42 written as %s: the specification says decimal",
    async (header) => {
      expect(refusal(await deploy({ count: 42 }, { "mcp-param-count": header }))).toEqual(MISMATCH);
    },
  );

  it("is not expected for null or for an argument that is not there", async () => {
    for (const args of [{}, { region: null }, { at: {} }, { at: null }])
      expect((await deploy(args, {})).status).toBe(200);
    expect(refusal(await deploy({}, { "mcp-param-region": "us-west1" }))).toEqual(MISMATCH);
    expect(refusal(await deploy({ region: null }, { "mcp-param-region": "null" }))).toEqual(MISMATCH);
  });

  it("that no tool asks for is ignored", async () => {
    const headers = { "mcp-param-other": "x", "mcp-param-constructor": "x", "mcp-param-region": "x" };
    expect(textOf(await client.tool("echo", { text: "hi" }, { headers }))).toBe("hi");
  });

  it("is the business of callers who may know the tool: others learn nothing from its headers", async () => {
    const missing = await client.tool("missing", { region: "x" });
    const hidden = await client.tool("hidden", { region: "x" });
    expect(refusal(hidden)).toEqual(refusal(missing));
    expect(errorOf(hidden).message).toBe("Unknown tool: hidden");
    const guarded = await client.tool("guarded", { region: "x" });
    expect(refusal(guarded)).toMatchObject({ status: 403, code: 1403 });
    expect(errorOf(guarded).message).toBe("Permission denied for tool guarded: it needs guard:use.");
    expect(served.probe.events).toEqual([]);
  });
});

describe("[47] headers on the wire", () => {
  /** Sends lines that no HTTP library would send. */
  async function raw(lines: readonly string[]): Promise<number> {
    const params = { name: "echo", arguments: { text: "x" } };
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta: meta } };
    const [head = "", ...rest] = requestBytes(served.url, "POST", message).toString("latin1").split("\r\n");
    const socket = await RawSocket.connect(served.url);
    await socket.write(Buffer.from([head, ...lines, ...rest].join("\r\n"), "latin1"));
    const { bytes } = await socket.all();
    return parseResponse(bytes, { sent: message, revision: "2026-07-28" })?.status ?? 0;
  }
  const right = ["mcp-protocol-version: 2026-07-28", "mcp-method: tools/call", "mcp-name: echo"];

  it("are taken as they are sent, each once", async () => {
    expect(await raw(right)).toBe(200);
    expect(await raw(right.map((line) => line.toUpperCase().replace(/:.*/, "") + line.slice(line.indexOf(":"))))).toBe(
      200,
    );
    for (const line of right) expect(await raw([...right, line])).toBe(400);
    for (const line of right) expect(await raw(right.filter((other) => other !== line))).toBe(400);
  });
});
