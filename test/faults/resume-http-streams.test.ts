/** Streamable HTTP: finished streams, takeovers, streams of others, gaps, and streams that the server closes. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type LegacySession, open, post, type RawStream } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { assertAlive, quickSession } from "./helpers/quick-session.js";
import { assertConsecutive } from "./helpers/resuming-reader.js";
import { BY_NAME, type Served, serve } from "./helpers/server.js";
import { expectedMessages, STEPS, Stories } from "./helpers/story.js";

const FEW_EVENTS = 5;
/** Two nodes with one secret: a session of one is a session of the other. */
const OPTIONS = { auth: BY_NAME, logger: silentLogger, secret: "a secret that both nodes know" };
const mcp = new McpServer({ name: "faults", version: "1.0.0" }, OPTIONS);
const next = new McpServer({ name: "faults", version: "1.0.0" }, OPTIONS);
const small = new McpServer(
  { name: "small", version: "1.0.0" },
  { auth: BY_NAME, logger: silentLogger, limits: { streamMaxEvents: FEW_EVENTS } },
);
const stories = new Stories(mcp);
const smallStories = new Stories(small);
const ASKED = { type: "object", properties: { name: { type: "string" } }, required: ["name"] } as const;
for (const node of [mcp, next]) {
  node.registerTool("ask", {}, async (ctx) => {
    const answer = await ctx.elicit({ message: "Who?", requestedSchema: ASKED });
    return `${answer.action} ${JSON.stringify(answer.content)}`;
  });
}

let served: Served;
let servedSmall: Served;
let servedNext: Served;
beforeAll(async () => {
  served = await serve(mcp);
  servedSmall = await serve(small);
  servedNext = await serve(next);
});
afterAll(() => Promise.all([served.close(), servedSmall.close(), servedNext.close()]));

const alice = (options: { capabilities?: WireObject } = {}) =>
  quickSession(served.url, "2025-11-25", { user: "alice", ...options });

/** A call whose stream is open and has told `steps` of its story. */
async function begin(session: LegacySession, name: string, steps: number): Promise<RawStream> {
  const opening = session.open(session.message("tools/call", stories.params(name), 1));
  await stories.get(name).begun;
  stories.get(name).tell(steps);
  return opening;
}

/** Reads until the last step told so far and goes away. */
async function readAndLeave(stream: RawStream, steps: number): Promise<string> {
  while (stream.messages.all.length < steps) await stream.messages.expect();
  stream.close();
  await stream.closed;
  return stream.parser.lastEventId;
}

test("[15] a finished stream gives the rest and ends; read to its end it gives nothing and ends", async () => {
  const session = await alice();
  const lastEventId = await readAndLeave(await begin(session, "finished", 5), 5);
  await stories.get("finished").finish();
  for (let again = 0; again < 2; again += 1) {
    const rest = await session.listen(lastEventId);
    expect(await rest.closed).toBe("end");
    expect(rest.messages.all).toEqual(expectedMessages(1, 7, 5));
  }
  const rest = await session.listen(lastEventId.replace(/_5$/, `_${STEPS + 1}`));
  expect([await rest.closed, rest.messages.all]).toEqual(["end", []]);
});

test("[43] resumed twice at once: the newer connection takes over, the older is ended", async () => {
  const session = await alice();
  const lastEventId = await readAndLeave(await begin(session, "twice", 4), 4);
  const older = await session.listen(lastEventId);
  const newer = await session.listen(lastEventId);
  expect(await older.closed).toBe("end");
  await stories.get("twice").finish();
  expect(await newer.closed).toBe("end");
  expect([older.messages.all, newer.messages.all]).toEqual([[], expectedMessages(1, 7, 4)]);
});

test("[43] resumed while the first connection still looks alive: the same", async () => {
  const session = await alice();
  const first = await begin(session, "alive", 4);
  while (first.messages.all.length < 4) await first.messages.expect();
  const second = await session.listen(first.parser.lastEventId);
  expect(await first.closed).toBe("end");
  await stories.get("alive").finish();
  expect(await second.closed).toBe("end");
  expect(second.messages.all).toEqual(expectedMessages(1, 7, 4));
});

describe("[42, S7] a Last-Event-ID that is not this session's is answered with 404 and replays nothing", () => {
  let owner: LegacySession;
  let lastEventId: string;
  beforeAll(async () => {
    owner = await alice();
    lastEventId = await readAndLeave(await begin(owner, "owned", 6), 6);
  });

  async function refused(session: LegacySession, id: string): Promise<void> {
    const stream = await session.listen(id);
    if (stream.status === 200) stream.close();
    await stream.closed;
    expect(stream.status).toBe(404);
    expect(stream.raw.toString()).not.toContain("progress");
  }

  test("another session of the same principal", async () => refused(await alice(), lastEventId));
  test("a session of another principal", async () => {
    await refused(await quickSession(served.url, "2025-11-25", { user: "bob" }), lastEventId);
  });
  test("another principal with the session id and the event id", async () => {
    const stream = await owner.listen(lastEventId, { headers: { "x-user": "bob" } });
    expect([await stream.closed, stream.status]).toEqual(["end", 404]);
  });
  test.each(["AAAAAAAAAAAAAAAAAAAAAA_3", "nonsense", "17", "x".repeat(4_000)])("no event at all: %.30s", async (id) => {
    await refused(owner, id);
  });
  test("[32] an event that the stream has not reached: what would get that number later must not be skipped", async () => {
    await refused(owner, lastEventId.replace(/_6$/, "_999"));
  });
  test("the owner is undisturbed", async () => {
    const rest = await owner.listen(lastEventId);
    await stories.get("owned").finish();
    expect(await rest.closed).toBe("end");
    expect(rest.messages.all).toEqual(expectedMessages(1, 7, 6));
  });
  test("and nobody after the session has ended", async () => {
    await owner.end();
    await refused(owner, lastEventId);
  });
});

