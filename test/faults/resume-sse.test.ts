/** HTTP+SSE: the stream cut at every byte; the client comes back with the Last-Event-ID it has, as an EventSource does. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { forEachNumber } from "./helpers/pool.js";
import { BY_NAME, type Served, serve } from "./helpers/server.js";
import { type Shape, SseRuns } from "./helpers/sse-runs.js";
import { Stories, TIMINGS } from "./helpers/story.js";

const mcp = new McpServer({ name: "faults", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger });
const stories = new Stories(mcp);
let served: Served;
let runs: SseRuns;
let shape: Shape;
beforeAll(async () => {
  served = await serve(mcp);
  runs = new SseRuns(served, stories);
  shape = await runs.measure();
});
afterAll(() => served.close());

test("[6, 15, 60] a stream cut after every byte gives the rest once and in order, on the same session", {
  timeout: 60_000,
}, async () => {
  const length = shape.ends.at(-1) ?? 0;
  await forEachNumber(length, 16, async (at) => {
    const timing = TIMINGS[at % TIMINGS.length] ?? "burst";
    const { connections } = await runs.run({ name: `cut ${at}`, cuts: [at], timing });
    // After the last byte there is nothing left to come back for.
    if (at < length) expect(connections).toBe(2);
  });
  expect(definitionOf(mcp).calls.size).toBe(0);
});

test("[15] two, three and four cuts in one session, from its first byte on", { timeout: 60_000 }, async () => {
  const offset = fc.integer({ min: 1, max: shape.ends.at(-1) ?? 1 });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(offset, { minLength: 2, maxLength: 4 }),
      fc.constantFrom(...TIMINGS),
      async (cuts, timing) => {
        run += 1;
        await runs.run({ name: `cuts ${run}`, cuts, timing });
      },
    ),
    { numRuns: 200, verbose: 1 },
  );
});
