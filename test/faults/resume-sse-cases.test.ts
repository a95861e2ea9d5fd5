/** HTTP+SSE: what else can happen between a cut and the way back. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { SseClient } from "../support/raw-http.js";
import { BY_NAME, type Served, serve } from "./helpers/server.js";
import { expectedMessages, STEPS, Stories } from "./helpers/story.js";

const LIMITS = { maxStreams: 2, streamMaxEvents: 5, resumeWindowMs: 60_000, retryMs: 10 };
const mcp = new McpServer({ name: "faults", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
const small = new McpServer(
  { name: "small", version: "1.0.0" },
  { auth: BY_NAME, logger: silentLogger, limits: LIMITS },
);
const stories = new Stories(mcp);
const smallStories = new Stories(small);
mcp.registerTool("ask", { annotations: { readOnlyHint: true } }, async (ctx) => {
  const requestedSchema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] } as const;
  const answer = await ctx.elicit({ message: "Who?", requestedSchema });
  return `${answer.action} ${JSON.stringify(answer.content)}`;
});

let served: Served;
let servedSmall: Served;
const clients: SseClient[] = [];
beforeAll(async () => {
  served = await serve(mcp);
  servedSmall = await serve(small);
});
afterAll(() => Promise.all([served.close(), servedSmall.close()]));
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.close();
});

async function client(user = "alice", url = served.sseUrl, lastEventId?: string): Promise<SseClient> {
  const made = new SseClient(url, { headers: { "x-user": user } });
  clients.push(made);
  await made.resume(lastEventId);
  return made;
}

/** Everything that arrived: once the call is answered, and after a last answer that comes behind it. */
async function settled(one: SseClient, call?: string): Promise<unknown[]> {
  if (call !== undefined) await one.messages.expect(({ id }) => id === call);
  const before = one.messages.all.length;
  await one.send({ jsonrpc: "2.0", id: `last ${before}`, method: "ping" });
  await one.messages.expect(({ id }) => id === `last ${before}`);
  return one.messages.all.filter(({ id }) => !String(id).startsWith("last "));
}

test("a cut before the call is posted: same session, same URL, nothing lost", async () => {
  const one = await client();
  await one.initialize();
  const endpoint = one.endpoint.href;
  await one.cut();
  await one.resume();
  expect(one.endpoint.href).toBe(endpoint);
  await one.send(one.message("tools/call", stories.params("before"), "call"));
  await stories.get("before").begun;
  await stories.get("before").finish();
  expect((await settled(one, "call")).slice(1)).toEqual(expectedMessages("call", 7));
});

test("[15] a call posted, run and answered while nobody is connected waits for its client", async () => {
  const one = await client();
  await one.initialize();
  await one.cut();
  await one.send(one.message("tools/call", stories.params("nobody"), "call"));
  await stories.get("nobody").begun;
  await stories.get("nobody").finish();
  expect(definitionOf(mcp).calls.size).toBe(0);
  await one.resume();
  expect((await settled(one, "call")).slice(1)).toEqual(expectedMessages("call", 7));
});

describe("[15] cut while an elicitation waits", () => {
  const QUESTION = { method: "elicitation/create" };
  const ANSWER = { action: "accept", content: { name: "Ada" } };
  const RESULT = { result: { content: [{ type: "text", text: 'accept {"name":"Ada"}' }] } };

  /** Each by a caller of its own: one who goes away right after an answer and calls the same again gets it again. */
  async function asking(user: string): Promise<SseClient> {
    const one = await client(user);
    await one.initialize("2025-06-18", { capabilities: { elicitation: {} } });
    return one;
  }

  test("before the question was read: it is asked again, once", async () => {
    const one = await asking("ada");
    await one.cut();
    await one.send(one.message("tools/call", { name: "ask" }, "call"));
    await one.resume();
    const question = await one.messages.expect(({ method }) => method === QUESTION.method);
    await one.respond(question.id, ANSWER);
    expect(await one.messages.expect(({ id }) => id === "call")).toMatchObject(RESULT);
    expect((await settled(one)).filter((message) => "method" in (message as object))).toHaveLength(1);
  });

  test("after the question was read: the answer is taken meanwhile, the result waits", async () => {
    const one = await asking("bea");
    await one.send(one.message("tools/call", { name: "ask" }, "call"));
    const question = await one.messages.expect(({ method }) => method === QUESTION.method);
    await one.cut();
    expect((await one.respond(question.id, ANSWER)).status).toBe(202);
    await one.resume();
    expect(await one.messages.expect(({ id }) => id === "call")).toMatchObject(RESULT);
    expect((await settled(one)).filter((message) => "method" in (message as object))).toHaveLength(1);
  });
});

