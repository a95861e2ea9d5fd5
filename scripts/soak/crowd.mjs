/** [51] Many readers that stop at once: together they cost no more than all of them together may. */
import { describe } from "./flood.mjs";
import { WAYS } from "./flood-ways.mjs";
import { OTHERS, Others } from "./others.mjs";
import { startServer } from "./process.mjs";
import { KIB, MIB } from "./report.mjs";

const READERS = 200;
/** Before anything is measured, so that code and caches are there. */
const FIRST_READERS = 12;
/** Twice what kernel and queue take for one reader, so that each of them passes its bound. */
const SHAPE = { messages: 640, bytes: 32 * KIB };
const TOTAL_MIB = 32;
const limits = {
  keepAliveMs: 1000,
  resumeWindowMs: 1000,
  sessionIdleMs: 1000,
  maxQueuedBytesTotal: TOTAL_MIB * MIB,
  streamMaxBytesTotal: TOTAL_MIB * MIB,
};
/** Both totals, and the garbage of gigabytes of texts. Each reader alone may have 12 MiB. */
const GROWTH_MIB = 2 * TOTAL_MIB + 200;
const CUT_MS = 20_000;
/** What a heap differs by from one collection to the next, all the same. */
const HEAP_NOISE_MIB = 1;

export async function crowd(report, scale) {
  const count = Math.max(20, Math.round(READERS * scale));
  const row = `${count} stalled readers of ${describe(SHAPE)} each`;
  report.say(`${row} ...`);
  const server = await startServer("http-server.mjs", { limits });
  try {
    const first = await Others.start(server.port);
    const warm = await flooded(server, FIRST_READERS);
    for (const reader of warm) reader.destroy();
    await first.stop();
    const before = await server.settled();
    const others = await Others.start(server.port);
    const rss = await server.watch();
    const readers = await flooded(server, count);
    await server.waitFor(({ handles }) => handles.TCPSocketWrap <= OTHERS, CUT_MS);
    const peak = await server.peak();
    await others.stop();
    // They still do not read: their sockets are gone because the server has ended them.
    const cut = await server.waitFor(({ handles }) => handles.TCPSocketWrap === undefined, CUT_MS);
    for (const reader of readers) reader.destroy();
    const after = await server.settled();
    report.atMost(row, "RSS above before, at its peak", (peak - rss) / MIB, GROWTH_MIB, " MiB");
    report.equal(row, "their connections", cut ? "cut" : "open", "cut");
    report.others(row, others);
    report.nothingLeft(row, server, after);
    report.atMost(row, "heap above before", (after.heap - before.heap) / MIB, HEAP_NOISE_MIB, " MiB");
  } finally {
    await server.stop();
  }
}

/** Readers of every kind at once; resolves when every call has ended, one way or another. */
async function flooded(server, count) {
  const ways = Object.values(WAYS);
  const started = Array.from({ length: count }, (_, index) => ways[index % ways.length](server.port, SHAPE));
  const readers = await Promise.all(started);
  for (let ended = 0; ended < count; ended += 1) await server.event("flooded");
  return readers;
}
