/** holdfast/testing on every revision: what a server author can test, and what the server must do meanwhile. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  McpError,
  McpServer,
  PROTOCOL_VERSIONS,
  type ProtocolVersion,
  ResourceTemplate,
  ToolError,
} from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { connect } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { assertJudged, judged } from "./helpers/judged-client.js";

afterEach(assertJudged);

const isModern = (revision: ProtocolVersion) => revision === "2026-07-28";
const elicits = (revision: ProtocolVersion) => revision >= "2025-06-18";
const form = { type: "object", properties: { name: { type: "string" } }, required: ["name"] } as const;
const text = (value: string) => [{ type: "text", text: value }];
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

let steps = 0;
let runs = 0;
let aborted: unknown;

function createServer(options: { maskErrors?: boolean } = {}): McpServer {
  const mcp = new McpServer({ name: "testing", version: "1.0.0" }, { logger: silentLogger, pageSize: 3, ...options });
  mcp.registerTool("elicit", {}, async (ctx) => {
    const answer = await ctx.elicit({ message: "Who?", requestedSchema: form });
    return `${answer.action} ${answer.action === "accept" ? (answer.content as { name: string }).name : ""}`;
  });
  mcp.registerTool("everything", {}, async (ctx) => {
    runs += 1;
    const first = await ctx.step("count", () => ++steps);
    const roots = await ctx.roots();
    const sampled = await ctx.sample({
      messages: [{ role: "user", content: { type: "text", text: "2+2" } }],
      maxTokens: 9,
    });
    const second = await ctx.step("count again", () => ++steps);
    return `${roots[0]?.uri} ${(sampled.content as { text: string }).text} ${second - first}`;
  });
  mcp.registerTool("work", {}, (ctx) => {
    ctx.progress(1, 3, "one");
    ctx.progress(1, 3, "not more");
    ctx.progress(2, 3, "two");
    ctx.log.debug("quiet");
    ctx.log.warning("slow", { disk: "sda" });
    ctx.progress(3, 3, "three");
    return "done";
  });
  mcp.registerTool("wait", {}, (ctx) => {
    runs += 1;
    return new Promise((_, reject) => {
      ctx.signal.addEventListener("abort", () => {
        aborted = ctx.signal.reason;
        reject(ctx.signal.reason);
      });
    });
  });
  mcp.registerTool("fail", { inputSchema: { type: "object", properties: { how: { type: "string" } } } }, ({ how }) => {
    if (how === "protocol") throw new McpError(4711, "no such order", { order: 7 });
    if (how === "tool") throw new ToolError("AMS9 does not exist");
    throw new Error("the password is hunter2");
  });
  mcp.registerResource("thing", "test://thing", {}, async (uri) => ({ contents: [{ uri: uri.href, text: "thing" }] }));
  const template = new ResourceTemplate("test://user/{name}", {
    list: undefined,
    complete: { name: (typed) => ["ada", "adele", "bob"].filter((name) => name.startsWith(typed)) },
  });
  mcp.registerResource("user", template, {}, async (uri, { name }) => ({
    contents: [{ uri: uri.href, text: String(name) }],
  }));
  for (let number = 1; number <= 10; number += 1) {
    mcp.registerPrompt(`prompt ${number}`, {}, async () => ({ messages: [] }));
  }
  return mcp;
}

describe.each(PROTOCOL_VERSIONS)("%s", (revision) => {
  test("elicitation: accepted, declined, and missing from client or revision", async () => {
    const mcp = createServer();
    const accepting = await judged(mcp, revision, { onElicit: () => ({ action: "accept", content: { name: "Ada" } }) });
    const declining = await judged(mcp, revision, { onElicit: async () => ({ action: "decline" }) });
    const unable = await judged(mcp, revision);
    if (elicits(revision)) {
      expect((await accepting.callTool("elicit")).content).toEqual(text("accept Ada"));
      expect((await declining.callTool("elicit")).content).toEqual(text("decline "));
    } else expect(await accepting.callTool("elicit")).toMatchObject({ isError: true });
    const refused = await rejection(unable.callTool("elicit"));
    if (isModern(revision)) expect(refused).toMatchObject({ code: -32021 });
    else expect(await unable.callTool("elicit")).toMatchObject({ isError: true });
  });

  test("an answer that does not fit the form is not handed to the tool", async () => {
    const answers = [{ name: 7 }, { name: "Ada" }];
    const onElicit = () => ({ action: "accept" as const, content: answers.shift() ?? {} });
    const client = await judged(createServer(), revision, { onElicit });
    const result = await client.callTool("elicit");
    // 2026-07-28 asks again; before, there is no way to.
    if (isModern(revision)) expect(result.content).toEqual(text("accept Ada"));
    else expect(result).toMatchObject({ isError: true });
  });

  test("roots, sampling and steps in one call; a step runs once however often the handler does", async () => {
    steps = 0;
    runs = 0;
    const client = await judged(createServer(), revision, {
      onRoots: () => [{ uri: "file:///srv" }],
      onSample: async () => ({ role: "assistant", model: "m", content: { type: "text", text: "4" } }),
    });
    expect((await client.callTool("everything")).content).toEqual(text("file:///srv 4 1"));
    expect({ steps, runs }).toEqual({ steps: 2, runs: isModern(revision) ? 3 : 1 });
  });

  test("progress in order and only rising; log messages from the level on; nothing unasked", async () => {
    const mcp = createServer();
    const client = await judged(mcp, revision, { logLevel: "warning" });
    const seen: unknown[] = [];
    expect((await client.callTool("work", {}, { onProgress: (one) => seen.push(one) })).content).toEqual(text("done"));
    expect(seen).toMatchObject([{ progress: 1, total: 3 }, { progress: 2 }, { progress: 3 }]);
    const logs = client.notifications.filter(({ method }) => method === "notifications/message");
    expect(logs.map(({ params }) => params)).toEqual([{ level: "warning", data: { message: "slow", disk: "sda" } }]);
    const silent = await judged(mcp, revision, { logLevel: "emergency" });
    await silent.callTool("work");
    expect(silent.notifications).toEqual([]);
  });

  test("[13] cancel: the caller gets its reason, the handler its signal, the server no call left", async () => {
    const mcp = createServer();
    const client = await judged(mcp, revision);
    aborted = undefined;
    const stop = new AbortController();
    const call = rejection(client.callTool("wait", {}, { signal: stop.signal }));
    stop.abort(new Error("enough"));
    expect(await call).toMatchObject({ message: "enough" });
    expect(aborted).toBeInstanceOf(Error);
    expect(definitionOf(mcp).calls.size).toBe(0);
    expect((await client.callTool("work")).content).toEqual(text("done"));
  });

  test("[13] cancelled before it began: rejects, and the handler never runs", async () => {
    const client = await judged(createServer(), revision);
    runs = 0;
    const call = rejection(client.callTool("wait", {}, { signal: AbortSignal.abort(new Error("too late")) }));
    const bound = new Promise((resolve) => setTimeout(resolve, 1_000, "nothing happened"));
    expect(await Promise.race([call, bound])).toMatchObject({ message: "too late" });
    expect(runs).toBe(0);
  });

  test("pages: all of them, in order, whatever the page size", async () => {
    const client = await judged(createServer(), revision);
    const numbers = (await client.listPrompts()).map(({ name }) => name);
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, index) => `prompt ${index + 1}`));
    const first = await client.request("prompts/list");
    expect(first.prompts).toHaveLength(3);
    expect(await rejection(client.request("prompts/list", { cursor: "forged" }))).toMatchObject({ code: -32602 });
  });

  test("errors of the protocol reject as McpError, failures of a tool are results, the rest is masked", async () => {
    const client = await judged(createServer(), revision);
    const missing = isModern(revision) ? -32602 : -32002;
    expect(await rejection(client.callTool("nothing"))).toBeInstanceOf(McpError);
    expect(await rejection(client.request("no/such/method"))).toMatchObject({ code: -32601 });
    expect(await rejection(client.readResource("test://nothing"))).toMatchObject({ code: missing });
    const protocol = await rejection(client.callTool("fail", { how: "protocol" }));
    expect(protocol).toMatchObject({ code: 4711, message: "no such order", data: { order: 7 } });
    expect(await client.callTool("fail", { how: "tool" })).toMatchObject({
      isError: true,
      content: text("AMS9 does not exist"),
    });
    const masked = await client.callTool("fail", { how: "otherwise" });
    expect(masked.isError).toBe(true);
    expect(JSON.stringify(masked)).not.toContain("hunter2");
    const open = await judged(createServer({ maskErrors: false }), revision);
    expect(JSON.stringify(await open.callTool("fail", { how: "otherwise" }))).toContain("hunter2");
  });

  test("resources, templates and completion", async () => {
    const client = await judged(createServer(), revision);
    expect(await client.readResource("test://thing")).toMatchObject({ contents: [{ text: "thing" }] });
    expect(await client.readResource("test://user/ada")).toMatchObject({ contents: [{ text: "ada" }] });
    const ref = { type: "ref/resource", uri: "test://user/{name}" } as const;
    expect(await client.complete(ref, { name: "name", value: "ad" })).toEqual(["ada", "adele"]);
  });

  test("[48] changes are told: lists to everybody who listens, a resource to whoever asked for it", async () => {
    const mcp = createServer();
    const client = await judged(mcp, revision);
    const told = () =>
      client.notifications
        .map(({ method }) => method)
        .filter((method) => method.endsWith("changed") || method.endsWith("updated"));
    let stop: () => void = () => undefined;
    if (isModern(revision)) {
      stop = client.listen({ toolsListChanged: true, resourceSubscriptions: ["test://thing"] });
      await vi.waitFor(() => expect(client.notifications).toHaveLength(1));
    } else await client.request("resources/subscribe", { uri: "test://thing" });
    mcp.sendResourceUpdated({ uri: "test://other" });
    mcp.sendResourceUpdated({ uri: "test://thing" });
    mcp.registerTool("new", {}, () => "new");
    await vi.waitFor(() => expect(told()).toHaveLength(2));
    expect(told()).toEqual(["notifications/resources/updated", "notifications/tools/list_changed"]);
    stop();
    if (!isModern(revision)) await client.close();
    mcp.sendResourceUpdated({ uri: "test://thing" });
    expect(definitionOf(mcp).hub.size).toBe(0);
    expect(told()).toHaveLength(2);
  });

  test("closed with a call under way: the call rejects, and nothing is left on the server", async () => {
    const mcp = createServer();
    const client = await judged(mcp, revision, { onElicit: () => new Promise<never>(() => undefined) });
    const call = rejection(client.callTool(elicits(revision) ? "elicit" : "wait"));
    await client.close();
    expect(await call).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(definitionOf(mcp).hub.size).toBe(0));
  });
});

test("[65] what is no message is answered with -32700 and forgotten", async () => {
  const received: unknown[] = [];
  const client = await connect(createServer(), {
    onMessage: (direction, line) => direction === "received" && received.push(JSON.parse(line)),
  });
  client.sendRaw("{");
  await vi.waitFor(() => expect(received).toMatchObject([{ error: { code: -32700 } }]));
  expect((await client.callTool("work")).content).toEqual(text("done"));
});
