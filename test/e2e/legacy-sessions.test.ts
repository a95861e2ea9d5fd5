import { beforeEach, describe, expect, it, vi } from "vitest";
import { custom, type McpServerOptions } from "../../src/index.js";
import { collect, legacySession, open, post, type RawResponse } from "../support/raw-http.js";
import {
  callTool,
  codeOf,
  initialize,
  type Json,
  request,
  sessionId,
  structuredOf,
  textOf,
  toolCall,
} from "./fixtures/legacy-client.js";
import { type Served, serving } from "./fixtures/serve.js";

const SECRET = "the secret of this test";
/** Names the caller by a header; nobody else gets in. */
const auth = custom((asked) => {
  const subject = asked.header("x-user");
  return subject === undefined ? undefined : { issuer: "test", subject, permissions: subject === "root" ? ["*"] : [] };
});
const A = { "x-user": "a" };
const B = { "x-user": "b" };

const serve = serving();
let served: Served;
beforeEach(async () => {
  served = await serve({ auth, secret: SECRET });
});

type Headers = Record<string, string>;

/** POST, GET and DELETE with a session id, and what each was answered with. */
async function statuses(url: string, id: string, who: Headers): Promise<number[]> {
  const headers = { ...who, "mcp-session-id": id };
  const posted = await post(url, request("ping"), { headers });
  const notified = await post(url, { jsonrpc: "2.0", method: "notifications/initialized" }, { headers });
  const stream = await open(url, { headers });
  stream.close();
  const deleted = await collect(await open(url, { method: "DELETE", headers }));
  return [posted, notified, stream, deleted].map(({ status }) => status);
}

const GONE = [404, 404, 404, 404];

describe("the id of a session", () => {
  it("[S6] is visible ASCII, long enough not to be guessed, and never the same", async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => sessionId(await initialize(served.url, "2025-11-25", A))),
    );
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{43,2000}$/);
    expect(new Set(ids).size).toBe(50);
    expect(new Set(ids.map((id) => id.slice(0, 16))).size).toBe(50);
  });

  it("fits a header whatever the client says of itself", async () => {
    const clientInfo = { name: "n".repeat(100_000), version: "v".repeat(100_000) };
    const extensions = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`com.example/${index}`, {}]));
    const capabilities = { experimental: extensions, elicitation: {}, sampling: {}, roots: { listChanged: true } };
    const session = await legacySession(served.url, "2025-11-25", { headers: A, clientInfo, capabilities });
    expect(session.id?.length).toBeLessThan(4096);
    // What the server acts on is still known.
    const message = await session.request("tools/call", { name: "ask_roots" }, { onRequest: () => ({ roots: [] }) });
    expect(message.result).not.toHaveProperty("isError");
  });

  it("[41] is ours to choose: one that the client sends along with initialize is ignored", async () => {
    const chosen = "chosen-by-the-client";
    const answer = await initialize(served.url, "2025-11-25", { ...A, "mcp-session-id": chosen });
    expect(answer.status).toBe(200);
    expect(sessionId(answer)).not.toBe(chosen);
    expect(await statuses(served.url, chosen, A)).toEqual(GONE);
    // Also when it is one of ours.
    const again = await initialize(served.url, "2025-11-25", { ...B, "mcp-session-id": sessionId(answer) });
    expect(sessionId(again)).not.toBe(sessionId(answer));
    expect(
      (await post(served.url, request("ping"), { headers: { ...A, "mcp-session-id": sessionId(answer) } })).status,
    ).toBe(200);
  });

  it("[94] altered by one character is dead, wherever that is", async () => {
    const id = sessionId(await initialize(served.url, "2025-11-25", A));
    for (let at = 0; at < id.length; at += 1) {
      const altered = id.slice(0, at) + (id[at] === "A" ? "B" : "A") + id.slice(at + 1);
      const answer = await post(served.url, request("ping"), { headers: { ...A, "mcp-session-id": altered } });
      expect(answer.status).toBe(404);
    }
    for (const wrong of [
      `${id}A`,
      id.slice(1),
      id.slice(0, -1),
      `${id}=`,
      "",
      "undefined",
      "null",
      "0",
      `${id}, ${id}`,
    ]) {
      expect(await statuses(served.url, wrong, A)).toEqual(GONE);
    }
    expect((await post(served.url, request("ping"), { headers: { ...A, "mcp-session-id": id } })).status).toBe(200);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("[64] %s names nothing", async (name) => {
    expect(await statuses(served.url, name, A)).toEqual(GONE);
  });

  it("is dead once it was deleted, here and for ever", async () => {
    const session = await legacySession(served.url, "2025-11-25", { headers: A });
    const stream = await session.listen();
    const hanging = await session.open(toolCall("hang", { key: "d" }, 1, { progressToken: 1 }));
    await served.probe.until("started:d");
    expect((await session.end()).status).toBe(204);
    await served.probe.until("aborted:d");
    await Promise.all([stream.closed, hanging.closed]);
    expect(await statuses(served.url, session.id ?? "", A)).toEqual(GONE);
  });

  it("grows old", async () => {
    const id = sessionId(await initialize(served.url, "2025-11-25", A));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 604_800_001 });
    try {
      expect((await post(served.url, request("ping"), { headers: { ...A, "mcp-session-id": id } })).status).toBe(404);
    } finally {
      vi.useRealTimers();
    }
  });

  it("[38] tells the client with an id of its request and words to act on", async () => {
    const answer = await post(served.url, request("ping", undefined, "p"), {
      headers: { ...A, "mcp-session-id": "gone" },
    });
    expect(answer.reply).toMatchObject({
      id: "p",
      error: { code: -32600, message: expect.stringMatching(/initialize/) },
    });
  });
});

