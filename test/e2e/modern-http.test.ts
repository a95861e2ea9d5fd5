import { beforeEach, describe, expect, it } from "vitest";
import { custom, McpServer } from "../../src/index.js";
import { modernMeta, open, post } from "../support/raw-http.js";
import { type ModernClient, modernClient, refusal, resultOf, textOf } from "./fixtures/modern-client.js";
import { quiet, type Served, serving } from "./fixtures/serve.js";

const VERSION = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
const HEADERS = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" };
const ALL = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const serve = serving();
let served: Served;
let client: ModernClient;
beforeEach(async () => {
  served = await serve();
  client = modernClient(served.url);
});

function without(key: string): Record<string, unknown> {
  const { [key]: _gone, ...rest } = modernMeta();
  return rest;
}

describe("[46] the envelope", () => {
  it.each([
    ["no params", undefined],
    ["no _meta", {}],
    ["_meta null", { _meta: null }],
    ["_meta an array", { _meta: [] }],
    ["_meta empty", { _meta: {} }],
    ["no protocolVersion", { _meta: without(VERSION) }],
    ["protocolVersion a number", { _meta: { ...modernMeta(), [VERSION]: 20260728 } }],
    ["protocolVersion null", { _meta: { ...modernMeta(), [VERSION]: null } }],
    ["no clientCapabilities", { _meta: without(CAPABILITIES) }],
    ["clientCapabilities an array", { _meta: { ...modernMeta(), [CAPABILITIES]: [] } }],
    ["protocolVersion inherited", JSON.parse(`{"_meta":{"__proto__":{"${VERSION}":"2026-07-28"}}}`)],
  ])("%s is -32602 with 400, whatever the headers say", async (_what, params) => {
    const message = { jsonrpc: "2.0", id: "e", method: "tools/list", ...(params && { params }) };
    const answer = await post(served.url, message, { headers: HEADERS });
    expect(refusal(answer)).toEqual({ status: 400, code: -32602, id: "e" });
    // Before the headers are compared.
    const wrong = await post(served.url, message, { headers: { ...HEADERS, "mcp-method": "prompts/list" } });
    expect(refusal(wrong)).toEqual({ status: 400, code: -32602, id: "e" });
  });

  it("needs no clientInfo, and takes one that is nonsense for none", async () => {
    const meta = without("io.modelcontextprotocol/clientInfo");
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: meta } };
    expect((await post(served.url, message, { headers: HEADERS })).status).toBe(200);
    const nonsense = { ...meta, "io.modelcontextprotocol/clientInfo": "me" };
    expect((await post(served.url, { ...message, params: { _meta: nonsense } }, { headers: HEADERS })).status).toBe(
      200,
    );
  });

  it("refuses an unknown log level", async () => {
    const answer = await client.send("tools/list", {}, { logLevel: "loud" });
    expect(refusal(answer)).toEqual({ status: 400, code: -32602, id: 1 });
  });
});

describe("[46] the version", () => {
  it("refuses one it does not know, naming those it does", async () => {
    const answer = await client.send("tools/list", {}, { protocolVersion: "v999.0.0" });
    expect(refusal(answer)).toEqual({ status: 400, code: -32022, id: 1 });
    expect(answer.reply?.error).toMatchObject({ data: { supported: ALL, requested: "v999.0.0" } });
    const discovered = resultOf(await client.send("server/discover"));
    expect(discovered.supportedVersions).toEqual(ALL);
  });

  it.each([
    ["missing", undefined],
    ["another", "v999.0.0"],
    ["a legacy one", "2025-11-25"],
    ["sent twice", "2026-07-28, 2026-07-28"],
    ["empty", ""],
  ])("[47] refuses a header that is %s", async (_what, header) => {
    const answer = await client.send("tools/list", {}, { headers: { "mcp-protocol-version": header } });
    expect(refusal(answer)).toEqual({ status: 400, code: -32020, id: 1 });
  });

  it("refuses a version that is in the body only", async () => {
    const answer = await client.send(
      "tools/list",
      {},
      {
        protocolVersion: "v999.0.0",
        headers: { "mcp-protocol-version": "2026-07-28" },
      },
    );
    expect(refusal(answer)).toEqual({ status: 400, code: -32020, id: 1 });
  });
});