test("[32] events that the log dropped are told as a gap, then the rest follows", async () => {
  const session = await quickSession(servedSmall.url, "2025-11-25");
  const opening = session.open(session.message("tools/call", smallStories.params("gap"), 1));
  await smallStories.get("gap").begun;
  smallStories.get("gap").tell(1);
  const lastEventId = await readAndLeave(await opening, 1);
  await smallStories.get("gap").finish();
  const rest = await session.listen(lastEventId);
  expect(await rest.closed).toBe("end");
  const missed = STEPS - FEW_EVENTS;
  const [gap, ...others] = rest.messages.all;
  expect(gap).toMatchObject({ params: { level: "warning", logger: "holdfast", data: { event: "gap", missed } } });
  expect(others).toEqual(expectedMessages(1, 7, missed + 1));
  // The gap has the id of the last lost event: whoever is cut right behind it is not told of it again.
  const [told] = rest.events.all;
  const after = await session.listen(told?.id);
  expect(await after.closed).toBe("end");
  expect(after.messages.all).toEqual(others);
});

describe("ctx.closeStream()", () => {
  test("2025-11-25, SEP-1699: ends the connection with an id to poll by; the client polls to the end", async () => {
    const session = await alice();
    const story = stories.get("polled");
    const opening = session.open(session.message("tools/call", stories.params("polled"), 1));
    await story.begun;
    story.ctx.closeStream();
    let stream = await opening;
    expect(await stream.closed).toBe("end");
    const events = [...stream.events.all];
    let lastEventId = stream.parser.lastEventId;
    for (let poll = 1; !story.ended; poll += 1) {
      await story.advance(poll);
      stream = await session.listen(lastEventId);
      if (!story.ended) story.ctx.closeStream();
      expect(await stream.closed).toBe("end");
      events.push(...stream.events.all);
      lastEventId = stream.parser.lastEventId;
    }
    expect(events.map(({ data }) => JSON.parse(data))).toEqual(expectedMessages(1, 7));
    assertConsecutive(events.map(({ id }) => id));
  });

  test.each(["2025-06-18", "2025-03-26"] as const)(
    "does nothing on %s, whose clients do not poll",
    async (revision) => {
      const session = await quickSession(served.url, revision);
      const name = `unpolled ${revision}`;
      const opening = session.open(session.message("tools/call", stories.params(name), 1));
      const { ctx } = await stories.get(name).begun.then(() => stories.get(name));
      ctx.closeStream();
      stories.get(name).tell(3);
      ctx.closeStream();
      await stories.get(name).finish();
      const stream = await opening;
      expect(await stream.closed).toBe("end");
      expect(stream.messages.all).toEqual(expectedMessages(1, 7));
    },
  );
});

describe("[15] cut while an elicitation waits", () => {
  const RESULT = { id: 1, result: { content: [{ type: "text", text: 'accept {"name":"Ada"}' }] } };
  const ANSWER = { action: "accept", content: { name: "Ada" } };

  test("before the question was read: it is asked again; after: the answer is taken meanwhile", async () => {
    const session = await alice({ capabilities: { elicitation: {} } });
    const first = await session.open(session.message("tools/call", { name: "ask" }, 1));
    await first.messages.expect();
    const primed = first.parser.lastEventId.replace(/_\d+$/, "_0");
    first.close();
    const second = await session.listen(primed);
    const question = await second.messages.expect(({ method }) => method === "elicitation/create");
    const after = second.parser.lastEventId;
    second.close();
    expect((await session.respond(question.id, ANSWER)).status).toBe(202);
    const third = await session.listen(after);
    expect(await third.closed).toBe("end");
    expect(third.messages.all).toMatchObject([RESULT]);
    await assertAlive(session);
  });

  test("ids of questions are not used twice in a session (2025-11-25, basic, Requests), whichever node asks", async () => {
    const session = await alice({ capabilities: { elicitation: {} } });
    const ids: unknown[] = [];
    for (const url of [served.url, servedNext.url, served.url, servedNext.url]) {
      const stream = await open(url, {
        method: "POST",
        body: session.message("tools/call", { name: "ask" }, 1),
        headers: session.headers,
      });
      const question = await stream.messages.expect(({ method }) => method === "elicitation/create");
      ids.push(question.id);
      await post(url, { jsonrpc: "2.0", id: question.id, result: ANSWER }, { headers: session.headers });
      expect(await stream.closed).toBe("end");
    }
    expect(new Set(ids).size).toBe(ids.length);
  });
});