describe("[42, S7] somebody else's session", () => {
  it("is not there: not for POST, GET, DELETE or replay, and its owner notices nothing", async () => {
    const session = await legacySession(served.url, "2025-11-25", { headers: A });
    const id = session.id ?? "";
    const stream = await session.listen();
    const held = await session.open(toolCall("hold", { key: "a" }, 1, { progressToken: 1 }));
    await held.messages.expect();
    const lastEventId = held.parser.lastEventId;
    expect(lastEventId).not.toBe("");
    expect(await statuses(served.url, id, B)).toEqual(GONE);
    const headers = { ...B, "mcp-session-id": id };
    // Root may do everything but be somebody else.
    expect(await statuses(served.url, id, { "x-user": "root" })).toEqual(GONE);
    const own = await legacySession(served.url, "2025-11-25", { headers: B });
    for (const one of [headers, { ...own.headers }]) {
      const replay = await open(served.url, { headers: { ...one, "last-event-id": lastEventId } });
      replay.close();
      expect(replay.status).toBe(404);
    }
    await own.notify("notifications/cancelled", { requestId: 1 });
    served.probe.record("released:a");
    await held.closed;
    expect(textOf(held.messages.all.at(-1) ?? {})).toBe("held");
    await callTool(session, "add_extra", { kind: "tools" });
    await stream.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    stream.close();
  });

  it("is not there without credentials either", async () => {
    const id = sessionId(await initialize(served.url, "2025-11-25", A));
    expect(await statuses(served.url, id, {})).toEqual([401, 401, 401, 401]);
  });

  it("does not keep the permissions of the call that opened it", async () => {
    let permissions = ["guard:use"];
    const own = await serve({ auth: custom(() => ({ issuer: "test", subject: "a", permissions })) });
    const session = await legacySession(own.url);
    expect(textOf(await callTool(session, "guarded"))).toBe("guarded ran");
    permissions = [];
    expect(codeOf(await session.request("tools/call", { name: "guarded" }))).toBe(1403);
  });
});

describe("[94] the secret that seals ids", () => {
  async function opened(options: McpServerOptions, id: string): Promise<RawResponse> {
    const { url } = await serve({ auth, ...options });
    return post(url, toolCall("whoami"), { headers: { ...A, "mcp-session-id": id }, revision: "2025-06-18" });
  }
  let id: string;
  beforeEach(async () => {
    id = sessionId(await initialize(served.url, "2025-06-18", A));
  });

  it("[37] lets a session go on in a new process", async () => {
    const answer = await opened({ secret: SECRET }, id);
    expect(structuredOf(answer.reply)).toMatchObject({ revision: "2025-06-18", client: "raw" });
  });

  it("can be rotated: ids of the older one are good as long as it is listed", async () => {
    expect((await opened({ secret: ["a newer secret, newest", SECRET] }, id)).status).toBe(200);
    expect((await opened({ secret: "a newer secret, newest" }, id)).status).toBe(404);
    expect((await opened({ secret: `${SECRET}!` }, id)).status).toBe(404);
  });

  it("[38] is random by default, so that a restart is an exact 404", async () => {
    expect((await opened({}, id)).status).toBe(404);
  });

  it("[94, S9] does not open an id on another route", async () => {
    const other = await serve({ auth, secret: SECRET }, { path: "/other" });
    const answer = await post(other.url, request("ping"), { headers: { ...A, "mcp-session-id": id } });
    expect(answer.status).toBe(404);
  });
});

describe("[93] a client that never sends the id back", () => {
  it("is served, and nothing leaks from call to call", async () => {
    await initialize(served.url, "2025-06-18", A);
    const headers = { ...A, "mcp-protocol-version": "2025-06-18" };
    const answer = await post(served.url, toolCall("whoami"), { headers });
    // Whatever it said of itself was said in a session.
    expect(structuredOf(answer.reply)).toMatchObject({
      revision: "2025-06-18",
      client: "unknown",
      subject: "a",
    });
    expect(
      (await post(served.url, request("logging/setLevel", { level: "emergency" }), { headers })).reply?.result,
    ).toEqual({});
    const logs = await post(served.url, toolCall("logs"), { headers });
    expect(logs.messages.slice(0, -1).map(({ params }) => (params as Json).level)[0]).toBe("info");
    const asked = await post(served.url, toolCall("ask_name"), { headers });
    expect(asked.reply?.result).toMatchObject({ isError: true });
    expect(
      codeOf((await post(served.url, request("resources/subscribe", { uri: "test://live" }), { headers })).reply),
    ).toBe(-32600);
  });

  it("is taken to speak 2025-03-26 when it does not say", async () => {
    const answer = await post(served.url, toolCall("add", { a: 1, b: 1 }), { headers: A });
    expect(answer.reply?.result).not.toHaveProperty("structuredContent");
    expect(textOf((await post(served.url, toolCall("whoami"), { headers: A })).reply ?? {})).toMatch(/"2025-03-26"/);
  });

  it("has nothing to listen to and nothing to end", async () => {
    const stream = await open(served.url, { headers: A });
    stream.close();
    expect(stream.status).toBe(405);
    expect((await collect(await open(served.url, { method: "DELETE", headers: A }))).status).toBe(400);
  });
});
