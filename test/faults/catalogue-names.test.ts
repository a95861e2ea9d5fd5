/** [64, S29] Names that every object inherits: as names of what is registered, and in every place that a client fills. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  custom,
  McpServer,
  PROTOCOL_VERSIONS,
  type ProtocolVersion,
  ResourceTemplate,
  type ToolContext,
} from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { modernRequest, open, post } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { judged } from "./helpers/judged-client.js";
import { quickSession } from "./helpers/quick-session.js";
import { type Served, serve } from "./helpers/server.js";

const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "prototype", "then"] as const;

/** An object with a key of its own, whatever the key: `{ [name]: value }` would set the prototype for one of them. */
function own<T>(name: string, value: T): Record<string, T> {
  return Object.fromEntries([[name, value]]);
}

const schemaOf = (name: string) => {
  return {
    type: "object",
    properties: own(name, { type: "string" }),
    required: [name],
    additionalProperties: false,
  } as const;
};
/** What a handler got, by its own keys. */
const show = (value: unknown) => JSON.stringify([Object.keys(value as object), Object.values(value as object)]);

/** A server whose tools, prompts, resources, arguments and variables are all called so. */
function create(): McpServer {
  const auth = custom((request) => ({ issuer: "test", subject: request.header("x-user") ?? "", permissions: ["*"] }));
  const mcp = new McpServer({ name: "names", version: "1.0.0" }, { auth, logger: silentLogger });
  for (const name of NAMES) {
    mcp.registerTool(name, { inputSchema: schemaOf(name) }, (args, ctx) => {
      ctx.progress(1, 1, name);
      return show(args);
    });
    mcp.registerTool(`out.${name}`, { outputSchema: schemaOf(name) }, () => own(name, "structured"));
    mcp.registerPrompt(
      name,
      { argsSchema: schemaOf(name), complete: Object.fromEntries([[name, () => [`${name} completed`]]]) },
      (args) => ({ messages: [{ role: "user", content: { type: "text", text: show(args) } }] }),
    );
    const uri = `test://fixed/${name}`;
    mcp.registerResource(`fixed ${name}`, uri, {}, () => ({ contents: [{ uri, text: name }] }));
    const template = new ResourceTemplate(`test://${name}/{${name}}`, {
      list: undefined,
      complete: Object.fromEntries([[name, () => [`${name} completed`]]]),
    });
    mcp.registerResource(`template ${name}`, template, {}, (at, variables) => ({
      contents: [{ uri: at.href, text: show(variables) }],
    }));
    mcp.registerTool(`ask.${name}`, {}, async (ctx) => {
      const answer = await ctx.elicit({ message: name, requestedSchema: schemaOf(name), key: name });
      const done = await ctx.step(name, () => own(name, "stepped"));
      return `${show(answer.action === "accept" ? answer.content : {})} ${show(done)}`;
    });
  }
  mcp.registerTool("principal", {}, (ctx) => ctx.principal.subject);
  mcp.registerTool("free", {}, (args: object, ctx: ToolContext) => {
    const header = NAMES.map((name) => ctx.request.header(name) ?? "none").join();
    return `${show(args)} ${header} ${show(ctx.client.capabilities)}`;
  });
  return mcp;
}

