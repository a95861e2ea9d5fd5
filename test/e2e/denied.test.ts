/** What callers get for what they may not do, on every way: a challenge where there is a place for it, else words. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { McpServer, type Principal, ResourceTemplate, type RunHandle, type WhenDenied } from "../../src/index.js";
import { connect } from "../../src/testing/index.js";
import { type Answered, BEARER_WAYS, type BearerClient } from "../support/bearer-ways.js";
import { legacySession, post } from "../support/raw-http.js";
import { quiet } from "./fixtures/serve.js";
import { challengeOf, tokenTable } from "./fixtures/tokens.js";

const TOKENS: Record<string, Partial<Principal>> = {};
let ran: string[] = [];
let handle: RunHandle;
let origin: string;
let client: BearerClient | undefined;

beforeEach(() => {
  ran = [];
  Object.assign(TOKENS, {
    reader: { subject: "ada", permissions: ["products:read"] },
    clerk: { subject: "ada", permissions: ["products:read", "orders:*"] },
  });
});
afterEach(async () => {
  client?.close();
  client = undefined;
  await handle?.close();
});

/** Everything of one kind that needs `orders:read`, and one thing that does not. */
function shop(whenDenied?: WhenDenied): McpServer {
  const auth = tokenTable(TOKENS);
  const info = { name: "shop", version: "1" };
  const mcp = new McpServer(info, { auth, logger: quiet, ...(whenDenied !== undefined && { whenDenied }) });
  const orders = { requires: ["products:read", "orders:read"] };
  const ran_ = (name: string) => {
    ran.push(name);
    return name;
  };
  const read = { annotations: { readOnlyHint: true } };
  mcp.registerTool("stock", { ...read, requires: "products:read" }, () => ran_("stock"));
  mcp.registerTool("orders", { ...read, ...orders }, () => ran_("orders"));
  mcp.registerTool("inside", read, (ctx) => {
    ctx.require("orders:read");
    return ran_("inside");
  });
  mcp.registerTool("write", { requires: "products:read" }, async (ctx) => {
    await ctx.step("first", () => ran_("first step"));
    ctx.require("orders:write");
    return ran_("write");
  });
  mcp.registerTool("depends", { ...read, requires: (_principal, args) => (args ? ["orders:read"] : false) }, () => {
    return ran_("depends");
  });
  const complete = { id: () => [ran_("completed")] };
  const text = (uri: URL) => ({ contents: [{ uri: uri.href, text: ran_("read") }] });
  mcp.registerResource(
    "order",
    new ResourceTemplate("shop://orders/{id}", { complete, list: undefined }),
    orders,
    text,
  );
  mcp.registerResource("all", "shop://orders", orders, text);
  mcp.registerPrompt("chase", { ...orders }, () => ({ messages: [] }));
  return mcp;
}

async function start(way: (typeof BEARER_WAYS)[number], token: string, whenDenied?: WhenDenied): Promise<BearerClient> {
  handle = await shop(whenDenied).run({ transport: "http", port: 0, signals: false });
  origin = new URL(String(handle.url)).origin;
  client = await way.start(origin, token);
  return client;
}

const named = (name: string) => ["tools/call", { name, arguments: {} }] as const;
const textOf = ({ message }: Answered) =>
  (message.result as { content: readonly { text: string }[] } | undefined)?.content[0]?.text;
const namesOf = async (one: BearerClient, list: "tools" | "prompts" | "resources") => {
  const { message } = await one.request(`${list}/list`);
  return ((message.result as Record<string, readonly { name: string }[]>)[list] ?? []).map(({ name }) => name);
};
const ORDERS = "Permission denied for tool orders: it needs products:read, orders:read.";