describe("[46, 47] the method", () => {
  it.each([
    ["missing", undefined],
    ["another", "prompts/list"],
    ["in capitals", "TOOLS/LIST"],
    ["sent twice", "tools/list, tools/list"],
    ["encoded", `=?base64?${Buffer.from("tools/list").toString("base64")}?=`],
  ])("refuses a header that is %s", async (_what, header) => {
    const answer = await client.send("tools/list", {}, { headers: { "mcp-method": header } });
    expect(refusal(answer)).toEqual({ status: 400, code: -32020, id: 1 });
  });

  it.each([
    ...["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"],
    ...["unknown/method", "notifications/initialized", "constructor", "__proto__", "tasks/list", ""],
  ])("does not know %s", async (method) => {
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "a", version: "1" } };
    const answer = await client.send(method, { ...params, uri: "test://text", level: "info" });
    expect(refusal(answer)).toEqual({ status: 404, code: -32601, id: 1 });
    expect(answer.headers["mcp-session-id"]).toBeUndefined();
  });

  it("does not know the methods of what the server does not offer", async () => {
    const bare = new McpServer({ name: "bare", version: "1" }, { logger: quiet });
    const handle = await bare.run({ transport: "http", port: 0, signals: false });
    try {
      const asked = modernClient(handle.url ?? "");
      for (const method of ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]) {
        expect(refusal(await asked.send(method))).toEqual({ status: 404, code: -32601, id: 1 });
      }
      expect(resultOf(await asked.send("server/discover")).capabilities).toEqual({ logging: {} });
    } finally {
      await handle.close();
    }
  });
});

describe("what a client cannot do is not asked of it", () => {
  it.each([
    ["ask_name", { elicitation: {} }],
    ["ask_url", { elicitation: { url: {} } }],
    ["ask_model", { sampling: {} }],
    ["ask_roots", { roots: {} }],
  ])("%s without the capability is -32021 with 400", async (name, requiredCapabilities) => {
    const answer = await client.tool(name, { prompt: "?" });
    expect(refusal(answer)).toEqual({ status: 400, code: -32021, id: 1 });
    expect(answer.reply?.error).toMatchObject({ data: { requiredCapabilities } });
    const formOnly = await client.tool("ask_url", {}, { capabilities: { elicitation: { form: {} } } });
    expect(refusal(formOnly)).toEqual({ status: 400, code: -32021, id: 1 });
  });
});

describe("what earlier revisions had", () => {
  it.each(["GET", "DELETE"])("%s is 405", async (method) => {
    const stream = await open(served.url, { method, headers: { "mcp-protocol-version": "2026-07-28" } });
    expect(stream.status).toBe(405);
    expect(stream.headers.allow).toBe("POST");
    stream.close();
  });

  it("[44] ignores a session id and a Last-Event-ID, and mints nothing", async () => {
    const headers = { "mcp-session-id": "stale", "last-event-id": "AAAAAAAAAAAAAAAAAAAAAA_1" };
    const answer = await client.tool("whoami", {}, { headers });
    expect(resultOf(answer).structuredContent).toMatchObject({ revision: "2026-07-28", transport: "http" });
    expect(answer.headers["mcp-session-id"]).toBeUndefined();
  });

  it.each([
    ["a batch", [{ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: modernMeta() } }]],
    ["an empty batch", []],
    ["a response", { jsonrpc: "2.0", id: 1, result: {} }],
    ["a string", "hello"],
    ["null", null],
  ])("[63, 67] refuses %s with 400", async (_what, body) => {
    const answer = await post(served.url, JSON.stringify(body), { headers: HEADERS });
    expect(answer.status).toBe(400);
    expect(refusal(answer).code).toBe(-32600);
  });

  it("accepts a notification and makes nothing of it", async () => {
    const message = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    const answer = await post(served.url, message, { headers: HEADERS });
    expect(answer.status).toBe(202);
    expect(answer.raw).toHaveLength(0);
  });
});

describe("who is who", () => {
  it("answers twenty callers who all use id 1, each with its own marker", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => client.tool("echo", { text: `marker ${index}` })),
    );
    expect(answers.map(textOf)).toEqual(answers.map((_, index) => `marker ${index}`));
  });

  it("finds out who calls on every request", async () => {
    const auth = custom((request) => {
      const subject = request.header("x-user");
      return subject === undefined
        ? undefined
        : { issuer: "test", subject, permissions: subject === "root" ? ["*"] : [] };
    });
    const { url } = await serve({ auth });
    expect((await modernClient(url).tool("whoami")).status).toBe(401);
    const root = modernClient(url, { "x-user": "root" });
    const guest = modernClient(url, { "x-user": "guest" });
    expect(resultOf(await root.tool("whoami")).structuredContent).toMatchObject({ subject: "root" });
    expect(textOf(await root.tool("guarded"))).toBe("guarded ran");
    expect(refusal(await guest.tool("guarded"))).toMatchObject({ status: 403, code: 1403 });
    const listed = async (who: ModernClient) => {
      const { tools, cacheScope } = resultOf(await who.send("tools/list")) as {
        tools: { name: string }[];
        cacheScope: string;
      };
      return { cacheScope, guarded: tools.some(({ name }) => name === "guarded") };
    };
    expect(await listed(root)).toEqual({ cacheScope: "private", guarded: true });
    expect(await listed(guest)).toEqual({ cacheScope: "private", guarded: false });
  });
});
