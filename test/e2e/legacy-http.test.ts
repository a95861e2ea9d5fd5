import { beforeEach, describe, expect, it } from "vitest";
import { type LegacySession, legacySession, open, post } from "../support/raw-http.js";
import {
  callTool,
  codeOf,
  fullSession,
  initialize,
  initializeMessage,
  type Json,
  LEGACY,
  request,
  sessionId,
  structuredOf,
  textOf,
  toolCall,
} from "./fixtures/legacy-client.js";
import { resultOf } from "./fixtures/modern-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const serve = serving();
let served: Served;
beforeEach(async () => {
  served = await serve();
});

describe("initialize", () => {
  it.each(LEGACY)("settles on %s where that is asked for", async (version) => {
    const answer = await initialize(served.url, version);
    expect(answer.status).toBe(200);
    const { protocolVersion, capabilities, serverInfo, instructions } = resultOf(answer);
    expect(protocolVersion).toBe(version);
    expect(instructions).toBe("Call anything.");
    // Only what the revision defines is said.
    const titled = version >= "2025-06-18";
    expect((serverInfo as Json).title).toBe(titled ? "Everything" : undefined);
    expect(Object.hasOwn(capabilities as Json, "completions")).toBe(version !== "2024-11-05");
  });

  it.each(["2026-07-28", "1999-01-01", "2025-06-18 ", "latest", ""])(
    "offers 2025-11-25 when %j is asked for",
    async (version) => {
      const answer = await initialize(served.url, version);
      expect(answer.reply?.result).toMatchObject({ protocolVersion: "2025-11-25" });
    },
  );

  it.each([
    ["no version", { capabilities: {}, clientInfo: { name: "a", version: "1" } }],
    ["a version that is no string", { protocolVersion: 1, capabilities: {}, clientInfo: { name: "a", version: "1" } }],
    ["no capabilities", { protocolVersion: "2025-11-25", clientInfo: { name: "a", version: "1" } }],
    ["no client", { protocolVersion: "2025-11-25", capabilities: {} }],
    ["a client without version", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "a" } }],
    ["nothing", undefined],
  ])("with %s is -32602 and opens no session", async (_what, params) => {
    const answer = await post(served.url, request("initialize", params));
    expect(codeOf(answer.reply)).toBe(-32602);
    expect(answer.headers["mcp-session-id"]).toBeUndefined();
  });

  it("opens a new session each time, also on one connection", async () => {
    const ids = await Promise.all([1, 2, 3].map(async () => sessionId(await initialize(served.url, "2025-11-25"))));
    expect(new Set(ids).size).toBe(3);
  });
});

describe("the version header", () => {
  let session: LegacySession;
  beforeEach(async () => {
    session = await legacySession(served.url);
  });
  const bad = { "mcp-protocol-version": "1999-01-01" };

  it.each(LEGACY)("of %s is fine, and the session keeps its revision", async (version) => {
    const answer = await session.post(toolCall("whoami"), { headers: { "mcp-protocol-version": version } });
    expect(structuredOf(answer.reply)).toMatchObject({ revision: "2025-11-25" });
  });

  it("may be missing: the session knows", async () => {
    const answer = await session.post(toolCall("whoami"), {
      headers: { "mcp-protocol-version": undefined },
      revision: "2025-11-25",
    });
    expect(structuredOf(answer.reply)).toMatchObject({ revision: "2025-11-25" });
  });

  it("that nobody knows is 400 on requests, responses and batches", async () => {
    for (const body of [
      request("ping"),
      initializeMessage("2025-11-25"),
      { jsonrpc: "2.0", id: 1, result: {} },
      [request("ping")],
    ]) {
      expect((await session.post(body, { headers: bad })).status).toBe(400);
    }
  });

  it("that nobody knows is 400 on notifications", async () => {
    const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
    expect((await session.post(notification, { headers: bad })).status).toBe(400);
  });

  it.each(["GET", "DELETE"])("that nobody knows is 400 on %s", async (method) => {
    const stream = await open(served.url, { method, headers: { ...session.headers, ...bad } });
    stream.close();
    expect(stream.status).toBe(400);
  });
});

describe("methods of other eras", () => {
  it.each(["server/discover", "subscriptions/listen", "tasks/list", "unknown/method", "constructor"])(
    "%s is -32601 with 200",
    async (method) => {
      const session = await legacySession(served.url);
      const answer = await session.post(request(method, {}));
      expect([answer.status, codeOf(answer.reply)]).toEqual([200, -32601]);
      const stateless = await post(served.url, request(method, {}));
      expect([stateless.status, codeOf(stateless.reply)]).toEqual([200, -32601]);
    },
  );
});

