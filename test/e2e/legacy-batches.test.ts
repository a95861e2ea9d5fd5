import { beforeEach, describe, expect, it } from "vitest";
import { type LegacySession, post, type RawStream } from "../support/raw-http.js";
import {
  codeOf,
  fullSession,
  initializeMessage,
  type Json,
  LEGACY,
  request,
  textOf,
  toolCall,
} from "./fixtures/legacy-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const initialized = { jsonrpc: "2.0", method: "notifications/initialized" };

const serve = serving();
let served: Served;
let session: LegacySession;
beforeEach(async () => {
  served = await serve({ limits: { maxBatch: 10 } });
  session = await fullSession(served.url, "2025-03-26");
});

const byId = (messages: readonly Json[]) => new Map(messages.map((message) => [message.id, message]));
const question = (stream: RawStream) => stream.messages.expect((message) => "method" in message && "id" in message);

describe("[63] batches on 2025-03-26", () => {
  it("are answered with one array, each request once, notifications not at all", async () => {
    const body = [
      toolCall("echo", { text: "one" }, 1),
      initialized,
      request("ping", undefined, "two"),
      request("nothing", {}, 3),
    ];
    const answer = await session.post(body);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"]);
    expect(answer.json).toHaveLength(3);
    const messages = byId(answer.messages);
    expect(textOf(messages.get(1) ?? {})).toBe("one");
    expect(messages.get("two")?.result).toEqual({});
    expect(codeOf(messages.get(3))).toBe(-32601);
  });

  it("of one request are answered with an array of one", async () => {
    expect((await session.post([request("ping")])).json).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
  });

  it("of notifications and responses are 202 without a body", async () => {
    const answer = await session.post([initialized, { jsonrpc: "2.0", id: 9, result: {} }, initialized]);
    expect([answer.status, answer.raw.length]).toEqual([202, 0]);
  });

  it("answer what cannot be read beside what can", async () => {
    const answer = await session.post([
      request("ping"),
      { jsonrpc: "1.0", id: 2, method: "ping" },
      5,
      [],
      request("ping", {}, null),
    ]);
    expect(answer.status).toBe(200);
    expect(answer.messages.map(codeOf).sort()).toEqual([-32600, -32600, -32600, -32600, undefined]);
    expect(byId(answer.messages).get(1)?.result).toEqual({});
    expect(codeOf(byId(answer.messages).get(2))).toBe(-32600);
  });

  it("cannot open a session, nor hide one among other requests", async () => {
    const answer = await session.post([initializeMessage("2025-03-26"), request("ping")]);
    expect(answer.headers["mcp-session-id"]).toBeUndefined();
    expect(codeOf(byId(answer.messages).get("init"))).toBe(-32600);
    expect(byId(answer.messages).get(1)?.result).toEqual({});
    const alone = await post(served.url, [initializeMessage("2025-03-26")]);
    expect(alone.headers["mcp-session-id"]).toBeUndefined();
    expect(alone.messages.map(codeOf)).toEqual([-32600]);
  });

  it("have a bound, and are never empty", async () => {
    const pings = (count: number) => Array.from({ length: count }, (_, index) => request("ping", undefined, index));
    expect((await session.post(pings(10))).json).toHaveLength(10);
    for (const body of [pings(11), pings(10_000), []]) {
      const answer = await session.post(body);
      expect([answer.status, codeOf(answer.reply)]).toEqual([400, -32600]);
    }
    expect(served.probe.events).toEqual([]);
  });

  it("become a stream when a call speaks on the way, and may hold the answer to what it asks", async () => {
    const body = [
      toolCall("slow", { steps: 2 }, 1, { progressToken: "p" }),
      toolCall("ask_model", { prompt: "?" }, 2),
      request("ping", undefined, 3),
    ];
    const stream = await session.open(body);
    expect(stream.headers["content-type"]).toBe("text/event-stream");
    const asked = await question(stream);
    const word = { role: "assistant", content: { type: "text", text: "4" }, model: "m" };
    const answer = await session.post([{ jsonrpc: "2.0", id: asked.id, result: word }, request("ping", undefined, 4)]);
    expect(answer.json).toEqual([{ jsonrpc: "2.0", id: 4, result: {} }]);
    expect(await stream.closed).toBe("end");
    const messages = byId(stream.messages.all.filter((message) => "result" in message));
    expect([...messages.keys()].sort()).toEqual([1, 2, 3]);
    expect(textOf(messages.get(2) ?? {})).toBe("4");
  });

  it("[13] leave out what was cancelled", async () => {
    const stream = await session.open([
      toolCall("hang", { key: "b" }, 1, { progressToken: 1 }),
      request("ping", undefined, 2),
    ]);
    await served.probe.until("started:b");
    await session.notify("notifications/cancelled", { requestId: 1 });
    expect(await stream.closed).toBe("end");
    const answers = stream.messages.all.filter((message) => "result" in message);
    expect(answers.map(({ id }) => id)).toEqual([2]);
  });

  it("[13] of which everything was cancelled end all the same", async () => {
    const stream = await session.open([toolCall("hang", { key: "b" }, 1, { progressToken: 1 })]);
    await served.probe.until("started:b");
    await session.notify("notifications/cancelled", { requestId: 1 });
    await served.probe.until("aborted:b");
    // Nobody would ever answer this POST any more.
    expect(await stream.closed).toBe("end");
  });

  it("[93] are served to a client without a session, who is taken to speak 2025-03-26", async () => {
    const answer = await post(served.url, [toolCall("echo", { text: "x" }), request("ping", undefined, 2)]);
    expect(answer.json).toHaveLength(2);
  });

  it("carry the headers of their request to every tool", async () => {
    const answer = await session.post([toolCall("header", { name: "x-test" })], { headers: { "x-test": "here" } });
    expect(textOf(answer.messages[0] ?? {})).toBe("string here");
  });
});

describe("[63] batches on other revisions", () => {
  it.each(LEGACY.filter((version) => version !== "2025-03-26"))(
    "are refused on %s, and nothing of them runs",
    async (version) => {
      const other = await fullSession(served.url, version);
      for (const body of [[toolCall("release", { key: "x" })], [initialized], []]) {
        const answer = await other.post(body);
        expect([answer.status, codeOf(answer.reply)]).toEqual([400, -32600]);
      }
      expect(served.probe.events).toEqual([]);
    },
  );
});
