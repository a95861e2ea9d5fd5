import { beforeEach, describe, expect, it } from "vitest";
import { LegacySession, legacySession, post, type RawStream } from "../support/raw-http.js";
import { codeOf, fullSession, type Json, request, textOf, toolCall } from "./fixtures/legacy-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const serve = serving();
let served: Served;
let session: LegacySession;
beforeEach(async () => {
  served = await serve();
  session = await fullSession(served.url);
});

/** The next request of the server on a stream. */
const question = (stream: RawStream) => stream.messages.expect((message) => "method" in message && "id" in message);
const answerOf = (stream: RawStream) => stream.messages.expect((message) => "result" in message || "error" in message);
/** Lets the server ask something, and returns the id of its request. */
async function askedId(from: LegacySession): Promise<unknown> {
  const stream = await from.open(toolCall("ask_name"));
  const { id } = await question(stream);
  await from.respond(id, name("Ada"));
  expect(textOf(await answerOf(stream))).toBe("Hello, Ada!");
  return id;
}
const name = (text: string): Json => ({ action: "accept", content: { name: text } });

describe("requests of the server", () => {
  it("come on the stream of the call they belong to, and so does the result", async () => {
    const standing = await session.listen();
    const stream = await session.open(toolCall("ask_name"));
    expect(stream.headers).toMatchObject({ "content-type": "text/event-stream", "x-accel-buffering": "no" });
    const asked = await question(stream);
    expect(asked).toMatchObject({ method: "elicitation/create", params: { message: "Your name?" } });
    const accepted = await session.respond(asked.id, name("Ada"));
    expect([accepted.status, accepted.raw.length]).toEqual([202, 0]);
    expect(textOf(await answerOf(stream))).toBe("Hello, Ada!");
    expect(await stream.closed).toBe("end");
    standing.close();
    expect(standing.messages.all).toEqual([]);
  });

  it("are elicitation by URL, sampling and roots as well", async () => {
    const page = await session.open(toolCall("ask_url"));
    const asked = await question(page);
    expect(asked.params).toMatchObject({
      mode: "url",
      url: "https://example.com/sign-in",
      elicitationId: expect.any(String),
    });
    await session.respond(asked.id, { action: "accept" });
    expect(textOf(await answerOf(page))).toBe("accept");
    const answers: Record<string, Json> = {
      "sampling/createMessage": { role: "assistant", content: { type: "text", text: "4" }, model: "m" },
      "roots/list": { roots: [{ uri: "file:///a" }] },
      "elicitation/create": name("Ada"),
    };
    const onRequest = ({ method }: Json) => answers[String(method)] ?? {};
    const all = await session.request("tools/call", { name: "ask_all" }, { onRequest });
    expect(textOf(all)).toBe("Ada 4 1");
  });

  it.each([
    ["2024-11-05", "ask_name"],
    ["2025-03-26", "ask_name"],
    ["2025-06-18", "ask_url"],
  ] as const)("are not sent on %s, which has no %s", async (revision, tool) => {
    const older = await fullSession(served.url, revision);
    const message = await older.request("tools/call", { name: tool, arguments: {} });
    expect(message.result).toMatchObject({ isError: true });
    expect(textOf(message)).toMatch(/does not support/);
  });

  it.each(["ask_name", "ask_url", "ask_model", "ask_roots"])(
    "%s is not asked of a client that cannot",
    async (tool) => {
      const plain = await legacySession(served.url);
      const message = await plain.request("tools/call", { name: tool, arguments: { prompt: "?" } });
      expect(message.result).toMatchObject({ isError: true });
    },
  );

  it('never use an id twice in a session (2025-11-25, basic, "Requests")', async () => {
    const ids = [await askedId(session), await askedId(session)];
    await session.post(request("ping"));
    ids.push(await askedId(session));
    expect(new Set(ids).size).toBe(3);
  });

  it("[37] never use an id twice in a session that goes on in another process", async () => {
    const secret = "one secret for both";
    const [one, two] = [await serve({ secret }), await serve({ secret })];
    const first = await fullSession(one.url);
    const { id, recorder, initializeResult } = first;
    const second = new LegacySession(two.url, initializeResult, { id, recorder, headers: first.headers });
    expect(await askedId(second)).not.toEqual(await askedId(first));
  });

  it("refused by the client, or answered with nonsense, end in a tool error", async () => {
    for (const part of [
      { error: { code: -1, message: "no user here" } },
      { result: {} },
      { result: name("") },
      { result: { action: "x" } },
    ]) {
      const stream = await session.open(toolCall("ask_name"));
      const { id } = await question(stream);
      expect((await session.post({ jsonrpc: "2.0", id, ...part })).status).toBe(202);
      expect((await answerOf(stream)).result).toMatchObject({ isError: true });
    }
  });

  it("are answered by their session alone", async () => {
    const other = await fullSession(served.url);
    const stream = await session.open(toolCall("ask_name"));
    const { id } = await question(stream);
    expect((await other.respond(id, name("Mallory"))).status).toBe(202);
    expect((await post(served.url, { jsonrpc: "2.0", id, result: name("Nobody") })).status).toBe(202);
    expect((await session.respond(String(id), name("String"))).status).toBe(202);
    expect((await session.respond(Number(id) + 1, name("Next"))).status).toBe(202);
    await session.respond(id, name("Ada"));
    expect(textOf(await answerOf(stream))).toBe("Hello, Ada!");
    // A second answer finds nobody who waits.
    expect((await session.respond(id, name("Late"))).status).toBe(202);
  });

  it("are taken back when the call is cancelled", async () => {
    const stream = await session.open(toolCall("ask_name", {}, "c"));
    const { id } = await question(stream);
    await session.notify("notifications/cancelled", { requestId: "c" });
    expect(await stream.closed).toBe("end");
    const cancelled = stream.messages.all.filter(({ method }) => method === "notifications/cancelled");
    expect(cancelled.map(({ params }) => (params as Json).requestId)).toEqual([id]);
  });

  it("end with a tool error when nobody answers in time", async () => {
    const hasty = await serve({ limits: { clientRequestTimeoutMs: 1 } });
    const message = await (await fullSession(hasty.url)).request("tools/call", { name: "ask_name" });
    expect(textOf(message)).toMatch(/did not answer elicitation\/create in time/);
  });
});

describe("progress and log messages", () => {
  it("come on the call's stream, in order, before its result", async () => {
    const stream = await session.open(toolCall("slow", { steps: 3 }, 1, { progressToken: "p" }));
    expect(await stream.closed).toBe("end");
    const steps = stream.messages.all.map(({ params }) => (params as Json | undefined)?.progress ?? "answer");
    expect(steps).toEqual([1, 2, 3, "answer"]);
  });

  it("keep to the level of the session, kept from call to call", async () => {
    const levels = async (from: LegacySession) => {
      const stream = await from.open(toolCall("logs"));
      await stream.closed;
      return stream.messages.all.slice(0, -1).map(({ params }) => (params as Json).level);
    };
    const other = await fullSession(served.url);
    expect(codeOf(await session.request("logging/setLevel", { level: "loud" }))).toBe(-32602);
    expect((await session.request("logging/setLevel", { level: "critical" })).result).toEqual({});
    expect(await levels(session)).toEqual(["critical", "alert", "emergency"]);
    expect((await levels(other))[0]).toBe("info");
  });
});
