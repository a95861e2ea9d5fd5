/** Session ids in the wrong hands: chosen by the client, somebody else's, or of an era that has none. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { kept } from "../support/kept.js";
import { collect, modernRequest, open, post, type RawStream, SseClient } from "../support/raw-http.js";
import {
  ASK,
  type BusySession,
  busySession,
  CANCEL,
  expectAnswered,
  forgedAnswer,
  isQuestion,
  ownAnswer,
  registerBusy,
  SECRET_WORD,
  SESSION_REVISIONS,
} from "./helpers/busy-session.js";
import { quickSession } from "./helpers/quick-session.js";
import { BY_NAME, type Served, serve } from "./helpers/server.js";

const mcp = new McpServer({ name: "sessions", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
registerBusy(mcp);

const PING = { jsonrpc: "2.0", id: "p", method: "ping" };

let served: Served;
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());

/** The status of an answer that says nothing of the session. */
async function statusOf(answer: Promise<RawStream>): Promise<number> {
  const stream = kept(await answer);
  if (stream.status !== 200) await collect(stream);
  expect(stream.headers).not.toHaveProperty("mcp-session-id");
  expect(stream.raw.toString("utf8")).not.toContain(SECRET_WORD);
  return stream.status;
}

/** Everything that would change something if it were taken. */
const intrusions = ({ id }: { id?: unknown }) => [PING, ASK, CANCEL, forgedAnswer(id), [PING], [CANCEL], "{}", "[]"];

describe.each(SESSION_REVISIONS)("%s", (revision) => {
  const busy = async (): Promise<BusySession> => kept(await busySession(mcp, served.url, { revision, user: "alice" }));

  test.each(["bob", undefined])(
    "[42, S7] the session of alice is not there for %s; she notices nothing",
    async (user) => {
      const hers = await busy();
      const trespass = (method: string, body?: unknown, more: Record<string, string> = {}) => {
        const headers = { ...hers.session.headers, "x-user": user, ...more };
        return statusOf(open(served.url, { method, headers, revision, ...(body !== undefined && { body }) }));
      };
      for (const body of intrusions(hers.question)) expect([body, await trespass("POST", body)]).toEqual([body, 404]);
      expect(await trespass("GET")).toBe(404);
      const { lastEventId } = hers.call.parser;
      expect(lastEventId).not.toBe("");
      expect(await trespass("GET", undefined, { "last-event-id": lastEventId })).toBe(404);
      expect(await trespass("DELETE")).toBe(404);
      await hers.assertUndisturbed();
    },
  );

  test("[42, S7] nor is anything of it there for a session of bob's own, or for another one of alice's", async () => {
    const hers = await busy();
    for (const user of ["bob", "alice"]) {
      const own = await quickSession(served.url, revision, { user, capabilities: { sampling: {} } });
      expect(await statusOf(own.listen(hers.call.parser.lastEventId))).toBe(404);
      // Accepted as any session may say so, and about nothing.
      for (const body of [CANCEL, forgedAnswer(hers.question.id)]) expect((await own.post(body)).status).toBe(202);
      await own.end();
    }
    await hers.assertUndisturbed();
  });

  test("[41] an id that comes with initialize is ignored: a made-up one, and alice's", async () => {
    const hers = await busy();
    const params = { protocolVersion: revision, capabilities: {}, clientInfo: { name: "fixed", version: "1" } };
    const message = { jsonrpc: "2.0", id: "i", method: "initialize", params };
    for (const chosen of ["made-up", "A".repeat(300), hers.session.id ?? ""]) {
      for (const user of ["bob", "alice"]) {
        const headers = { "x-user": user, "mcp-session-id": chosen };
        const answer = await post(served.url, message, { headers, revision });
        const id = String(answer.headers["mcp-session-id"]);
        expect(answer.status).toBe(200);
        expect(id).not.toBe(chosen);
        // The new session can be ended without harm to the one whose id was sent along.
        const own = { "x-user": user, "mcp-session-id": id };
        expect(await statusOf(open(served.url, { method: "DELETE", headers: own }))).toBe(204);
      }
    }
    const madeUp = { ...hers.session.headers, "mcp-session-id": "made-up" };
    expect((await post(served.url, PING, { headers: madeUp, revision })).status).toBe(404);
    await hers.assertUndisturbed();
  });

  test("[44] 2026-07-28 ignores the ids of a session that lives, and does it no harm", async () => {
    const hers = await busy();
    const stale = { "mcp-session-id": hers.session.id, "last-event-id": hers.call.parser.lastEventId };
    for (const user of ["alice", "bob"]) {
      const send = (method: string, params: Record<string, unknown>) => {
        const { message, headers } = modernRequest(method, params, { capabilities: { sampling: {} } });
        return open(served.url, { method: "POST", body: message, headers: { ...headers, ...stale, "x-user": user } });
      };
      // Its own question, of its own call: not the answer, the progress or the stream of hers.
      const asked = await collect(await send("tools/call", { name: "ask" }));
      expect(asked.reply?.result).toMatchObject({ resultType: "input_required" });
      const stream = kept(await send("subscriptions/listen", { notifications: {} }));
      await stream.messages.expect(({ method }) => method === "notifications/subscriptions/acknowledged");
      expect(stream.parser.lastEventId).toBe("");
      for (const { headers } of [asked, stream]) expect(headers).not.toHaveProperty("mcp-session-id");
      const headers = { ...stale, "mcp-protocol-version": "2026-07-28", "x-user": user };
      for (const method of ["GET", "DELETE"]) expect(await statusOf(open(served.url, { method, headers }))).toBe(405);
    }
    await hers.assertUndisturbed();
  });
});