afterEach(() => {
  for (const name of ["polluted", "text", "type"]) expect(({} as Record<string, unknown>)[name]).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

describe.each(PROTOCOL_VERSIONS)("%s: what is called so works like anything else", (revision: ProtocolVersion) => {
  test.each(NAMES)("%s", async (name) => {
    const client = await judged(create(), revision, {
      principal: { permissions: ["*"] },
      onElicit: () => ({ action: "accept", content: own(name, "answered") }),
    });
    const shown = (value: string) => JSON.stringify([[name], [value]]);
    const text = (value: string) => [{ type: "text", text: value }];
    expect((await client.callTool(name, own(name, "given"))).content).toEqual(text(shown("given")));
    expect(await client.callTool(name, { other: "x" })).toMatchObject({ isError: true });
    const structured = await client.callTool(`out.${name}`);
    expect(structured.content).toEqual(text(JSON.stringify(own(name, "structured"))));
    if (revision >= "2025-06-18") expect(show(structured.structuredContent)).toBe(shown("structured"));
    expect((await client.getPrompt(name, own(name, "given"))).messages).toMatchObject([
      { content: { text: shown("given") } },
    ]);
    expect(await client.readResource(`test://fixed/${name}`)).toMatchObject({ contents: [{ text: name }] });
    expect(await client.readResource(`test://${name}/value`)).toMatchObject({ contents: [{ text: shown("value") }] });
    const argument = { name, value: "" };
    expect(await client.complete({ type: "ref/prompt", name }, argument)).toEqual([`${name} completed`]);
    const template = { type: "ref/resource", uri: `test://${name}/{${name}}` } as const;
    expect(await client.complete(template, argument)).toEqual([`${name} completed`]);
    expect((await client.listTools()).map((tool) => tool.name)).toContain(name);
    if (revision >= "2025-06-18") {
      expect((await client.callTool(`ask.${name}`)).content).toEqual(text(`${shown("answered")} ${shown("stepped")}`));
    }
    await client.close();
  });
});

describe("on the wire", () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(create());
  });
  afterAll(() => served.close());

  test.each(NAMES)(
    "%s as an id, a token, a key of _meta, of capabilities, of the message and of its parameters",
    async (name) => {
      const session = await quickSession(served.url, "2025-11-25", { capabilities: own(name, { polluted: true }) });
      const noise = { polluted: true, text: "polluted", type: "polluted" };
      const params = {
        name: "free",
        arguments: own(name, noise),
        _meta: { ...own(name, noise), progressToken: name },
        ...own(name, noise),
      };
      const message = { jsonrpc: "2.0", id: name, method: "tools/call", params, ...own(name, noise) };
      const expected = `${JSON.stringify([[name], [noise]])} ${NAMES.map(() => "none").join()}`;
      const legacy = await session.post(message);
      expect(legacy.reply).toMatchObject({
        id: name,
        result: { content: [{ text: expect.stringContaining(expected) }] },
      });
      const modern = modernRequest("tools/call", params, { id: name, capabilities: own(name, {}) });
      const answer = await post(served.url, { ...modern.message, ...own(name, noise) }, { headers: modern.headers });
      expect(answer.reply).toMatchObject({
        id: name,
        result: { content: [{ text: expect.stringContaining(expected) }] },
      });
      const spoken = modernRequest("tools/call", { name, arguments: own(name, "given") }, { progressToken: name });
      const progress = await post(served.url, spoken.message, { headers: spoken.headers });
      expect(progress.messages[0]).toMatchObject({ params: { progressToken: name, message: name } });
    },
  );

  test.each(NAMES)("%s where it names nothing", async (name) => {
    const session = await quickSession(served.url, "2025-11-25");
    const codeOf = async (method: string, params: WireObject) => {
      const { reply } = await session.post(session.message(method, params));
      return (reply?.error as { code?: number } | undefined)?.code;
    };
    expect(await codeOf(name, {})).toBe(-32601);
    expect(await codeOf("logging/setLevel", { level: name })).toBe(-32602);
    expect(await codeOf("tools/list", { cursor: name })).toBe(-32602);
    expect(await codeOf("resources/subscribe", { uri: name })).toBe(-32002);
    const ref = { type: name, name: "then" };
    expect(await codeOf("completion/complete", { ref, argument: { name, value: "" } })).toBe(-32602);
    expect((await session.notify("notifications/cancelled", { requestId: name })).status).toBe(202);
    expect((await session.respond(name, own(name, "x"))).status).toBe(202);
    const stale = { "mcp-session-id": name, "last-event-id": name };
    for (const headers of [stale, { ...session.headers, "last-event-id": name }]) {
      const stream = await open(served.url, { headers });
      expect(stream.status).toBe(404);
      stream.close();
    }
    const unasked = modernRequest("tools/call", { name: "free", inputResponses: own(name, {}), requestState: name });
    const answer = await post(served.url, unasked.message, { headers: unasked.headers });
    expect(answer.reply).toMatchObject({ error: { code: -32602 } });
  });

  test("callers called so are different callers", async () => {
    const sessions = await Promise.all(NAMES.map((user) => quickSession(served.url, "2025-11-25", { user })));
    for (const [at, session] of sessions.entries()) {
      const { reply } = await session.post(session.message("tools/call", { name: "principal" }));
      expect(reply?.result).toMatchObject({ content: [{ text: NAMES[at] }] });
      const other = { "x-user": NAMES[(at + 1) % NAMES.length] };
      expect((await session.post(session.message("ping"), { headers: other })).status).toBe(404);
    }
  });
});
