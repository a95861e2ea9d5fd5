import { beforeEach, describe, expect, it } from "vitest";
import { McpServer, ResourceTemplate, type ToolContext } from "../../src/index.js";
import { type Json, type ModernClient, modernClient, refusal, resultOf } from "./fixtures/modern-client.js";
import { quiet, type Served, serving } from "./fixtures/serve.js";

const SERVER_INFO = "io.modelcontextprotocol/serverInfo";
const LISTS = [
  ["tools/list", "tools"],
  ["prompts/list", "prompts"],
  ["resources/list", "resources"],
  ["resources/templates/list", "resourceTemplates"],
] as const;

const serve = serving();
let served: Served;
let client: ModernClient;
beforeEach(async () => {
  served = await serve();
  client = modernClient(served.url);
});

describe("[45] server/discover", () => {
  it("says which versions and capabilities there are, and who answers", async () => {
    const result = resultOf(await client.send("server/discover"));
    expect(result).toEqual({
      resultType: "complete",
      _meta: { [SERVER_INFO]: expect.objectContaining({ name: "everything", version: "1.0.0", title: "Everything" }) },
      supportedVersions: ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
      capabilities: {
        logging: {},
        completions: {},
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        extensions: { "io.modelcontextprotocol/tasks": {} },
      },
      instructions: "Call anything.",
      ttlMs: 0,
      cacheScope: "public",
    });
  });

  it("declares a capability for ever once it was there, so that an empty list is no unknown method", async () => {
    await client.tool("add_extra", { kind: "prompts" });
    await client.tool("remove_extra", { kind: "prompts" });
    expect(resultOf(await client.send("server/discover")).capabilities).toHaveProperty("prompts");
  });
});

describe("every result", () => {
  it("says that it is complete and who the server is", async () => {
    const results = await Promise.all([
      client.tool("echo", { text: "x" }),
      client.send("prompts/get", { name: "simple" }),
      client.send("resources/read", { uri: "test://text" }),
      client.send("tools/list"),
      client.send("completion/complete", {
        ref: { type: "ref/prompt", name: "greet" },
        argument: { name: "name", value: "" },
      }),
    ]);
    for (const response of results) {
      const result = resultOf(response);
      expect(result.resultType).toBe("complete");
      expect((result._meta as Json)[SERVER_INFO]).toMatchObject({ name: "everything" });
    }
  });

  it("keeps the _meta that the author gave it", async () => {
    served.mcp.registerTool("meta", {}, () => ({ content: [], _meta: { "com.example/a": 1 } }));
    const { _meta } = resultOf(await client.tool("meta"));
    expect(_meta).toMatchObject({ "com.example/a": 1, [SERVER_INFO]: { name: "everything" } });
  });
});

describe("caching", () => {
  const cacheable: readonly (readonly [string, Json])[] = [
    ["server/discover", {}],
    ...LISTS.map(([method]) => [method, {}] as const),
    ["resources/read", { uri: "test://text" }],
  ];

  it.each(cacheable)("%s says how long and by whom it may be reused", async (method, params) => {
    const { ttlMs, cacheScope } = resultOf(await client.send(method, params));
    // Stale at once unless the author says otherwise; lists that depend on the caller are private.
    const shared = ["server/discover", "prompts/list", "resources/templates/list"].includes(method);
    expect({ ttlMs, cacheScope }).toEqual({ ttlMs: 0, cacheScope: shared ? "public" : "private" });
  });

  it("follows the author's hints", async () => {
    const hinted = modernClient((await serve({ cache: { ttlMs: 60_000 } })).url);
    const cacheOf = async (method: string, params: Json = {}) => {
      const { ttlMs, cacheScope } = resultOf(await hinted.send(method, params));
      return { ttlMs, cacheScope };
    };
    expect(await cacheOf("prompts/list")).toEqual({ ttlMs: 60_000, cacheScope: "public" });
    expect(await cacheOf("tools/list")).toEqual({ ttlMs: 60_000, cacheScope: "private" });
    expect(await cacheOf("resources/read", { uri: "test://live" })).toEqual({ ttlMs: 5000, cacheScope: "public" });
    expect(await cacheOf("resources/read", { uri: "test://text" })).toEqual({ ttlMs: 60_000, cacheScope: "private" });
  });

  it("is private for what templates list: that may depend on the caller", async () => {
    const mcp = new McpServer({ name: "templates", version: "1" }, { logger: quiet, cache: { ttlMs: 60_000 } });
    const list = (ctx: ToolContext) => ({ resources: [{ uri: "test://of/me", name: `of ${ctx.principal.subject}` }] });
    mcp.registerResource("of", new ResourceTemplate("test://of/{who}", { list }), {}, () => ({ contents: [] }));
    const handle = await mcp.run({ transport: "http", port: 0, signals: false });
    const result = resultOf(await modernClient(handle.url ?? "").send("resources/list"));
    await handle.close();
    expect(result.resources).toEqual([{ uri: "test://of/me", name: "of anonymous" }]);
    expect(result.cacheScope).toBe("private");
  });

  it("is no business of results that are not cacheable", async () => {
    for (const response of [
      await client.tool("echo", { text: "x" }),
      await client.send("prompts/get", { name: "simple" }),
    ]) {
      expect(resultOf(response)).not.toHaveProperty("ttlMs");
      expect(resultOf(response)).not.toHaveProperty("cacheScope");
    }
  });
});

