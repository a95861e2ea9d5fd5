/** Streamable HTTP: the standing GET stream, cut at every byte while the server has things to say. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { isWireObject } from "../support/wire-schema.js";
import { assertAlive, KEPT, quickSession } from "./helpers/quick-session.js";
import { assertConsecutive, ResumingReader } from "./helpers/resuming-reader.js";
import { BY_NAME, type Served, serve, TAG } from "./helpers/server.js";
import { blockEnds, TIMINGS, type Timing } from "./helpers/story.js";

const mcp = new McpServer({ name: "faults", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
const URIS = Array.from({ length: 6 }, (_, index) => `test://thing/${index}`);
for (const uri of URIS) mcp.registerResource(uri, uri, {}, async () => ({ contents: [] }));

let served: Served;
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());

/** Where the blocks of the uncut stream end; the first is the priming event. */
let ends: readonly number[] = [];

/** One session that is told of every resource, its standing stream cut once. */
async function standing(name: string, cut: number | undefined, timing: Timing): Promise<Buffer> {
  const session = await quickSession(served.url, "2025-11-25");
  for (const uri of URIS) await session.post(session.message("resources/subscribe", { uri }), KEPT);
  let said = 0;
  const say = (until: number) => {
    for (; said < until; said += 1) mcp.sendResourceUpdated({ uri: URIS[said] ?? "" });
  };
  const enough = cut === undefined ? URIS.length : ends.findIndex((end) => end >= cut);
  const reader = new ResumingReader({
    open: async ({ number, lastEventId, cut: bytes }) => {
      const stream = await session.listen(lastEventId, { headers: { [TAG]: `${name} ${number}` }, ...bytes });
      say(number === 0 && timing !== "burst" ? enough : URIS.length);
      return stream;
    },
    ...(cut !== undefined && { cuts: [cut] }),
    onCut: async () => {
      if (timing !== "gap") return;
      await served.gone(`${name} 0`);
      say(URIS.length);
    },
  });
  for (const _ of URIS) await reader.messages.expect();
  const raw = reader.streams[0]?.raw ?? Buffer.alloc(0);
  await reader.close();
  await session.end();
  const told = reader.messages.all.map(({ params }) => (isWireObject(params) ? params.uri : undefined));
  expect(told).toEqual(URIS);
  assertConsecutive(reader.ids);
  return raw;
}

test("[15] cut after every byte from its priming event on: every notification once and in order", {
  timeout: 60_000,
}, async () => {
  ends = blockEnds(await standing("measure", undefined, "burst"));
  const [primed = 0] = ends;
  for (let at = primed; at <= (ends.at(-1) ?? 0); at += 1) {
    await standing(`cut ${at}`, at, TIMINGS[at % TIMINGS.length] ?? "burst");
  }
  expect(definitionOf(mcp).hub.size).toBe(0);
});

test("a cut before the priming event loses the stream, not the session: the next one is told what comes", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  for (const uri of URIS) await session.post(session.message("resources/subscribe", { uri }), KEPT);
  const first = await session.listen(undefined, { cutAfter: 1 });
  await first.closed;
  const second = await session.listen();
  mcp.sendResourceUpdated({ uri: URIS[0] ?? "" });
  expect((await second.messages.expect()).params).toEqual({ uri: URIS[0] });
  await session.end();
  expect(await second.closed).toBe("end");
});

test("[43] two standing streams: what belongs to no request goes to the newest, never to both", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  for (const uri of URIS) await session.post(session.message("resources/subscribe", { uri }), KEPT);
  const older = await session.listen();
  const newer = await session.listen();
  for (const uri of URIS) mcp.sendResourceUpdated({ uri });
  for (const uri of URIS) expect((await newer.messages.expect()).params).toEqual({ uri });
  await session.end();
  expect([await older.closed, await newer.closed]).toEqual(["end", "end"]);
  expect(older.messages.all).toEqual([]);
});

test("[15] the newest standing stream is gone and an older one still open: nothing is lost for ever", async () => {
  const session = await quickSession(served.url, "2025-11-25");
  for (const uri of URIS) await session.post(session.message("resources/subscribe", { uri }), KEPT);
  const older = await session.listen();
  const newer = await session.listen(undefined, { headers: { [TAG]: "newer" } });
  newer.cutAfter(ends[0] ?? 1);
  await served.gone("newer");
  mcp.sendResourceUpdated({ uri: URIS[0] ?? "" });
  const back = await session.listen(newer.parser.lastEventId);
  const first = Promise.race([older.messages.expect(), back.messages.expect()]);
  expect((await first).params).toEqual({ uri: URIS[0] });
  await session.end();
});

test("[15] the newest standing stream is gone without an id to resume by: an older one that is open gets what comes", async () => {
  const session = await quickSession(served.url, "2025-06-18");
  for (const uri of URIS) await session.post(session.message("resources/subscribe", { uri }), KEPT);
  const older = await session.listen();
  const newer = await session.listen(undefined, { headers: { [TAG]: "no id" } });
  newer.close();
  await served.gone("no id");
  mcp.sendResourceUpdated({ uri: URIS[0] ?? "" });
  await assertAlive(session);
  await session.end();
  await older.closed;
  expect(older.messages.all.map(({ method }) => method)).toEqual(["notifications/resources/updated"]);
});