describe("notifications and responses", () => {
  it.each([
    ["notifications/initialized", undefined],
    ["notifications/roots/list_changed", undefined],
    ["notifications/unknown", { a: 1 }],
    ["notifications/cancelled", undefined],
    ["notifications/cancelled", { requestId: "nobody" }],
    ["notifications/cancelled", { requestId: null }],
    ["notifications/cancelled", { requestId: {} }],
    ["notifications/progress", { progressToken: "nobody", progress: 1 }],
  ])("[67] %s %j is 202 without a body", async (method, params) => {
    const session = await legacySession(served.url);
    const answer = await session.notify(method, params as Json | undefined);
    expect([answer.status, answer.raw.length]).toEqual([202, 0]);
    expect((await session.post(request("ping"))).reply?.result).toEqual({});
  });

  it.each([[{ result: {} }], [{ error: { code: -1, message: "no" } }]])(
    "[67] a response %j to nothing is 202",
    async (part) => {
      const session = await legacySession(served.url);
      for (const id of [1, 99, "1", "x"]) {
        expect((await session.post({ jsonrpc: "2.0", id, ...part })).status).toBe(202);
      }
      expect((await session.post(request("ping"))).reply?.result).toEqual({});
    },
  );
});

describe("[66] ids of requests", () => {
  it.each([0, "", -1, "x".repeat(1024), Number.MAX_SAFE_INTEGER, 1.0, -0, "\u0000\u2028\ud83d\ude00"])(
    "%j is echoed",
    async (id) => {
      const session = await legacySession(served.url);
      expect((await session.post(request("ping", undefined, id))).reply).toEqual({
        jsonrpc: "2.0",
        id: id === 0 ? 0 : id,
        result: {},
      });
    },
  );

  it.each([
    "null",
    "1.5",
    "{}",
    "[]",
    "true",
    "9007199254740992",
    "-9007199254740993",
    "1e400",
    `"${"x".repeat(1025)}"`,
  ])("%s is refused", async (id) => {
    const session = await legacySession(served.url);
    const answer = await session.post(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
    expect([answer.status, codeOf(answer.reply)]).toEqual([400, -32600]);
    expect(answer.reply).not.toHaveProperty("id");
  });

  it.each([0, "", "x"])("[13] %j can be cancelled, and nothing is said any more", async (id) => {
    const session = await legacySession(served.url);
    const stream = await session.open(toolCall("hang", { key: "c" }, id, { progressToken: 1 }));
    await served.probe.until("started:c");
    await session.notify("notifications/cancelled", { requestId: id, reason: "enough" });
    await served.probe.until("aborted:c");
    expect(await stream.closed).toBe("end");
    // Clients ignore answers to what they cancelled; one may end the stream, but no notification comes late.
    const later = stream.messages.all.filter(
      (message) => "result" in message || JSON.stringify(message).includes("too late"),
    );
    expect(later).toEqual([]);
  });

  it("used twice at once still answers each where it was asked", async () => {
    const session = await legacySession(served.url);
    const held = session.open(toolCall("hold", { key: "h" }, 1, { progressToken: 1 }));
    const stream = await held;
    const [one, two] = await Promise.all(["one", "two"].map((text) => session.post(toolCall("echo", { text }, 1))));
    expect([textOf(one?.reply ?? {}), textOf(two?.reply ?? {})]).toEqual(["one", "two"]);
    served.probe.record("released:h");
    await stream.closed;
    expect(textOf(stream.messages.all.at(-1) ?? {})).toBe("held");
  });
});

describe("what a revision has no form for is said in the form it has", () => {
  it.each(LEGACY)("on %s", async (version) => {
    const session = await fullSession(served.url, version);
    const media = await callTool(session, "media");
    const types = (media.content as { type: string }[]).map(({ type }) => type);
    const audio = version === "2024-11-05" ? "resource" : "audio";
    const link = version < "2025-06-18" ? "text" : "resource_link";
    expect(types).toEqual(["text", "image", audio, "resource", link]);
    if (version === "2024-11-05") {
      expect((media.content as Json[])[2]?.resource).toMatchObject({ mimeType: "audio/wav", blob: "UklGRg==" });
    }
    if (version < "2025-06-18") expect(textOf({ content: [(media.content as Json[])[4]] })).toMatch(/test:\/\/text/);
    const sum = await callTool(session, "add", { a: 1, b: 2 });
    expect(sum.structuredContent).toEqual(version < "2025-06-18" ? undefined : { sum: 3 });
    expect(textOf(sum)).toBe('{"sum":3}');
    expect(await callTool(session, "numbers")).not.toHaveProperty("structuredContent");
    const tools = (await session.request("tools/list")).result as { tools: Json[] };
    const add = tools.tools.find(({ name }) => name === "add");
    expect(Object.hasOwn(add ?? {}, "outputSchema")).toBe(version >= "2025-06-18");
    expect(tools.tools.find(({ name }) => name === "numbers")).not.toHaveProperty("outputSchema");
    expect(Object.hasOwn(add ?? {}, "annotations")).toBe(version >= "2025-03-26");
    const missing = await session.request("resources/read", { uri: "test://missing" });
    expect(missing.error).toMatchObject({ code: -32002, data: { uri: "test://missing" } });
  });
});