test("[42, S7] another principal with the id gets a session of its own and not one event of ours", async () => {
  const alice = await client("alice");
  await alice.initialize();
  await alice.send(alice.message("tools/call", stories.params("leak"), "call"));
  await stories.get("leak").begun;
  stories.get("leak").tell(4);
  await alice.messages.expect(({ params }) => JSON.stringify(params).includes('"progress":4'));
  await alice.cut();
  const bob = await client("bob", served.sseUrl, alice.lastEventId);
  expect(bob.endpoint.href).not.toBe(alice.endpoint.href);
  const trespass = await fetch(alice.endpoint, {
    method: "POST",
    headers: { "content-type": "application/json", "x-user": "bob" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  expect(trespass.status).toBe(404);
  await stories.get("leak").finish();
  expect(await settled(bob)).toEqual([]);
  await alice.resume();
  expect((await settled(alice, "call")).slice(1)).toEqual(expectedMessages("call", 7));
});

describe("an id that names nothing opens a new session", () => {
  test.each([
    ["of no stream", "AAAAAAAAAAAAAAAAAAAAAA_3"],
    ["malformed", "not an id"],
    ["a number", "17"],
    ["far too long", "x".repeat(4_000)],
  ])("%s", async (_, id) => {
    const one = await client("alice", served.sseUrl, id);
    await one.initialize();
    expect(await settled(one)).toHaveLength(1);
  });

  test("[32] of an event that the stream has not reached: what would get that number later must not be skipped", async () => {
    const one = await client();
    await one.initialize();
    const { endpoint } = one;
    await one.cut();
    const ahead = one.lastEventId.replace(/_\d+$/, "_999");
    const other = await client("alice", served.sseUrl, ahead);
    expect(other.endpoint.href).not.toBe(endpoint.href);
  });

  test("of a stream that nobody came back for in time", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
    const one = await client("alice", servedSmall.sseUrl);
    await one.initialize();
    const endpoint = one.endpoint.href;
    await one.cut();
    await vi.waitFor(() => expect(definitionOf(small).ticker.size).toBe(2));
    vi.advanceTimersByTime(2 * LIMITS.resumeWindowMs);
    expect(definitionOf(small).ticker.size).toBe(0);
    await one.resume();
    expect(one.endpoint.href).not.toBe(endpoint);
    expect((await fetch(endpoint, { method: "POST", headers: JSON_TYPE, body: PING })).status).toBe(404);
  });
});

const JSON_TYPE = { "content-type": "application/json", "x-user": "alice" };
const PING = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });

test("[43] resumed twice at once: the newer connection takes over, the older is ended", async () => {
  const one = await client();
  await one.initialize();
  await one.send(one.message("tools/call", stories.params("twice"), "call"));
  await stories.get("twice").begun;
  stories.get("twice").tell(3);
  await one.cut();
  await one.resume();
  const older = one.stream;
  await one.resume(one.lastEventId);
  expect(await older.closed).toBe("end");
  await stories.get("twice").finish();
  await one.messages.expect(({ id }) => id === "call");
  expect(one.stream.messages.all).toEqual(expectedMessages("call", 7));
});

test("[32] events that the log dropped are told as a gap, then the rest follows", async () => {
  const one = await client("alice", servedSmall.sseUrl);
  await one.initialize();
  await one.cut();
  await one.send(one.message("tools/call", smallStories.params("gap"), "call"));
  await smallStories.get("gap").begun;
  await smallStories.get("gap").finish();
  await one.resume();
  const [gap, ...rest] = (await settled(one, "call")).slice(1);
  const missed = STEPS + 1 - LIMITS.streamMaxEvents;
  expect(gap).toMatchObject({
    method: "notifications/message",
    params: { level: "warning", data: { event: "gap", missed } },
  });
  expect(rest).toEqual(expectedMessages("call", 7, missed));
  await one.cut();
  await one.resume();
  expect((await settled(one)).slice(1)).toEqual([gap, ...rest]);
});

test("a session whose stream made room for another one is gone at once, not answered into the void", async () => {
  const one = await client("alice", servedSmall.sseUrl);
  await one.initialize();
  await one.cut();
  await client("bob", servedSmall.sseUrl);
  await client("carol", servedSmall.sseUrl);
  const posted = await fetch(one.endpoint, { method: "POST", headers: JSON_TYPE, body: PING });
  expect(posted.status).toBe(404);
});

test("[89] a server that stops: an answer right behind its last notification is on the stream before that ends", async () => {
  const stopping = new McpServer({ name: "stopping", version: "1.0.0" }, { logger: silentLogger });
  let end: () => void = () => undefined;
  const working = new Promise<void>((begin) => {
    stopping.registerTool("work", {}, async (ctx) => {
      await new Promise<void>((resolve) => {
        end = resolve;
        begin();
      });
      ctx.progress(1, 1, "done");
      return "worked";
    });
  });
  const handle = await stopping.run({ transport: "http", port: 0, signals: false });
  const one = await client("alice", handle.url?.replace(/mcp$/, "sse"));
  await one.initialize();
  await one.send(one.message("tools/call", { name: "work", _meta: { progressToken: 7 } }, "call"));
  await working;
  const stopped = handle.shutdown({ graceMs: 5_000 });
  end();
  await stopped;
  expect(await one.stream.closed).toBe("end");
  expect(one.stream.messages.all.slice(1)).toMatchObject([
    { method: "notifications/progress" },
    { id: "call", result: { content: [{ text: "worked" }] } },
  ]);
});
