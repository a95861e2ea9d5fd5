/** What one call may send: messages on the way to its answer, and the answer itself. */
import { describe, expect, it } from "vitest";
import { connect } from "../../src/testing/index.js";
import { legacySession, type RawResponse, sse } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { ask, call, expectServed, limitedServer, serving, textOf } from "./helpers/limited.js";

const serve = serving();

describe("limits.maxNotificationsPerCall", () => {
  const MAX = 3;
  const said = (messages: readonly WireObject[]) => messages.filter(({ method }) => method !== undefined).length;
  const say = (count: number) => ({ name: "say", arguments: { count }, _meta: { progressToken: 1 } });

  it("sends as many and drops the rest; the answer comes, and the log says so once per call", async () => {
    const limited = await serve({ maxNotificationsPerCall: MAX });
    const session = await legacySession(limited.url);
    const dropped = () => limited.logged.filter(({ event }) => event === "notifications_dropped");
    const within = await session.post(session.message("tools/call", say(MAX)));
    expect([said(within.messages), textOf(within.reply), dropped()]).toEqual([MAX, "said", []]);
    for (const calls of [1, 2]) {
      const beyond = await session.post(session.message("tools/call", say(10 * MAX)));
      expect([said(beyond.messages), textOf(beyond.reply)]).toEqual([MAX, "said"]);
      expect(dropped()).toHaveLength(calls);
    }
    expect(dropped()[0]).toMatchObject({ level: "warn", fields: { method: "tools/call", after: MAX } });
    await session.end();
    await limited.settled();
  });

  it("is the same on 2026-07-28, HTTP+SSE and in process, for each call anew", async () => {
    const limited = await serve({ maxNotificationsPerCall: MAX });
    const modern = await call(limited.url, "say", { count: 5 }, { progressToken: 1 });
    expect([said(modern.messages), textOf(modern.reply)]).toEqual([MAX, "said"]);
    const client = await sse(limited.sseUrl);
    await client.initialize();
    client.messages.all.length = 0;
    for (const calls of [1, 2]) {
      expect(textOf(await client.request("tools/call", say(5)))).toBe("said");
      expect(said(client.messages.all)).toBe(calls * MAX);
    }
    client.close();
    const inProcess = await connect(limited.mcp);
    let progress = 0;
    await inProcess.callTool(
      "say",
      { count: 5 },
      {
        onProgress: () => {
          progress += 1;
        },
      },
    );
    expect(progress).toBe(MAX);
    await inProcess.close();
  });

  it("counts log messages and progress together, and only what the client would have been sent", async () => {
    const limited = await serve({ maxNotificationsPerCall: MAX });
    limited.mcp.registerTool("both", { annotations: { readOnlyHint: true } }, (ctx) => {
      for (let step = 1; step <= 100; step += 1) ctx.log.debug("below the level");
      for (let step = 1; step <= 5; step += 1) {
        ctx.progress(step);
        ctx.log.error("said");
      }
      return "both";
    });
    const session = await legacySession(limited.url);
    const params = { name: "both", _meta: { progressToken: 1 } };
    const { messages } = await session.post(session.message("tools/call", params));
    const methods = ["notifications/progress", "notifications/message", "notifications/progress", undefined];
    expect(messages.map(({ method }) => method)).toEqual(methods);
    await session.end();
  });

  it("lifted with Infinity drops nothing", async () => {
    const limited = await serve({ maxNotificationsPerCall: Number.POSITIVE_INFINITY });
    const many = await call(limited.url, "say", { count: 2_000 }, { progressToken: 1 });
    expect([said(many.messages), textOf(many.reply), limited.logged]).toEqual([2_000, "said", []]);
  });
});

describe("limits.maxResultBytes", () => {
  const MAX = 1_000;
  const WORDS = new RegExp(`has \\d+ characters, ${MAX} are allowed \\(limits\\.maxResultBytes\\)`);
  const errorOf = ({ reply }: RawResponse) => reply?.error as { readonly code: number; readonly message: string };

  /** The most characters of text whose whole answer is within the bound. */
  async function largest(send: (size: number) => Promise<RawResponse>): Promise<number> {
    const one = (await send(1)).raw.length;
    return 1 + MAX - one;
  }

  it("takes an answer of as many characters; one more is a tool's error, in words that a model can act on", async () => {
    const limited = await serve({ maxResultBytes: MAX });
    const session = await legacySession(limited.url);
    const ways = [
      (size: number) => call(limited.url, "large", { size }),
      (size: number) => session.post(session.message("tools/call", { name: "large", arguments: { size } }, 1)),
    ];
    for (const send of ways) {
      const size = await largest(send);
      const at = await send(size);
      expect([at.raw.length, textOf(at.reply)]).toEqual([MAX, "x".repeat(size)]);
      const beyond = await send(size + 1);
      expect([beyond.status, beyond.reply?.result]).toMatchObject([200, { isError: true }]);
      expect(textOf(beyond.reply)).toMatch(WORDS);
      expect(textOf(beyond.reply)).toContain(`has ${MAX + 1} characters`);
    }
    const logged = { level: "error", event: "result_too_large", fields: { method: "tools/call", length: MAX + 1 } };
    expect(limited.logged).toEqual([logged, logged]);
    await expectServed(call(limited.url, "quick"));
    await session.end();
    await limited.settled();
  });

  it("is a JSON-RPC error for what has no place for words: resources, prompts, lists", async () => {
    const limited = await serve({ maxResultBytes: MAX });
    const content = { type: "text" as const, text: "x".repeat(2 * MAX) };
    limited.mcp.registerPrompt("large", {}, () => ({ messages: [{ role: "user", content }] }));
    const refused = { code: -32603, message: expect.stringMatching(WORDS) };
    expect(errorOf(await ask(limited.url, "resources/read", { uri: "test://large" }))).toEqual(refused);
    expect(errorOf(await ask(limited.url, "prompts/get", { name: "large" }))).toEqual(refused);
    for (let at = 0; at < 20; at += 1) limited.mcp.registerTool(`a_tool_of_many_${at}`, {}, () => "");
    expect(errorOf(await ask(limited.url, "tools/list"))).toEqual(refused);
  });

  it("holds on a stream, over HTTP+SSE and in process", async () => {
    const limited = await serve({ maxResultBytes: MAX });
    limited.mcp.registerTool("both", { annotations: { readOnlyHint: true } }, (ctx) => {
      ctx.progress(1);
      return "x".repeat(2 * MAX);
    });
    const streamed = await call(limited.url, "both", {}, { progressToken: 1 });
    expect([streamed.headers["content-type"], textOf(streamed.reply)]).toEqual([
      "text/event-stream",
      expect.stringMatching(WORDS),
    ]);
    const client = await sse(limited.sseUrl);
    await client.initialize();
    expect(textOf(await client.request("tools/call", { name: "both" }))).toMatch(WORDS);
    client.close();
    const inProcess = await connect(limited.mcp);
    expect(await inProcess.callTool("both")).toMatchObject({ isError: true });
    await inProcess.close();
  });

  it("smaller than its own words still says them", async () => {
    const { mcp } = limitedServer({ maxResultBytes: 10 });
    const client = await connect(mcp);
    expect(await client.callTool("quick", {}, { signal: AbortSignal.timeout(2_000) })).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("10 are allowed (limits.maxResultBytes)") }],
    });
    await client.close();
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxResultBytes: Number.POSITIVE_INFINITY });
    const size = 1_000_000;
    expect(textOf((await call(limited.url, "large", { size })).reply)).toHaveLength(size);
  });
});
