/** Streamable HTTP, 2025-03-26 to 2025-11-25: answers cut at every byte and resumed by GET with Last-Event-ID. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import type { Revision } from "../support/wire-schema.js";
import { forEachNumber } from "./helpers/pool.js";
import { assertAlive, quickSession } from "./helpers/quick-session.js";
import { assertConsecutive, ResumingReader } from "./helpers/resuming-reader.js";
import { BY_NAME, type Served, serve, TAG } from "./helpers/server.js";
import {
  blockEnds,
  expectedMessages,
  type Shape,
  STEPS,
  Stories,
  stepsFor,
  TIMINGS,
  type Timing,
} from "./helpers/story.js";

const mcp = new McpServer({ name: "faults", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
const stories = new Stories(mcp);
let served: Served;
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());

/** The same for every run because all ids have the same length. */
const shapes = new Map<Revision, Promise<Shape>>();

function shapeOf(revision: Revision): Promise<Shape> {
  const known = shapes.get(revision) ?? measure(revision);
  shapes.set(revision, known);
  return known;
}

async function measure(revision: Revision): Promise<Shape> {
  const session = await quickSession(served.url, revision);
  const name = `measure ${revision}`;
  const opening = session.open(session.message("tools/call", stories.params(name), 1));
  await stories.get(name).begun;
  await stories.get(name).finish();
  const stream = await opening;
  await stream.closed;
  // Only 2025-11-25 has an event that primes: number 0, before the first notification.
  const primed = revision === "2025-11-25";
  return { ends: blockEnds(stream.raw), firstSeq: primed ? 0 : 1, firstStep: primed ? 1 : 0 };
}

interface Run {
  readonly revision: Revision;
  readonly name: string;
  readonly cuts: readonly number[];
  readonly timing: Timing;
}

/** One call in a session of its own, its connections cut; true when the client got all of it. */
async function runCut({ revision, name, cuts, timing }: Run): Promise<boolean> {
  const shape = await shapeOf(revision);
  const session = await quickSession(served.url, revision);
  const story = stories.get(name);
  const tag = (attempt: number) => ({ [TAG]: `${name} ${attempt}` });
  const reader = new ResumingReader({
    open: async ({ number, lastEventId, cut }) => {
      const options = { headers: tag(number), ...cut };
      if (number === 0) return session.open(session.message("tools/call", stories.params(name), 1), options);
      if (lastEventId === undefined) return undefined;
      const stream = await session.listen(lastEventId, options);
      if (timing === "live") await story.advance(stepsFor(shape, lastEventId, cuts[number]));
      return stream;
    },
    cuts,
    onCut: async ({ number, lastEventId }) => {
      if (timing !== "gap") return;
      await served.gone(`${name} ${number}`);
      await story.advance(stepsFor(shape, lastEventId, cuts[number + 1]));
    },
  });
  await story.begun;
  await story.advance(timing === "burst" ? STEPS + 1 : stepsFor(shape, undefined, cuts[0]));
  const outcome = await reader.done;
  if (!story.ended) await story.finish();
  if (outcome === "end") {
    expect(reader.messages.all).toEqual(expectedMessages(1, 7));
    assertConsecutive(reader.ids);
  } else {
    expect(reader.messages.all).toEqual([]);
    await assertAlive(session);
  }
  return outcome === "end";
}

describe.each<Revision>(["2025-11-25", "2025-06-18", "2025-03-26"])("%s", (revision) => {
  test("[6, 15, 60] a POST stream cut after every byte gives the rest once and in order", {
    timeout: 60_000,
  }, async () => {
    const { ends } = await shapeOf(revision);
    const length = ends.at(-1) ?? 0;
    const lost: number[] = [];
    await forEachNumber(length, 8, async (at) => {
      const timing = TIMINGS[at % TIMINGS.length] ?? "burst";
      if (!(await runCut({ revision, name: `${revision} ${at}`, cuts: [at], timing }))) lost.push(at);
    });
    // Before the first event id nothing was promised: the priming event, or the first notification where there is none.
    expect(lost.sort((a, b) => a - b)).toEqual(Array.from({ length: (ends[0] ?? 0) - 1 }, (_, index) => index + 1));
    expect(definitionOf(mcp).calls.size).toBe(0);
  });

  test("[15] two and three cuts in one call", { timeout: 60_000 }, async () => {
    const { ends } = await shapeOf(revision);
    const from = ends[0] ?? 1;
    const offset = fc.integer({ min: 1, max: (ends.at(-1) ?? 0) - from });
    const cuts = fc.tuple(offset, offset, fc.option(offset, { nil: undefined }));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(cuts, fc.constantFrom(...TIMINGS), async ([first, second, third], timing) => {
        const all = [from + first - 1, second, ...(third === undefined ? [] : [third])];
        run += 1;
        expect(await runCut({ revision, name: `${revision} pair ${run}`, cuts: all, timing })).toBe(true);
      }),
      { numRuns: 100, verbose: 1 },
    );
  });
});
