/** What is counted and measured, with real calls: names of the OpenTelemetry conventions for MCP, and our own. */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { apiKeys, ErrorCode, McpError, McpServer, ToolError } from "../../src/index.js";
import { connect } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Served, serve } from "../faults/helpers/server.js";
import { until } from "../faults/helpers/until.js";
import { v2Driver } from "../support/official.js";
import { legacySession, modernRequest, open, post, sse } from "../support/raw-http.js";
import { Collected } from "./helpers/collected.js";

const KEY = "k".repeat(32);
const authorization = `Bearer ${KEY}`;
const inputSchema = { type: "object", properties: { id: { type: "string" } }, required: ["id"] } as const;

let collected: Collected;
let mcp: McpServer;
let served: Served;
let release: () => void = () => {};

beforeAll(async () => {
  collected = new Collected();
  mcp = new McpServer(
    { name: "measured", version: "1.0.0" },
    {
      telemetry: collected.telemetry,
      logger: silentLogger,
      auth: apiKeys({ keys: [{ key: KEY, subject: "ada", permissions: ["read"] }] }),
      limits: { maxResultBytes: 2000, maxCallsPerSession: 2, maxBodyBytes: 10_000 },
    },
  );
  mcp.registerTool("read", { inputSchema, annotations: { readOnlyHint: true } }, () => "ok");
  mcp.registerTool("pay", { inputSchema }, () => "paid");
  mcp.registerTool("fails", {}, () => {
    throw new ToolError("no");
  });
  mcp.registerTool("protocol", {}, () => {
    throw new McpError(ErrorCode.InvalidParams, "no such order");
  });
  mcp.registerTool("admin", { requires: "admin" }, () => "ok");
  mcp.registerTool(
    "rare",
    { rateLimit: { limit: 1, windowMs: 60_000 }, annotations: { readOnlyHint: true } },
    () => "ok",
  );
  mcp.registerTool("large", { annotations: { readOnlyHint: true } }, () => "x".repeat(3000));
  mcp.registerTool("wait", { annotations: { readOnlyHint: true } }, () => {
    return new Promise<string>((resolve) => {
      release = () => resolve("done");
    });
  });
  mcp.registerTool("ask", {}, async (ctx) => {
    const requestedSchema = { type: "object", properties: { name: { type: "string" } } } as const;
    const answer = await ctx.elicit({ message: "Who?", requestedSchema });
    return String(answer.action);
  });
  served = await serve(mcp);
});
afterAll(async () => {
  await served.close();
  await mcp.shutdown({ graceMs: 0 });
});
beforeEach(() => collected.reset());

const call = (name: string, args = {}, meta = {}) => {
  const { message, headers } = modernRequest("tools/call", { name, arguments: args, _meta: meta });
  return post(served.url, message, { headers: { ...headers, authorization } });
};
/** How often a metric was counted with these attributes. */
const counted = async (name: string, attributes: Record<string, unknown>) => {
  const points = await collected.points(name);
  const found = points.filter((point) => Object.entries(attributes).every(([key, is]) => point.attributes[key] === is));
  return found.reduce((sum, { count, value }) => sum + (count ?? value), 0);
};

describe("mcp.server.operation.duration", () => {
  const METRIC = "mcp.server.operation.duration";
  test.each([
    ["a result", "read", { id: "1" }, {}],
    ["a result that is an error", "fails", {}, { "error.type": "tool_error" }],
    ["arguments that do not fit", "read", {}, { "error.type": "tool_error" }],
    ["a protocol error", "protocol", {}, { "error.type": "-32602", "rpc.response.status_code": "-32602" }],
  ])("%s", async (_, name, args, errors) => {
    const of = { "mcp.method.name": "tools/call", "gen_ai.tool.name": name, "error.type": undefined, ...errors };
    const before = await counted(METRIC, of);
    await call(name, args);
    expect(await counted(METRIC, of)).toBe(before + 1);
    const [point] = (await collected.points(METRIC)).filter(
      ({ attributes }) => attributes["gen_ai.tool.name"] === name,
    );
    expect(point?.attributes).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "mcp.protocol.version": "2026-07-28",
      "network.transport": "tcp",
      "network.protocol.name": "http",
    });
    expect(point?.value).toBeGreaterThanOrEqual(0);
    expect(point?.value).toBeLessThan(30);
  });

  test("names that callers make up are no new series", async () => {
    const before = (await collected.points(METRIC)).length;
    for (let index = 0; index < 5; index += 1) await call(`made-up-${index}`);
    const session = await legacySession(served.url, "2025-11-25", { headers: { authorization } });
    for (let index = 0; index < 5; index += 1) await session.request(`made/up${index}`);
    const points = await collected.points(METRIC);
    // Unknown tools, `initialize`, unknown methods.
    expect(points.length).toBeLessThanOrEqual(before + 3);
    expect(await counted(METRIC, { "mcp.method.name": "_OTHER" })).toBe(5);
    expect(collected.spans.filter(({ name }) => name === "_OTHER")).toHaveLength(5);
  });
});

