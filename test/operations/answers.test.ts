/** Requests of the server to its client whose answers come to another process: they find the one that asked. */
import { afterEach, describe, expect, it } from "vitest";
import { SESSION_REVISIONS } from "../faults/helpers/busy-session.js";
import { until } from "../faults/helpers/until.js";
import type { LegacySession, RawStream } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { type Asked, type AskingNode, askingNodes, at, callAt, openAt, word } from "./helpers/asking-nodes.js";

const place = askingNodes();
const streams: RawStream[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

async function asks(node: AskingNode, session: LegacySession, tool?: string): Promise<Asked> {
  const asked = await callAt(node, session, tool);
  streams.push(asked.stream);
  return asked;
}

async function pair(): Promise<{ readonly a: AskingNode; readonly b: AskingNode }> {
  const [a, b] = await place().start("a", "b");
  if (a === undefined || b === undefined) throw new Error("two were to start");
  return { a, b };
}

const answersOf = ({ stream }: Asked) => stream.messages.all.filter((message) => !("method" in message));
const statusOf = async (response: Promise<{ readonly status: number }>) => (await response).status;

const SAMPLED = { role: "assistant", content: { type: "text", text: "tree" }, model: "none" };
const ROOTS = { roots: [{ uri: "file:///home", name: "home" }] };

describe("[40] an answer that comes to another process", () => {
  it.each(SESSION_REVISIONS)("%s: sampling and roots reach who asked, once", async (revision) => {
    const { a, b } = await pair();
    const session = await openAt(b, "alice", revision);
    for (const [tool, result, told] of [
      ["sample", SAMPLED, SAMPLED],
      ["roots", ROOTS, ROOTS.roots],
    ] as const) {
      const asked = await asks(a, session, tool);
      expect(await statusOf(at(b, session).respond(asked.question.id, result as WireObject))).toBe(202);
      expect(await asked.result()).toEqual({ by: "a", answer: told });
      await asked.stream.closed;
      expect(answersOf(asked)).toHaveLength(1);
    }
  });

  it.each(["2025-06-18", "2025-11-25"] as const)("%s: elicitation too, and a refusal", async (revision) => {
    const { a, b } = await pair();
    const session = await openAt(a, "alice", revision);
    const there = at(b, session);
    const first = await asks(a, session);
    expect(await statusOf(there.respond(first.question.id, word("tree")))).toBe(202);
    expect(await first.result()).toEqual({ by: "a", answer: word("tree") });
    const second = await asks(a, session);
    const error = { code: -1, message: "not now" };
    expect(await statusOf(there.post({ jsonrpc: "2.0", id: second.question.id, error }))).toBe(202);
    expect(await second.result()).toEqual({ by: "a", failed: "ERR_CLIENT_REPLY" });
  });

  it("2025-03-26: in a batch, with an answer for here, one for nobody and a request", async () => {
    const { a, b } = await pair();
    const session = await openAt(a, "alice", "2025-03-26");
    const [far, near] = [await asks(a, session, "sample"), await asks(b, session, "sample")];
    const answer = (id: unknown) => ({ jsonrpc: "2.0", id, result: SAMPLED });
    const batch = [answer(far.question.id), { jsonrpc: "2.0", id: "ping", method: "ping" }, answer(near.question.id)];
    const { status, json } = await at(b, session).post([...batch, answer(12)]);
    expect([status, json]).toEqual([200, [{ jsonrpc: "2.0", id: "ping", result: {} }]]);
    expect(await far.result()).toEqual({ by: "a", answer: SAMPLED });
    expect(await near.result()).toEqual({ by: "b", answer: SAMPLED });
    const alone = await asks(a, session, "sample");
    expect(await statusOf(at(b, session).post([answer(alone.question.id), answer(13)]))).toBe(202);
    expect(await alone.result()).toEqual({ by: "a", answer: SAMPLED });
  });

  it("50 questions of one session, asked and answered at random processes: each call gets its own answer", async () => {
    const nodes = await place().start("a", "b", "c");
    const random = () => nodes[Math.floor(Math.random() * nodes.length)] as AskingNode;
    const session = await openAt(random(), "alice");
    const route: string[] = [];
    const ask = async (index: number) => {
      const [asker, told] = [random(), random()];
      route.push(`${asker.name}${told.name}`);
      const asked = await asks(asker, session);
      expect(await statusOf(at(told, session).respond(asked.question.id, word(`word ${index}`)))).toBe(202);
      return { asked, expected: { by: asker.name, answer: word(`word ${index}`) } };
    };
    const all = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(index)));
    for (const { asked, expected } of all) {
      expect(await asked.result(), route.join(" ")).toEqual(expected);
      await asked.stream.closed;
      expect(answersOf(asked)).toHaveLength(1);
    }
    // Each process counts the questions that its tools had answered.
    await until("all have said so", () => nodes.reduce((sum, { answered }) => sum + answered, 0) === 50);
    expect(new Set(all.map(({ asked }) => asked.question.id)).size).toBe(50);
  });

  it("twice, at both processes, the first one counts; later ones are accepted and ignored", async () => {
    const { a, b } = await pair();
    const session = await openAt(a, "alice");
    for (let round = 0; round < 5; round += 1) {
      const asked = await asks(a, session);
      const { id } = asked.question;
      const both = [at(a, session), at(b, session), at(b, session), at(a, session)];
      const answers = both.map((one, index) => statusOf(one.respond(id, word(`word ${index}`))));
      expect(await Promise.all(answers)).toEqual([202, 202, 202, 202]);
      const { answer } = await asked.result();
      expect(both.map((_, index) => word(`word ${index}`))).toContainEqual(answer);
      await asked.stream.closed;
      expect(answersOf(asked)).toHaveLength(1);
      for (const one of both) expect(await statusOf(one.respond(id, word("late")))).toBe(202);
    }
    await until("all have said so", () => a.answered === 5);
    expect(b.answered).toBe(0);
  });

  it("while who asked is stopped: it gets the answer when it goes on", async () => {
    const { a, b } = await pair();
    const session = await openAt(a, "alice");
    const asked = await asks(a, session);
    a.sleep();
    expect(await statusOf(at(b, session).respond(asked.question.id, word("tree")))).toBe(202);
    a.wake();
    expect(await asked.result()).toEqual({ by: "a", answer: word("tree") });
  });

  it("and dies at once: the answer arrives", async () => {
    const { a, b } = await pair();
    const session = await openAt(b, "alice");
    const asked = await asks(a, session);
    a.sleep();
    expect(await statusOf(at(b, session).respond(asked.question.id, word("tree")))).toBe(202);
    await b.kill();
    a.wake();
    expect(await asked.result()).toEqual({ by: "a", answer: word("tree") });
  });

  it("when who asked is dead: accepted; who comes back for the call is told that its outcome is unknown", async () => {
    const { a, b } = await pair();
    const session = await openAt(a, "alice");
    const asked = await asks(a, session);
    await a.kill();
    await asked.stream.closed;
    const there = at(b, session);
    expect(await statusOf(there.respond(asked.question.id, word("tree")))).toBe(202);
    const resumed = await there.listen(asked.stream.parser.lastEventId);
    streams.push(resumed);
    const { result } = await resumed.messages.expect((message) => "result" in message || "error" in message);
    expect(result).toMatchObject({ isError: true, _meta: { "dev.holdfast/operation": { state: "unknown" } } });
    // The session goes on, and so do questions.
    const again = await asks(b, session);
    expect(await statusOf(there.respond(again.question.id, word("leaf")))).toBe(202);
    expect(await again.result()).toEqual({ by: "b", answer: word("leaf") });
  });
});

