/**
 * [55, 56] The generated configuration in the real program: events arrive when they are made, silence is borne, and a
 * proxy that is restarted in the middle of a call costs no answer, for clients of every era.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { examine, type Finding, isFault } from "../../../src/doctor/index.js";
import { ResumingReader } from "../../faults/helpers/resuming-reader.js";
import { expectedMessages, type Story } from "../../faults/helpers/story.js";
import { until } from "../../faults/helpers/until.js";
import { LANES } from "../../proxy/lanes.js";
import { http1 } from "../../proxy/wire.js";
import { hearWordByWord } from "../../proxy/word-by-word.js";
import { FETCH_TIMEOUT_MS } from "../../support/debian.js";
import { legacySession, modernRequest, open } from "../../support/raw-http.js";
import type { ProxyKind } from "./proxy.js";
import { type Site, site } from "./site.js";

/** Below a path, which is the harder case. */
const PREFIX = "/tools";
/** The proxies' patience, compressed from minutes; the server speaks after a quarter of it. */
const FACTS = { keepAliveMs: 500, idleTimeoutMs: 2000, graceMs: 200 };
/** Half a second lies between two: together longer than the proxy waits. */
const COMMENTS = 5;
/** Of Idempotency-Key: a client makes one for each call. */
const KEY = "the-key-of-this-one-call";

/** Run by one test file for each program. */
export function describeProxy(kind: ProxyKind): void {
  describe(`[55, 56] ${kind}`, () => suite(kind));
}

function suite(kind: ProxyKind): void {
  let at: Site;
  let calls = 0;
  let name = "";
  let story: Story;
  beforeAll(async () => {
    at = await site(kind, { prefix: PREFIX, facts: FACTS, limits: { keepAliveMs: 500, slowCallMs: 500 } });
  }, FETCH_TIMEOUT_MS);
  afterAll(() => at?.close());
  beforeEach(() => {
    calls += 1;
    name = `call ${calls}`;
    story = at.stories.get(name);
  });

  /** Restarts the proxy; while it is away the tool goes on to its step 8. */
  async function restart(): Promise<void> {
    await at.proxy.down();
    story.tell(8);
    await at.proxy.up();
  }

  test.each(LANES)("$name: each word of a call arrives before the next is said", async (lane) => {
    const client = await lane.open(http1(at.base), at.base);
    const { headers } = await hearWordByWord(client, at.stories, name);
    expect(headers["content-type"]).toBe("text/event-stream");
    expect(headers["content-encoding"]).toBeUndefined();
  });

  test("its patience is what the facts say: a server that keeps nothing alive is cut off", async () => {
    const mute = await site(kind, { facts: FACTS, limits: { keepAliveMs: 60_000, slowCallMs: 100 } });
    const ends = await Promise.all(
      LANES.map(async (lane) => {
        const client = await lane.open(http1(mute.base), mute.base);
        const call = await client.call(mute.stories.params(lane.name), () => {});
        await call.ended;
        return call.messages.all.some(({ id }) => id === 1);
      }),
    );
    expect(ends).toEqual([false, false, false]);
    await mute.close();
  });

  test("calls and streams that are silent for longer than the proxy waits live", async () => {
    const opened = await Promise.all(
      LANES.map(async (lane) => {
        const client = await lane.open(http1(at.base), at.base);
        const standing = await client.listen();
        const key = `${name} ${lane.name}`;
        const call = await client.call(at.stories.params(key), () => {});
        return { key, call, standing };
      }),
    );
    for (const { call, standing } of opened) {
      await until("comments on the call", () => call.parser.comments.length >= COMMENTS);
      if (standing) await until("comments on the stream", () => standing.parser.comments.length >= COMMENTS);
    }
    for (const { key, call } of opened) {
      await at.stories.get(key).finish();
      expect((await call.messages.expect(({ id }) => id === 1)).result).toMatchObject({ content: [{ type: "text" }] });
    }
  });

  test("2025-11-25: restarted in the middle of a call, Last-Event-ID brings the rest, once and in order", async () => {
    const session = await legacySession(`${at.base}/mcp`);
    void story.begun.then(() => story.tell(4));
    const reader = new ResumingReader({
      open: ({ lastEventId }) => {
        const call = session.message("tools/call", at.stories.params(name), 1);
        return lastEventId === undefined ? session.open(call) : session.listen(lastEventId);
      },
      // Caddy ends streams at times as if they were complete.
      last: ({ id }) => id === 1,
      onCut: () => restarted,
    });
    await reader.messages.expect(({ params }) => (params as { progress?: number } | undefined)?.progress === 4);
    const restarted = restart();
    await restarted;
    await story.finish();
    expect(await reader.done).toBe("end");
    expect(reader.streams).toHaveLength(2);
    expect(reader.messages.all).toEqual(expectedMessages(1, 7));
    await session.end();
  });

  test("2026-07-28: restarted in the middle of a call, the same key brings its answer, and nothing runs twice", async () => {
    const { message, headers } = modernRequest("tools/call", at.stories.params(name), { logLevel: "info" });
    const post = () => {
      const all = { ...headers, "idempotency-key": KEY + name.replaceAll(" ", "-") };
      return open(`${at.base}/mcp`, { method: "POST", body: message, headers: all });
    };
    let runs = 0;
    const run = story.run.bind(story);
    story.run = (ctx) => {
      runs += 1;
      return run(ctx);
    };
    void story.begun.then(() => story.tell(4));
    const first = await post();
    await first.messages.expect();
    await restart();
    // nginx and HAProxy break it off, Caddy ends it at times as if it were complete; in any case the answer is missing.
    await first.closed;
    expect(first.messages.all.some((one) => "result" in one)).toBe(false);
    const second = post();
    await story.finish();
    const answered = await second;
    expect(await answered.closed).toBe("end");
    expect(answered.messages.all.filter((one) => "result" in one)).toHaveLength(1);
    expect(runs).toBe(1);
  });

  test("the doctor finds nothing to mend", async () => {
    const findings: Finding[] = [];
    const look = { idleMs: 3000, firstEventMs: 1500, direct: at.direct };
    for await (const finding of examine(`${at.base}/mcp`, look)) findings.push(finding);
    expect(findings.filter(isFault)).toEqual([]);
    const sound = findings.filter(({ severity }) => severity === "ok").map(({ id }) => id);
    expect(sound).toEqual(
      expect.arrayContaining(["headers", "http-version", "host", "body-size", "resume", "keep-alive"]),
    );
  });
}
