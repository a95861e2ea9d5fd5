/** Every call leaves one event that says who asked for what, whether it was allowed, and what came of it. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { custom, ErrorCode, McpError, McpServer, ResourceTemplate } from "../../src/index.js";
import { connect, type TestClient } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Served, serve } from "../faults/helpers/server.js";
import { until } from "../faults/helpers/until.js";
import { modernRequest, post } from "../support/raw-http.js";
import { MemorySink } from "./memory-sink.js";

const sink = new MemorySink();
const auth = custom((request) => {
  return { issuer: "test", subject: request.header("x-user") ?? "nobody", permissions: ["orders:read"] };
});
const mcp = createServer();
const ada = { issuer: "https://id.test", subject: "ada", clientId: "cli", permissions: ["orders:read"] };
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function createServer(): McpServer {
  const one = new McpServer({ name: "orders", version: "1.0.0" }, { audit: sink, logger: silentLogger, auth });
  const inputSchema = { type: "object", properties: { id: { type: "string" } }, required: ["id"] } as const;
  one.registerTool("get", { inputSchema, requires: "orders:read", annotations: { readOnlyHint: true } }, () => "ok");
  one.registerTool("cancel", { inputSchema, requires: ["orders:read", "orders:write"] }, () => "ok");
  one.registerTool("secret", { requires: "orders:admin", whenDenied: "hidden" }, () => "ok");
  one.registerTool("own", { inputSchema, requires: (_, args) => args === undefined }, () => "ok");
  one.registerTool("late", {}, (ctx) => {
    ctx.require("orders:refund");
    return "ok";
  });
  one.registerTool("count", {}, () => "counted");
  one.registerTool("fails", {}, () => {
    throw new Error("no");
  });
  one.registerTool("protocol", {}, () => {
    throw new McpError(ErrorCode.InvalidParams, "no such order");
  });
  one.registerTool("ask", {}, async (ctx) => {
    const requestedSchema = { type: "object", properties: {} } as const;
    return (await ctx.elicit({ message: "Sure?", requestedSchema })).action;
  });
  one.registerTool("wait", {}, (ctx) => {
    return new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
  });
  one.registerTool("slow", { task: { start: "always" } }, () => "done");
  one.registerResource("config", "config://app", {}, (uri) => ({ contents: [{ uri: uri.href, text: "x" }] }));
  const template = new ResourceTemplate("order://{id}", { list: undefined });
  one.registerResource("order", template, { requires: "orders:write" }, (uri) => {
    return { contents: [{ uri: uri.href, text: "x" }] };
  });
  one.registerPrompt("sum", { argsSchema: inputSchema }, () => ({ messages: [] }));
  one.registerPrompt("private", { requires: "orders:write", whenDenied: "hidden" }, () => ({ messages: [] }));
  return one;
}

let client: TestClient;
beforeAll(async () => {
  client = await connect(mcp, { principal: ada });
});
afterAll(() => client.close());

const settled = (work: Promise<unknown>) => work.catch((error: unknown) => error);

test("an allowed call: the whole event", async () => {
  await client.callTool("get", { id: "A1" }, { meta: { traceparent: TRACE } });
  const { time, durationMs, requestId, ...event } = sink.take();
  expect(event).toEqual({
    event: "call",
    traceparent: TRACE,
    principal: { issuer: "https://id.test", subject: "ada", clientId: "cli" },
    permissions: ["orders:read"],
    transport: "memory",
    revision: "2026-07-28",
    client: { name: "holdfast-testing", version: "1.0.0" },
    method: "tools/call",
    name: "get",
    argumentsHash: createHash("sha256").update('{"id":"A1"}').digest("hex"),
    decision: "allowed",
    outcome: "ok",
  });
  expect(new Date(time).toISOString()).toBe(time);
  expect(durationMs).toBeGreaterThanOrEqual(0);
  expect(requestId).toEqual(expect.any(Number));
});

test("the hash does not depend on the order of members", async () => {
  await client.callTool("get", { id: "A1", other: { a: 1, b: 2 } });
  const first = sink.take().argumentsHash;
  await client.callTool("get", { other: { b: 2, a: 1 }, id: "A1" });
  expect(sink.take().argumentsHash).toBe(first);
  await client.callTool("get", { id: "A2", other: { a: 1, b: 2 } });
  expect(sink.take().argumentsHash).not.toBe(first);
});

describe("decisions and outcomes", () => {
  const denied = (reason: string, outcome: string, more: object = {}) => ({
    decision: "denied",
    reason,
    outcome,
    ...more,
  });
  const allowed = (outcome: string, more: object = {}) => ({ decision: "allowed", outcome, ...more });
  const invalid = { errorCode: ErrorCode.InvalidParams };

  test.each<[string, string, object, object]>([
    [
      "a tool without a permission",
      "cancel",
      { id: "A1" },
      denied("not_permitted", "tool_error", { missing: ["orders:write"] }),
    ],
    ["a tool by its arguments", "own", { id: "A1" }, denied("not_permitted", "tool_error", { missing: [] })],
    ["ctx.require", "late", {}, denied("not_permitted", "tool_error", { missing: ["orders:refund"] })],
    ["a hidden tool", "secret", {}, denied("hidden", "error", invalid)],
    ["a tool that does not exist", "nothing", {}, denied("unknown", "error", invalid)],
    ["arguments that do not fit", "get", { id: 5 }, denied("invalid_arguments", "tool_error")],
    ["a handler that throws", "fails", {}, allowed("tool_error")],
    ["a handler that answers with a protocol error", "protocol", {}, allowed("error", invalid)],
  ])("%s", async (_what, name, args, expected) => {
    await settled(client.callTool(name, args as Record<string, unknown>));
    const event = sink.take();
    expect(event).toMatchObject({ method: "tools/call", name, ...expected });
    expect("reason" in event).toBe(event.decision === "denied");
  });

  test.each<[string, string, object, object]>([
    ["a resource", "resources/read", { uri: "config://app" }, { name: "config://app", ...allowed("ok") }],
    ["a resource that does not exist", "resources/read", { uri: "no://where" }, denied("unknown", "error", invalid)],
    [
      "a resource without a permission",
      "resources/read",
      { uri: "order://5" },
      denied("not_permitted", "error", { missing: ["orders:write"], errorCode: 1403 }),
    ],
    ["no resource at all", "resources/read", {}, denied("invalid_arguments", "error", invalid)],
    ["a prompt", "prompts/get", { name: "sum", arguments: { id: "1" } }, { name: "sum", ...allowed("ok") }],
    ["a prompt that does not exist", "prompts/get", { name: "none" }, denied("unknown", "error", invalid)],
    ["a hidden prompt", "prompts/get", { name: "private" }, denied("hidden", "error", invalid)],
    ["arguments of a prompt", "prompts/get", { name: "sum" }, denied("invalid_arguments", "error", invalid)],
    [
      "arguments that are no object",
      "tools/call",
      { name: "get", arguments: [] },
      denied("invalid_arguments", "error", invalid),
    ],
    [
      "a completion",
      "completion/complete",
      { ref: { type: "ref/prompt", name: "sum" }, argument: { name: "id", value: "A" } },
      { name: "sum", ...allowed("ok") },
    ],
    [
      "a completion of nothing",
      "completion/complete",
      { ref: { type: "ref/prompt", name: "none" }, argument: { name: "id", value: "A" } },
      denied("unknown", "error", invalid),
    ],
    [
      "a completion of what is hidden",
      "completion/complete",
      { ref: { type: "ref/prompt", name: "private" }, argument: { name: "id", value: "A" } },
      denied("hidden", "error", invalid),
    ],
  ])("%s", async (_what, method, params, expected) => {
    await settled(client.request(method, params as Record<string, unknown>));
    expect(sink.take()).toMatchObject({ method, ...expected });
  });

  test("input that is asked for, and the call that brings it", async () => {
    const asked = await connect(mcp, { principal: ada, onElicit: () => ({ action: "decline" }) });
    await asked.callTool("ask");
    const [first, second, ...more] = sink.events.splice(0);
    expect([first, second]).toMatchObject([allowed("input_required"), allowed("ok")]);
    expect(more).toEqual([]);
    await asked.close();
  });

  test("a call that was cancelled", async () => {
    const stop = new AbortController();
    const call = settled(client.callTool("wait", {}, { signal: stop.signal }));
    stop.abort(new Error("enough"));
    await call;
    await until("an event", () => sink.events.length > 0);
    expect(sink.take()).toMatchObject({ name: "wait", ...allowed("cancelled") });
  });

  test("a subscription of a session, and its end", async () => {
    const legacy = await connect(mcp, { principal: ada, revision: "2025-11-25" });
    for (const method of ["resources/subscribe", "resources/unsubscribe"]) {
      await legacy.request(method, { uri: "config://app" });
      expect(sink.take()).toMatchObject({ method, name: "config://app", revision: "2025-11-25", ...allowed("ok") });
    }
    await settled(legacy.request("resources/subscribe", { uri: "order://5" }));
    expect(sink.take()).toMatchObject(denied("not_permitted", "error", { missing: ["orders:write"] }));
    await legacy.close();
  });

  test("a task is one name in all calls about it, and not its id", async () => {
    const capabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } };
    const tasks = await connect(mcp, { principal: ada, capabilities });
    const { taskId } = await tasks.request("tools/call", { name: "slow" });
    const created = sink.take();
    expect(created).toMatchObject({ name: "slow", ...allowed("task"), task: expect.stringMatching(/^[0-9a-f]{16}$/) });
    await tasks.request("tasks/get", { taskId });
    expect(sink.take()).toMatchObject({ method: "tasks/get", task: created.task, ...allowed("ok") });
    await settled(tasks.request("tasks/get", { taskId: `${String(taskId)}x` }));
    expect(sink.take()).toMatchObject({ method: "tasks/get", ...denied("unknown", "error", invalid) });
    expect(JSON.stringify(created)).not.toContain(taskId);
    await tasks.close();
  });

  test("lists, pings and listen streams leave none", async () => {
    await client.listTools();
    await client.request("server/discover");
    expect(sink.events).toEqual([]);
  });
});

describe("over HTTP", () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(mcp);
  });
  afterAll(() => served.close());
  const call = (name: string, more: Record<string, string> = {}, meta: object = {}) => {
    const { message, headers } = modernRequest("tools/call", { name, arguments: { id: "A1" } });
    const params = message.params as { _meta?: object };
    params._meta = { ...params._meta, ...meta };
    return post(served.url, message, { headers: { ...headers, "x-user": "bob", ...more } });
  };

  test("[76] a denial that was told as a challenge", async () => {
    expect((await call("cancel")).status).toBe(403);
    expect(sink.take()).toMatchObject({
      principal: { issuer: "test", subject: "bob" },
      transport: "http",
      decision: "denied",
      reason: "not_permitted",
      missing: ["orders:write"],
      outcome: "error",
      errorCode: 1403,
    });
  });

  test("a call that was sent again with its key: one operation, marked as replayed", async () => {
    const key = { "idempotency-key": "a-key-of-this-test" };
    await call("count", key);
    const first = sink.take();
    await call("count", key);
    const second = sink.take();
    expect(first).toMatchObject({ outcome: "ok", operationId: expect.any(String) });
    expect("replayed" in first).toBe(false);
    expect(second).toMatchObject({ outcome: "ok", operationId: first.operationId, replayed: true });
    expect(JSON.stringify([first, second])).not.toContain("a-key-of-this-test");
    const failing = { "idempotency-key": "another-key-of-this-test" };
    await call("protocol", failing);
    const { operationId } = sink.take();
    await call("protocol", failing);
    expect(sink.take()).toMatchObject({
      outcome: "error",
      errorCode: ErrorCode.InvalidParams,
      operationId,
      replayed: true,
    });
    const { message, headers } = modernRequest("tools/call", { name: "count", arguments: { other: 1 } });
    await post(served.url, message, { headers: { ...headers, "x-user": "bob", ...key } });
    expect(sink.take()).toMatchObject({ decision: "allowed", outcome: "error", errorCode: ErrorCode.KeyConflict });
  });

  test("[91] a trace from the message, else from the headers, and nothing that is none", async () => {
    const other = TRACE.replace("0af7", "ffff");
    await call("count", { traceparent: other }, { traceparent: TRACE });
    expect(sink.take().traceparent).toBe(TRACE);
    await call("count", { traceparent: other });
    expect(sink.take().traceparent).toBe(other);
    await call("count", {}, { traceparent: "no\ntrace" });
    expect("traceparent" in sink.take()).toBe(false);
  });
});

test("[89] a server that stops: the calls it ends, those it refuses, and everything is flushed", async () => {
  const ended: string[] = [];
  const events = new MemorySink();
  const flushing = { write: events.write.bind(events), flush: async () => void ended.push(`${events.events.length}`) };
  const stopping = new McpServer({ name: "stopping", version: "1.0.0" }, { audit: flushing, logger: silentLogger });
  let started: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  stopping.registerTool("wait", {}, (ctx) => {
    started();
    return new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
  });
  const handle = await stopping.run({ transport: "http", port: 0, signals: false });
  const inside = await connect(stopping);
  const call = settled(inside.callTool("wait"));
  await running;
  await handle.close();
  await call;
  expect(events.calls).toMatchObject([{ decision: "allowed", outcome: "error", errorCode: ErrorCode.Unavailable }]);
  expect(ended).toEqual(["1"]);
  await settled(inside.callTool("wait"));
  expect(events.calls[1]).toMatchObject({ decision: "denied", reason: "draining", errorCode: ErrorCode.Unavailable });
});

test("a caller with too many calls in flight", async () => {
  const events = new MemorySink();
  const options = { audit: events, logger: silentLogger, limits: { maxCallsPerSession: 1 } };
  const busy = new McpServer({ name: "busy", version: "1.0.0" }, options);
  busy.registerTool("wait", {}, (ctx) => {
    return new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
  });
  const caller = await connect(busy);
  const first = settled(caller.callTool("wait"));
  await settled(caller.callTool("wait"));
  expect(events.take()).toMatchObject({ decision: "denied", reason: "rate_limited", errorCode: 1503 });
  await caller.close();
  await first;
  expect(events.take()).toMatchObject({ decision: "allowed", outcome: "cancelled" });
});
