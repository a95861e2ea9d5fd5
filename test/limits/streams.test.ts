/** Streams: how many there are, how many of one caller, and how many of one session. */
import { describe, expect, it } from "vitest";
import { TAG } from "../faults/helpers/server.js";
import { collect, type LegacySession, legacySession, open, type RawStream } from "../support/raw-http.js";
import { call, expectBusy, expectServed, type Limited, listen, serving, textOf } from "./helpers/limited.js";

const serve = serving();
const SAY = { name: "say", arguments: { count: 2 }, _meta: { progressToken: 1 } };

const session = ({ url }: Limited, user?: string) => legacySession(url, "2025-11-25", { headers: { "x-user": user } });

async function expectRefused(opening: Promise<RawStream>, words: string): Promise<void> {
  const refused = await collect(await opening);
  expectBusy(refused);
  expect(refused.raw.toString()).toBe(`${words}; try again later.\n`);
}

/** A call speaks on its way and ends, but nothing of it can be had again. */
async function expectWithoutReplay(one: LegacySession): Promise<void> {
  const { status, headers, events, reply } = await one.post(one.message("tools/call", SAY));
  expect([status, headers["content-type"], textOf(reply)]).toEqual([200, "text/event-stream", "said"]);
  expect(events?.map(({ id }) => id)).toEqual(["", "", ""]);
}

async function expectReplay(one: LegacySession): Promise<void> {
  const { events, reply } = await one.post(one.message("tools/call", SAY));
  expect(textOf(reply)).toBe("said");
  for (const { id } of events ?? []) expect(id).not.toBe("");
}

describe("limits.maxStreams", () => {
  it("with every stream read: 503 for GET, and a POST goes on without replay; the rest is served", async () => {
    const limited = await serve({ maxStreams: 2 });
    const [one, two] = [await session(limited, "a"), await session(limited, "b")];
    const standing = [await one.listen(), await two.listen()];
    await expectRefused(one.listen(), "Too many open streams");
    await expectRefused((await session(limited)).listen(), "Too many open streams");
    await expectRefused(open(limited.sseUrl), "Too many open sessions");
    for (const each of [one, two, await session(limited, "c")]) await expectWithoutReplay(each);
    await expectServed(call(limited.url, "quick"));
    await expectServed(call(limited.url, "say", { count: 2 }, { progressToken: 1 }), "said");
    // Nobody's stream made room: both still hear.
    limited.mcp.registerTool("new", {}, () => "new");
    for (const stream of standing) await stream.messages.expect();
    for (const each of [one, two]) await each.end();
    await limited.settled();
    const again = await session(limited, "c");
    const stream = await again.listen();
    expect(stream.status).toBe(200);
    await expectReplay(again);
    await again.end();
    await limited.settled();
  });

  it("with one that nobody reads: the one left longest makes room, and its reader is told by 404", async () => {
    const limited = await serve({ maxStreams: 2 });
    const left = [];
    for (const user of ["first", "second"]) {
      const one = await legacySession(limited.url, "2025-11-25", { headers: { "x-user": user } });
      const stream = await one.open(one.message("tools/call", { ...SAY, arguments: { count: 2, hold: 1 } }), {
        headers: { [TAG]: user },
      });
      await stream.messages.expect();
      stream.close();
      await limited.gone(user);
      left.push({ one, id: stream.parser.lastEventId });
    }
    const newcomer = await (await session(limited)).listen();
    expect(newcomer.status).toBe(200);
    expect((await collect((await left[0]?.one.listen(left[0].id)) as RawStream)).status).toBe(404);
    const resumed = await left[1]?.one.listen(left[1].id);
    expect(resumed?.status).toBe(200);
    // Every stream is read again.
    await expectRefused((await session(limited)).listen(), "Too many open streams");
    limited.release();
    expect(textOf(await resumed?.messages.expect(({ method }) => method === undefined))).toBe("said");
    for (const { one } of left) await one.end();
    newcomer.close();
  });

  it("holds for listen streams of 2026-07-28: 503 beyond, and calls are served", async () => {
    const limited = await serve({ maxStreams: 2 });
    const streams = [await listen(limited.url), await listen(limited.url, { user: "a" })];
    const refused = await collect(await listen(limited.url, { user: "b" }));
    expectBusy(refused);
    expect(refused.reply).toMatchObject({ error: { code: 1503 } });
    await expectServed(call(limited.url, "quick"));
    for (const stream of streams) stream.close();
    await limited.settled();
    const again = await listen(limited.url);
    expect(again.status).toBe(200);
    again.close();
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxStreams: Number.POSITIVE_INFINITY });
    for (let at = 0; at < 5; at += 1) expect((await (await session(limited)).listen()).status).toBe(200);
    for (let at = 0; at < 5; at += 1) expect((await listen(limited.url)).status).toBe(200);
  });
});

