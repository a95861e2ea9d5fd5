import { beforeEach, describe, expect, it } from "vitest";
import { collect, type LegacySession, modernRequest, open, post, sse } from "../support/raw-http.js";
import { spawning } from "./fixtures/child.js";
import { codeOf, fullSession, initializeMessage, request, textOf, toolCall } from "./fixtures/legacy-client.js";
import { modernClient } from "./fixtures/modern-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const UNAVAILABLE = 1503;

const serve = serving();
const spawnServer = spawning();

const lastOf = (stream: { messages: { all: Record<string, unknown>[] } }) => stream.messages.all.at(-1) ?? {};
const hold = (session: LegacySession, key: string) =>
  session.open(toolCall("hold", { key }, key, { progressToken: 1 }));

describe("[89] shutdown in a process", () => {
  let served: Served;
  let session: LegacySession;
  beforeEach(async () => {
    served = await serve();
    session = await fullSession(served.url);
  });

  it("lets calls in flight end, and ends listen streams with a result", async () => {
    const listening = await modernClient(served.url).open("subscriptions/listen", {
      notifications: { toolsListChanged: true },
    });
    const held = await hold(session, "legacy");
    const modern = await modernClient(served.url).open(
      "tools/call",
      { name: "hold", arguments: { key: "modern" } },
      { progressToken: 1 },
    );
    const standing = await session.listen();
    await modern.messages.expect();
    const stopping = served.handle.shutdown();
    expect(await listening.closed).toBe("end");
    expect(lastOf(listening)).toMatchObject({ result: { resultType: "complete" } });
    for (const key of ["legacy", "modern"]) served.probe.record(`released:${key}`);
    await stopping;
    for (const stream of [held, modern, standing]) expect(await stream.closed).toBe("end");
    expect(textOf(lastOf(held))).toBe("held");
    expect(textOf(lastOf(modern))).toBe("held");
    await expect(post(served.url, request("ping"))).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("refuses new work with 503 and Retry-After, on every way in, and says so on /ready", async () => {
    const stream = await sse(`${served.origin}/sse`);
    await stream.initialize();
    const held = await hold(session, "h");
    await held.messages.expect();
    expect(served.handle.ready).toBe(true);
    const stopping = served.handle.shutdown();
    expect(served.handle.ready).toBe(false);
    const modern = modernRequest("tools/call", { name: "release", arguments: { key: "no" } });
    const answers = await Promise.all([
      session.post(toolCall("release", { key: "no" })),
      post(served.url, toolCall("release", { key: "no" })),
      post(served.url, [toolCall("release", { key: "no" })]),
      post(served.url, initializeMessage("2025-11-25")),
      post(served.url, modern.message, { headers: modern.headers }),
      stream.send(toolCall("release", { key: "no" })),
      open(served.url, { headers: session.headers }).then(collect),
      open(`${served.origin}/sse`).then(collect),
      open(`${served.origin}/ready`).then(collect),
    ]);
    for (const { status, headers } of answers) {
      expect([status, Number(headers["retry-after"]) > 0]).toEqual([503, true]);
    }
    expect(served.probe.count("released:no")).toBe(0);
    expect((await collect(await open(`${served.origin}/health`))).status).toBe(200);
    // What calls in flight wait for still gets through.
    expect((await session.notify("notifications/roots/list_changed")).status).toBe(202);
    served.probe.record("released:h");
    await stopping;
    expect(await held.closed).toBe("end");
    expect(textOf(lastOf(held))).toBe("held");
    stream.close();
  });

  it("still takes answers to questions that were asked before", async () => {
    const stream = await session.open(toolCall("ask_name"));
    const asked = await stream.messages.expect((message) => "method" in message && "id" in message);
    const stopping = served.handle.shutdown();
    expect((await session.respond(asked.id, { action: "accept", content: { name: "Ada" } })).status).toBe(202);
    await stopping;
    expect(await stream.closed).toBe("end");
    expect(textOf(lastOf(stream))).toBe("Hello, Ada!");
  });

  it("still takes a cancellation, and is over when nothing is left", async () => {
    const stream = await session.open(toolCall("hang", { key: "c" }, "c", { progressToken: 1 }));
    await served.probe.until("started:c");
    const stopping = served.handle.shutdown();
    await session.notify("notifications/cancelled", { requestId: "c" });
    await stopping;
    expect(await stream.closed).toBe("end");
    expect(served.probe.count("aborted:c")).toBe(1);
  });

  it.each([
    ["shutdown", { graceMs: 1 }],
    ["close", undefined],
  ] as const)("%s cuts what takes too long, and tells the client to call again", async (how, options) => {
    const stream = await session.open(toolCall("hang", { key: "late" }, 1, { progressToken: 1 }));
    const modern = await modernClient(served.url).open(
      "tools/call",
      { name: "hang", arguments: { key: "modern" } },
      { progressToken: 1 },
    );
    await served.probe.until("started:modern");
    await (how === "close" ? served.handle.close() : served.handle.shutdown(options));
    for (const one of [stream, modern]) {
      expect(await one.closed).toBe("end");
      expect(codeOf(lastOf(one))).toBe(UNAVAILABLE);
    }
    for (const key of ["late", "modern"]) expect(served.probe.count(`aborted:${key}`)).toBe(1);
  });

  it("is over at once when close comes while calls still have time", async () => {
    const held = await hold(session, "slow");
    await held.messages.expect();
    const stopping = served.handle.shutdown({ graceMs: 600_000 });
    const closing = served.handle.close();
    // One round trip, or a refused connection, later.
    await open(`${served.origin}/health`).then(collect, () => undefined);
    const answered = codeOf(lastOf(held));
    served.probe.record("released:slow");
    await Promise.all([stopping, closing]);
    expect(answered).toBe(UNAVAILABLE);
  });

  it("is the same however often it is asked for", async () => {
    await Promise.all([served.handle.shutdown(), served.handle.shutdown({ graceMs: 0 }), served.handle.close()]);
    await served.handle.close();
    expect(served.handle.ready).toBe(false);
  });
});

describe("[89] signals", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s: not ready, calls drained, listen streams ended, exit 0",
    async (signal) => {
      const child = await spawnServer();
      const session = await fullSession(child.url);
      const held = await hold(session, "signal");
      const listening = await modernClient(child.url).open("subscriptions/listen", {
        notifications: { toolsListChanged: true },
      });
      await held.messages.expect();
      child.process.kill(signal);
      expect(await listening.closed).toBe("end");
      expect(lastOf(listening)).toMatchObject({ result: { resultType: "complete" } });
      expect((await session.post(request("ping"))).status).toBe(503);
      expect((await collect(await open(new URL("/ready", child.url)))).status).toBe(503);
      child.process.kill("SIGUSR2");
      expect(await held.closed).toBe("end");
      expect(textOf(lastOf(held))).toBe("held");
      expect(await child.exit).toBe(0);
      expect(child.stderr.all.join("\n")).toMatch(new RegExp(`info stopping signal=${signal} calls=2`));
    },
  );

  it("past the deadline the rest is told to call again, exit 0", async () => {
    const child = await spawnServer({ MCP_GRACE_MS: "1" });
    const session = await fullSession(child.url);
    const stream = await session.open(toolCall("hang", { key: "x" }, 1, { progressToken: 1 }));
    await stream.messages.expect();
    child.process.kill("SIGTERM");
    expect(await stream.closed).toBe("end");
    expect(codeOf(lastOf(stream))).toBe(UNAVAILABLE);
    expect(await child.exit).toBe(0);
  });

  it("a second signal exits at once, whatever hangs", async () => {
    const child = await spawnServer({ MCP_GRACE_MS: "600000" });
    const session = await fullSession(child.url);
    const stream = await session.open(toolCall("hang", { key: "x" }, 1, { progressToken: 1 }));
    await stream.messages.expect();
    child.process.kill("SIGTERM");
    await child.stderr.expect((line) => line.includes("stopping"));
    child.process.kill("SIGTERM");
    expect(await child.exit).toBe(1);
    expect(await stream.closed).toBe("broken");
  });

  it("an idle server exits at the first one, also with clients connected", async () => {
    const child = await spawnServer();
    const session = await fullSession(child.url);
    const standing = await session.listen();
    const old = await sse(new URL("/sse", child.url));
    child.process.kill("SIGTERM");
    expect(await standing.closed).toBe("end");
    expect(await old.stream.closed).toBe("end");
    expect(await child.exit).toBe(0);
  });
});
