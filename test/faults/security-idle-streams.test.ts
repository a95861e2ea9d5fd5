/**
 * [50] A thousand streams on which nothing happens, half of each era, to the built package in a process of its own: all of
 * them are kept alive, hear the one thing that happens once, and leave nothing. `npm run soak -- --only idle` does it with ten
 * thousand, and measures what each costs.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { kept } from "./helpers/quick-session.js";
import {
  affordable,
  announce,
  type IdleKind,
  type IdleServer,
  keepAlives,
  openIdle,
  startIdleServer,
  told,
  type Usage,
} from "./helpers/security-idle.js";
import { until } from "./helpers/until.js";

const STREAMS = 1000;
/** Opened and closed before anything is measured: code and caches are there then. */
const FIRST_OF_EACH = 200;
/** In place of 15 s; often enough to see several, seldom enough to be no load. */
const KEEP_ALIVE_MS = 500;
/** What may be resumed is forgotten soon, so that what is left afterwards is left for ever. */
const limits = { keepAliveMs: KEEP_ALIVE_MS, resumeWindowMs: 500, sessionIdleMs: 500 };
const MIB = 1_048_576;
/** What compiled code and tables that have grown make of the second time; a thousand forgotten streams are several times that. */
const HEAP_NOISE_MIB = 2;
/** More than twice what they take: socket, request, response and session together. A buffer kept for each would be above. */
const MAX_KIB_PER_STREAM = 24;
/** Far above what a thousand streams take on a busy machine. */
const BOUND_MS = 30_000;

const alive = ({ handles, timers, listeners }: Pick<Usage, "handles" | "timers" | "listeners">) => {
  return { handles, timers, listeners };
};

let server: IdleServer;
let url: string;
beforeAll(async () => {
  server = await startIdleServer(limits);
  url = `http://127.0.0.1:${server.port}/mcp`;
});
afterAll(() => server?.stop());

/** Opens so many streams of each era, sees that they live, and goes away; gives the heap while they were open. */
async function round(ofEach: number): Promise<number> {
  const kinds: readonly IdleKind[] = ["2025-11-25 GET", "2026-07-28 listen"];
  const streams = (await Promise.all(kinds.map((kind) => openIdle(url, kind, ofEach)))).flat();
  // The sessions were made over connections that would stay open.
  kept.destroy();
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  const { heap } = await server.memory();
  await announce(url);
  await until("all are told", () => streams.every((stream) => told(stream) > 0), BOUND_MS);
  const before = streams.map(keepAlives);
  const lives = () => streams.every((stream, index) => keepAlives(stream) >= (before[index] ?? 0) + 2);
  await until("all are kept alive, twice", lives, BOUND_MS);
  expect(new Set(streams.map(told))).toEqual(new Set([1]));
  expect((await server.state()).handles.TCPSocketWrap).toBeGreaterThanOrEqual(streams.length);
  for (const stream of streams) stream.close();
  return heap;
}

test("[50] a thousand idle streams are kept alive, told once, and leave nothing", { timeout: 120_000 }, async () => {
  const ofEach = Math.floor((await affordable(STREAMS)) / 2);
  await round(FIRST_OF_EACH);
  const first = await server.settled();
  const held = await round(ofEach);
  const second = await server.settled();
  expect((held - first.heap) / (2 * ofEach) / 1024).toBeLessThan(MAX_KIB_PER_STREAM);
  expect(alive(second)).toEqual(alive(server.fresh));
  expect(second.objects).toEqual(server.fresh.objects);
  expect(second.warnings).toEqual([]);
  expect((second.heap - first.heap) / MIB).toBeLessThan(HEAP_NOISE_MIB);
});