describe("limits.maxStreamsPerPrincipal", () => {
  it("with every stream of a caller read: 503 for GET, a POST goes on without replay; others have theirs", async () => {
    const limited = await serve({ maxStreamsPerPrincipal: 1 });
    const [one, more] = [await session(limited, "a"), await session(limited, "a")];
    const standing = await one.listen();
    await expectRefused(more.listen(), "Too many open streams");
    await expectRefused(open(limited.sseUrl, { headers: { "x-user": "a" } }), "Too many open sessions");
    await expectWithoutReplay(more);
    const other = await session(limited, "b");
    await expectReplay(other);
    expect((await other.listen()).status).toBe(200);
    standing.close();
    await one.end();
    await expectReplay(more);
    for (const each of [more, other]) await each.end();
    await limited.settled();
  });

  it("makes room with a stream of that caller that nobody reads, never with somebody else's", async () => {
    const limited = await serve({ maxStreamsPerPrincipal: 1 });
    const [other, one] = [await session(limited, "b"), await session(limited, "a")];
    const ids = [];
    for (const each of [other, one, one]) {
      const { events } = await each.post(each.message("tools/call", SAY));
      ids.push(events?.[0]?.id ?? "");
    }
    const statuses = [];
    for (const [at, each] of [other, one, one].entries()) {
      statuses.push((await collect(await each.listen(ids[at]))).status);
    }
    expect(statuses).toEqual([200, 404, 200]);
    for (const each of [one, other]) await each.end();
    await limited.settled();
  });

  it("is not for callers whom nobody vouches for: they would share one bound", async () => {
    const limited = await serve({ maxStreamsPerPrincipal: 1 });
    for (let at = 0; at < 3; at += 1) {
      const one = await session(limited);
      expect((await one.listen()).status).toBe(200);
      await expectReplay(one);
    }
  });

  it("holds for listen streams of 2026-07-28: 503 for one caller beyond, others have theirs", async () => {
    const limited = await serve({ maxStreamsPerPrincipal: 1 });
    const [first, second] = [await listen(limited.url, { user: "a" }), await listen(limited.url, { user: "a" })];
    expect([first.status, second.status]).toEqual([200, 503]);
    expect((await listen(limited.url, { user: "b" })).status).toBe(200);
    first.close();
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await serve({ maxStreamsPerPrincipal: Number.POSITIVE_INFINITY });
    for (let at = 0; at < 5; at += 1) expect((await (await session(limited, "a")).listen()).status).toBe(200);
  });
});

describe("limits.maxStreamsPerSession", () => {
  it("with as many standing streams read: 409; one that nobody reads makes room; other sessions have theirs", async () => {
    const limited = await serve({ maxStreamsPerSession: 2 });
    const [one, other] = [await session(limited, "a"), await session(limited, "a")];
    const standing = [await one.listen(), await one.listen(undefined, { headers: { [TAG]: "left" } })];
    const refused = await collect(await one.listen());
    expect([refused.status, refused.raw.toString()]).toEqual([409, "This session has too many open streams.\n"]);
    // What calls and other sessions open is not meant.
    await expectReplay(one);
    expect((await other.listen()).status).toBe(200);
    standing[1]?.close();
    await limited.gone("left");
    expect((await one.listen()).status).toBe(200);
    expect((await collect(await one.listen())).status).toBe(409);
    for (const each of [one, other]) await each.end();
    await limited.settled();
  });

  it("lifted with Infinity takes more than the default", async () => {
    const limited = await serve({ maxStreamsPerSession: Number.POSITIVE_INFINITY });
    const one = await session(limited);
    for (let at = 0; at < 20; at += 1) expect((await one.listen()).status).toBe(200);
    await one.end();
    await limited.settled();
  });
});