/** Follows the cursors of a list to its end. */
async function pages(from: ModernClient, method: string, member: string): Promise<Json[][]> {
  const all: Json[][] = [];
  for (let cursor: unknown = undefined; ; ) {
    const result = resultOf(await from.send(method, cursor === undefined ? {} : { cursor }));
    all.push(result[member] as Json[]);
    cursor = result.nextCursor;
    if (cursor === undefined) return all;
  }
}

describe("pages", () => {
  it.each(LISTS)("%s comes in pages that are together what one page would be", async (method, member) => {
    const small = modernClient((await serve({ pageSize: 2 })).url);
    const [whole = []] = await pages(client, method, member);
    const parts = await pages(small, method, member);
    expect(parts.flat()).toEqual(whole);
    // The last page of resources also has what templates list.
    for (const part of parts.slice(0, -1)) expect(part).toHaveLength(2);
  });

  it("[49] keep their order, request after request and after a restart", async () => {
    const first = resultOf(await client.send("tools/list")).tools;
    expect(resultOf(await client.send("tools/list")).tools).toEqual(first);
    expect(resultOf(await modernClient((await serve()).url).send("tools/list")).tools).toEqual(first);
  });

  it("skip what the caller may not see, without a gap", async () => {
    const small = modernClient((await serve({ pageSize: 1 })).url);
    const parts = await pages(small, "tools/list", "tools");
    expect(parts.every((part) => part.length === 1)).toBe(true);
    const names = parts.flat().map(({ name }) => name);
    expect(names).not.toContain("hidden");
    expect(names).not.toContain("guarded");
  });

  it.each([
    ["garbage"],
    [""],
    ["i:1"],
    [Buffer.from("i:-1").toString("base64url")],
    [Buffer.from("i:x").toString("base64url")],
    [1],
    [null],
    [{}],
  ])("refuse the cursor %j", async (cursor) => {
    for (const [method] of LISTS)
      expect(refusal(await client.send(method, { cursor }))).toMatchObject({ code: -32602 });
  });
});

describe("errors of requests", () => {
  it.each([
    ["tools/call", { name: "missing" }],
    ["tools/call", { name: 5 }],
    ["tools/call", { name: "echo", arguments: [] }],
    ["tools/call", { name: "echo", arguments: "text" }],
    ["prompts/get", { name: "missing" }],
    ["prompts/get", { name: "greet" }],
    ["prompts/get", { name: "greet", arguments: { name: 5 } }],
    ["resources/read", {}],
    ["resources/read", { uri: "test://missing" }],
    ["resources/read", { uri: "not a uri" }],
    ["completion/complete", {}],
    ["completion/complete", { ref: { type: "ref/prompt", name: "missing" }, argument: { name: "a", value: "" } }],
    ["completion/complete", { ref: { type: "ref/other", name: "greet" }, argument: { name: "a", value: "" } }],
  ])("%s %j is -32602", async (method, params) => {
    const response = await client.send(method, params);
    expect(refusal(response)).toMatchObject({ code: -32602, id: 1 });
  });

  it("name the resource that is not there", async () => {
    const { error } = (await client.send("resources/read", { uri: "test://missing" })).reply ?? {};
    expect(error).toMatchObject({ data: { uri: "test://missing" } });
  });
});