describe("spans", () => {
  test("tell of validation, the operation, the handler and the outcome", async () => {
    await call("pay", { id: "7" }, { "dev.holdfast/idempotencyKey": "seven-seven-seven" });
    const first = await collected.span("tools/call pay");
    const id = first.attributes["holdfast.operation.id"];
    expect(first.events.map(({ name }) => name)).toEqual([
      "holdfast.arguments.validated",
      "holdfast.operation.claimed",
      "holdfast.handler.started",
    ]);
    expect(first.attributes).toMatchObject({ "holdfast.operation": "ran", "holdfast.outcome": "ok" });
    expect(first.status.code).toBe(0);
    collected.reset();
    await call("pay", { id: "7" }, { "dev.holdfast/idempotencyKey": "seven-seven-seven" });
    const again = await collected.span("tools/call pay");
    expect(again.events.map(({ name }) => name)).toEqual(["holdfast.arguments.validated"]);
    expect(again.attributes).toMatchObject({ "holdfast.operation": "replayed", "holdfast.operation.id": id });
    const of = { "gen_ai.tool.name": "pay", "holdfast.outcome": "ok" };
    expect(await counted("holdfast.operations", { ...of, "holdfast.operation": "ran" })).toBe(1);
    expect(await counted("holdfast.operations", { ...of, "holdfast.operation": "replayed" })).toBe(1);
  });

  test("say what went wrong, in the words the client got", async () => {
    await call("protocol");
    const { status, attributes } = await collected.span("tools/call protocol");
    expect(status).toEqual({ code: 2, message: "no such order" });
    expect(attributes).toMatchObject({ "error.type": "-32602", "holdfast.outcome": "error" });
  });

  test("hold no arguments, results, tokens or values of URIs", async () => {
    await call("read", { id: "argument-value" });
    const { message, headers } = modernRequest("resources/read", { uri: "https://x.test/a?sig=uri-value" });
    await post(served.url, message, { headers: { ...headers, authorization } });
    await until("both are there", () => collected.spans.length === 2);
    const text = JSON.stringify(
      collected.spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]),
    );
    for (const secret of ["argument-value", "uri-value", KEY]) expect(text).not.toContain(secret);
  });

  test("of questions to a legacy client: a span of its own, whose context the client gets", async () => {
    const driver = v2Driver("legacy", "http");
    let asked: unknown;
    const elicit = (params: unknown) => {
      asked = params;
      return { action: "accept", content: { name: "Ada" } };
    };
    const client = await driver.connect(
      { url: served.url },
      { headers: { authorization }, answers: { elicit } as never },
    );
    await client.callTool("ask");
    const call = await collected.span("tools/call ask");
    const question = await collected.span("elicitation/create");
    expect(question.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    const { traceId, spanId } = question.spanContext();
    expect(asked).toMatchObject({ _meta: { traceparent: `00-${traceId}-${spanId}-01` } });
    expect(await counted("mcp.client.operation.duration", { "mcp.method.name": "elicitation/create" })).toBe(1);
    await client.close();
  });

  test.each([
    ["a code of JSON-RPC", -32601, "-32601"],
    ["a code that it made up", 4711, "_OTHER"],
  ])("of a question that the client refuses with %s", async (_, code, type) => {
    const refused = { "error.type": type, "rpc.response.status_code": type };
    const driver = v2Driver("legacy", "http");
    const elicit = () => Promise.reject(Object.assign(new Error("not here"), { code }));
    const client = await driver.connect(
      { url: served.url },
      { headers: { authorization }, answers: { elicit } as never },
    );
    await client.callTool("ask");
    await client.close();
    const question = await collected.span("elicitation/create");
    expect(question.attributes).toMatchObject({ ...refused, "jsonrpc.request.id": expect.stringMatching(/^\d+$/) });
    expect(question.status.code).toBe(2);
    expect(await counted("mcp.client.operation.duration", refused)).toBe(1);
  });

  test("of a modern client that is asked by its answer", async () => {
    const client = await connect(mcp, { principal: { permissions: [] }, onElicit: () => ({ action: "decline" }) });
    await client.callTool("ask");
    await client.close();
    const outcomes = collected.spans.map(({ attributes }) => attributes["holdfast.outcome"]);
    expect(outcomes).toEqual(["input_required", "ok"]);
  });
});