describe("HTTP+SSE", () => {
  async function client(user: string, url = served.sseUrl): Promise<SseClient> {
    const made = kept(new SseClient(url, { headers: { "x-user": user } }));
    await made.resume();
    return made;
  }
  const idOf = (one: SseClient) => one.endpoint.searchParams.get("sessionId") ?? "";

  test("[42, S7] the session of alice is not there for bob, and alice notices nothing", async () => {
    const alice = await client("alice");
    await alice.initialize("2024-11-05", { capabilities: { sampling: {} } });
    await alice.send(ASK);
    const question = await alice.messages.expect(isQuestion);
    for (const user of ["bob", undefined]) {
      for (const body of intrusions(question)) {
        const answer = await post(alice.endpoint, body, { headers: { "x-user": user }, revision: "2024-11-05" });
        expect([body, answer.status]).toEqual([body, 404]);
      }
    }
    const bob = await client("bob", `${served.sseUrl}?sessionId=${idOf(alice)}`);
    await bob.initialize();
    for (const body of [CANCEL, forgedAnswer(question.id)]) expect((await bob.send(body)).status).toBe(202);
    await alice.respond(question.id, ownAnswer);
    await expectAnswered(
      alice.messages.expect(({ id }) => id === 1),
      "alice",
    );
    expect(bob.messages.all).toHaveLength(1);
  });

  test("[41] an id in the URL of the stream is ignored: a made-up one, and alice's own", async () => {
    const alice = await client("alice");
    for (const id of ["made-up", "A".repeat(22), idOf(alice)]) {
      for (const user of ["alice", "bob"]) {
        expect(idOf(await client(user, `${served.sseUrl}?sessionId=${id}`))).not.toBe(id);
      }
    }
    await alice.initialize();
    expect(alice.messages.all).toHaveLength(1);
  });

  test("[43] a second stream without an id to resume by is a second session; the first is left as it was", async () => {
    const [first, second] = [await client("alice"), await client("alice")];
    expect(idOf(second)).not.toBe(idOf(first));
    for (const one of [first, second]) await one.initialize();
    expect([first.messages.all.length, second.messages.all.length]).toEqual([1, 1]);
  });
});