describe.each(BEARER_WAYS)("[76] $name: what a caller may not do", (way) => {
  it("is not listed, and refused with all that it needs at once", async () => {
    const one = await start(way, "reader");
    expect(await namesOf(one, "tools")).toEqual(["stock", "inside", "write"]);
    expect([await namesOf(one, "prompts"), await namesOf(one, "resources")]).toEqual([[], []]);
    const denied = await one.request(...named("orders"));
    if (way.challenges) {
      const data = { requiredPermissions: ["products:read", "orders:read"] };
      expect(denied).toMatchObject({ status: 403, message: { error: { code: 1403, message: ORDERS, data } } });
      expect(challengeOf(denied.challenge)).toEqual({
        error: "insufficient_scope",
        error_description: expect.stringContaining("orders:read"),
        scope: "products:read orders:read",
        resource_metadata: `${origin}/.well-known/oauth-protected-resource/mcp`,
      });
    } else expect([denied.message.error, textOf(denied)]).toEqual([undefined, ORDERS]);
    expect(ran).toEqual([]);
  });

  it.each([
    ["resources/read", { uri: "shop://orders" }],
    ["resources/read", { uri: "shop://orders/7" }],
    ["prompts/get", { name: "chase" }],
    [
      "completion/complete",
      { ref: { type: "ref/resource", uri: "shop://orders/{id}" }, argument: { name: "id", value: "" } },
    ],
    ["completion/complete", { ref: { type: "ref/prompt", name: "chase" }, argument: { name: "id", value: "" } }],
  ])("is refused for %s %j", async (method, params) => {
    const one = await start(way, "reader");
    const denied = await one.request(method, params);
    expect(denied.message.error).toMatchObject({ code: 1403 });
    expect(denied.status).toBe(way.challenges ? 403 : undefined);
    expect(ran).toEqual([]);
  });

  it("is the same when a handler finds out, as long as nothing was done", async () => {
    const one = await start(way, "reader");
    const inside = await one.request(...named("inside"));
    const depends = await one.request(...named("depends"));
    const write = await one.request(...named("write"));
    if (way.challenges) {
      expect([inside.status, challengeOf(inside.challenge).scope]).toEqual([403, "orders:read"]);
      expect([depends.status, challengeOf(depends.challenge).scope]).toEqual([403, "orders:read"]);
    } else expect([textOf(inside), textOf(depends)].join()).toMatch(/inside: it needs orders:read.*depends: it needs/);
    // A step was done: that is an outcome, and no challenge that makes the client call again.
    expect(write.status ?? 200).toBe(200);
    expect(textOf(write)).toBe("Permission denied for tool write: it needs orders:write.");
    expect(ran).toEqual(["first step"]);
  });

  it("is permitted by other credentials in the same session, and refused again when those lose it", async () => {
    const one = await start(way, "reader");
    one.become("clerk");
    expect(textOf(await one.request(...named("orders")))).toBe("orders");
    expect(await namesOf(one, "prompts")).toEqual(["chase"]);
    one.become("reader");
    expect(textOf(await one.request(...named("orders")))).not.toBe("orders");
    expect(await namesOf(one, "prompts")).toEqual([]);
  });
});

describe.each(BEARER_WAYS)("$name: whenDenied", (way) => {
  it('"hidden" is as if it did not exist', async () => {
    const one = await start(way, "reader", "hidden");
    const answers = [await one.request(...named("orders")), await one.request(...named("missing"))];
    expect(answers[0]?.message.error).toEqual({ code: -32602, message: "Unknown tool: orders" });
    expect(answers[0]?.status).toBe(answers[1]?.status);
    const { message } = await one.request("prompts/get", { name: "chase" });
    expect(message.error).toMatchObject({ code: -32602, message: "Unknown prompt: chase" });
  });

  it('"listed" shows what could be asked for', async () => {
    const one = await start(way, "reader", "listed");
    expect(await namesOf(one, "tools")).toContain("orders");
    expect((await one.request(...named("orders"))).status).toBe(way.challenges ? 403 : undefined);
    expect(ran).toEqual([]);
  });
});

it("[76] is words in a batch of 2025-03-26, and in-process", async () => {
  await start(BEARER_WAYS[0] as (typeof BEARER_WAYS)[number], "reader");
  const headers = { authorization: "Bearer reader" };
  const session = await legacySession(`${origin}/mcp`, "2025-03-26", { headers });
  const batch = [session.message(...named("orders")), session.message(...named("stock"))];
  const { status, messages } = await session.post(batch);
  expect([status, messages.map((message) => textOf({ message }))]).toEqual([200, [ORDERS, "stock"]]);
  const near = await connect(shop(), { principal: { permissions: ["products:read"] } });
  expect(await near.callTool("orders")).toMatchObject({ isError: true, content: [{ text: ORDERS }] });
});

it("a requirement that could never be checked is refused at registration", () => {
  for (const requires of [{ anyof: ["a"] }, 5, [""], { anyOf: "a", allOf: "b" }, null]) {
    expect(() => shop().registerTool("bad", { requires: requires as never }, () => "")).toThrow(TypeError);
  }
  expect(() => shop().registerTool("bad", { whenDenied: "hide" as never }, () => "")).toThrow(/whenDenied/);
});

it("a misspelt key, which would leave something open, is refused at registration and when it is changed", () => {
  const requires = { requries: "orders:read" } as never;
  const mcp = shop();
  expect(() => mcp.registerTool("bad", requires, () => "")).toThrow(/Tool bad: unknown key requries\. Keys: title, /);
  const read = () => ({ contents: [] });
  expect(() => mcp.registerResource("bad", "shop://bad", requires, read)).toThrow(/Resource bad: unknown key requries/);
  const template = new ResourceTemplate("shop://{bad}");
  expect(() => mcp.registerResource("bad", template, requires, read)).toThrow(/Template bad: unknown key requries/);
  expect(() => mcp.registerPrompt("bad", requires, () => ({ messages: [] }))).toThrow(
    /Prompt bad: unknown key requries/,
  );
  const tool = mcp.registerTool("bad", {}, () => "");
  expect(() => tool.update(requires)).toThrow(/unknown key requries/);
  // Its `description` makes the compiler take it for a configuration.
  expect(() => mcp.registerTool("schema", z.object({}), () => "")).toThrow(/Tool schema: unknown key .* inputSchema/);
});

it("without a session is challenged as well", async () => {
  await start(BEARER_WAYS[0] as (typeof BEARER_WAYS)[number], "reader");
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "orders" } };
  expect((await post(`${origin}/mcp`, message, { headers: { authorization: "Bearer reader" } })).status).toBe(403);
});