describe("[40, 42] whose an answer is", () => {
  it("nobody else's session id is good for it, and the id of a question is good in its own session only", async () => {
    const { a, b } = await pair();
    const alice = await openAt(a, "alice");
    const mallory = await openAt(b, "mallory");
    const another = await openAt(b, "alice");
    const asked = await asks(a, alice);
    const { id } = asked.question;
    // Alice's session, not her name; then her question's id, in sessions that are not its own, at both processes.
    const borrowed = { headers: { "x-user": "mallory" } };
    const forged = { jsonrpc: "2.0", id, result: word("forged") };
    for (const node of [a, b]) {
      expect(await statusOf(at(node, alice).post(forged, borrowed))).toBe(404);
      expect(await statusOf(at(node, mallory).post(forged))).toBe(202);
      expect(await statusOf(at(node, another).post(forged))).toBe(202);
    }
    // Mallory's own question goes the same way: by the time it is answered, a forged answer would have arrived too.
    const own = await asks(a, mallory);
    expect(await statusOf(at(b, mallory).respond(own.question.id, word("own")))).toBe(202);
    expect(await own.result()).toEqual({ by: "a", answer: word("own") });
    expect(answersOf(asked)).toEqual([]);
    expect(await statusOf(at(b, alice).respond(id, word("tree")))).toBe(202);
    expect(await asked.result()).toEqual({ by: "a", answer: word("tree") });
  });

  it("ids that are of no question are accepted and reach nobody", async () => {
    const { a, b } = await pair();
    const session = await openAt(a, "alice");
    const asked = await asks(a, session);
    const id = asked.question.id as number;
    for (const other of [id + 1, id - 1, String(id), -id, 0, `${id} `]) {
      expect(await statusOf(at(b, session).respond(other, word("forged")))).toBe(202);
    }
    expect(await statusOf(at(b, session).respond(id, word("tree")))).toBe(202);
    expect(await asked.result()).toEqual({ by: "a", answer: word("tree") });
  });
});