describe("what is refused", () => {
  test("denials, by reason", async () => {
    await call("admin");
    expect(await counted("holdfast.denials", { "gen_ai.tool.name": "admin", "holdfast.denied": "not_permitted" })).toBe(
      1,
    );
  });

  test("rate limits", async () => {
    await call("rare");
    expect((await call("rare")).status).toBe(429);
    expect(await counted("holdfast.rate_limit.refusals", { "gen_ai.tool.name": "rare" })).toBe(1);
  });

  test("bounds", async () => {
    await call("large");
    expect(await counted("holdfast.limit.hits", { "holdfast.limit": "maxResultBytes" })).toBe(1);
    await call("read", { id: "x".repeat(10_000) });
    expect(await counted("holdfast.limit.hits", { "holdfast.limit": "maxBodyBytes" })).toBe(1);
  });

  test("credentials", async () => {
    const before = await counted("holdfast.authentication.duration", { "holdfast.outcome": "ok" });
    await call("read", { id: "1" });
    const { message, headers } = modernRequest("tools/list");
    expect((await post(served.url, message, { headers })).status).toBe(401);
    expect(await counted("holdfast.authentication.duration", { "holdfast.outcome": "ok" })).toBe(before + 1);
    expect(await counted("holdfast.authentication.duration", { "holdfast.outcome": "denied" })).toBe(1);
  });
});

describe("what is there", () => {
  const now = async (name: string) => (await collected.points(name))[0]?.value;
  /** Looks until it is so; the bound of the test is the bound. */
  const becomes = async (name: string, value: number) => {
    while ((await now(name)) !== value) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test("calls in flight, sessions and streams", async () => {
    expect(await now("holdfast.calls.active")).toBe(0);
    const stream = await sse(served.sseUrl, { headers: { authorization } });
    await stream.initialize();
    expect(await now("holdfast.sessions.active")).toBe(1);
    expect(await now("holdfast.streams.open")).toBe(1);
    expect(await now("holdfast.streams.held")).toBe(1);
    const waiting = call("wait");
    await becomes("holdfast.calls.active", 1);
    release();
    await waiting;
    expect(await now("holdfast.calls.active")).toBe(0);
    stream.stream.close();
    await becomes("holdfast.streams.open", 0);
    expect(await now("holdfast.streams.held")).toBe(1);
  });

  test("listen streams apart from calls", async () => {
    const { message, headers } = modernRequest("subscriptions/listen", { notifications: { toolsListChanged: true } });
    const listening = await open(served.url, { method: "POST", body: message, headers: { ...headers, authorization } });
    await becomes("holdfast.listeners.active", 1);
    expect(await now("holdfast.calls.active")).toBe(0);
    listening.close();
    await becomes("holdfast.listeners.active", 0);
  });

  test("sessions that end, and how long they lasted", async () => {
    const before = await counted("mcp.server.session.duration", {});
    const session = await legacySession(served.url, "2025-06-18", { headers: { authorization } });
    const closed = await new Promise<number | undefined>((resolve) => {
      const headers = { authorization, "mcp-session-id": session.id ?? "" };
      httpRequest(served.url, { method: "DELETE", headers }, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(closed).toBe(204);
    expect(await counted("mcp.server.session.duration", { "mcp.protocol.version": "2025-06-18" })).toBe(1);
    expect(await counted("holdfast.sessions.opened", { "mcp.protocol.version": "2025-06-18" })).toBe(1);
    expect(await counted("mcp.server.session.duration", {})).toBe(before + 1);
  });
});

test("what fails in telemetry fails no call, and is in the log once", async () => {
  const logged: string[] = [];
  const broken = (): never => {
    throw new Error("broken");
  };
  const span = { run: broken, began: broken, validated: broken, claimed: broken, ended: broken, asks: broken };
  const telemetry = { request: () => span, limit: broken, session: broken, authentication: broken };
  const logger = { log: (_: string, event: string) => void logged.push(event) };
  const one = new McpServer({ name: "broken", version: "1.0.0" }, { telemetry, logger });
  let ran = 0;
  one.registerTool("work", {}, () => {
    ran += 1;
    return "done";
  });
  one.registerTool("throws", {}, () => {
    throw new ToolError("no");
  });
  const client = await connect(one);
  expect((await client.callTool("work")).content).toEqual([{ type: "text", text: "done" }]);
  expect((await client.callTool("throws")).isError).toBe(true);
  await client.close();
  expect(ran).toBe(1);
  expect(logged.filter((event) => event === "telemetry_failed")).toEqual(["telemetry_failed"]);
});

test("what is no telemetry is said at start", () => {
  const make = (telemetry: unknown) => new McpServer({ name: "x", version: "1" }, { telemetry: telemetry as never });
  expect(() => make({})).toThrow(TypeError);
  expect(() => make([() => {}])).toThrow(TypeError);
  expect(() => make([])).not.toThrow();
});
