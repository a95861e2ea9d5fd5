/** [50] Thousands of streams on which nothing happens: what each costs, that it is kept alive, and that it leaves nothing. */
import { affordable } from "./lanes.mjs";
import { startServer } from "./process.mjs";
import { KIB, MIB } from "./report.mjs";
import { heardOnAll, KINDS, leaveStreams, openStreams } from "./streams.mjs";

/** Opened and closed before anything is measured, so that code and caches are there. */
const FIRST_STREAMS = 200;
/** Instead of 15 s: five times as much work for the same streams. */
const KEEP_ALIVE_MS = 3000;
const ROUNDS = 3;
const limits = { keepAliveMs: KEEP_ALIVE_MS, resumeWindowMs: 1000, sessionIdleMs: 1000 };

/** First milestone of the design at 10,000 streams; the goal is half of it. */
const ABOVE_BARE_KIB = 6;
/** With fewer, what a process has taken and given back hides what a stream costs in resident memory. */
const RSS_STREAMS = 5000;
/** Half a second of the ticker, and as much again for a burst of ten thousand writes on a busy machine. */
const LATE_MS = 2000;
/** At a fifth of the usual interval; at the usual one it is less than a third of this. */
const IDLE_CPU_PERCENT = 15;
/** What a heap differs by from one collection to the next, all the same. */
const HEAP_NOISE_MIB = 1;

export async function idle(report, scale) {
  for (const wanted of [2000, 10_000]) {
    const count = affordable(Math.round(wanted * scale), report.say.bind(report));
    for (const kind of Object.keys(KINDS)) await oneKind(report, kind, count);
  }
}

async function oneKind(report, kind, count) {
  const row = `${count} idle, ${kind}`;
  report.say(`${row} ...`);
  const bare = await withServer("bare-server.mjs", (server) => hold(server, kind, count));
  await withServer("http-server.mjs", async (server) => {
    const held = await hold(server, kind, count);
    report.atMost(row, "heap per stream above bare", held.heapKib - bare.heapKib, ABOVE_BARE_KIB, " KiB");
    if (count >= RSS_STREAMS) {
      report.atMost(row, "RSS per stream above bare", held.rssKib - bare.rssKib, ABOVE_BARE_KIB, " KiB");
    }
    report.note(row, "RSS per stream in all (bare)", `${held.rssKib.toFixed(1)} (${bare.rssKib.toFixed(1)})`, " KiB");
    report.equal(row, "streams kept alive in every round", held.kept, held.streams.length);
    report.atMost(row, "longest silence", held.silenceMs, KEEP_ALIVE_MS + LATE_MS, " ms");
    report.atMost(row, "CPU while idle", held.cpuPercent, IDLE_CPU_PERCENT, " %");
    report.note(row, "the same of bare", bare.cpuPercent, " %");
    leaveStreams(held.streams);
    const first = await server.settled();
    // What caches have taken once is no cost of a stream: the second time must take nothing.
    leaveStreams(await openStreams(server.port, kind, count));
    const second = await server.settled();
    report.nothingLeft(row, server, second);
    report.atMost(row, "heap above before, the second time", (second.heap - first.heap) / MIB, HEAP_NOISE_MIB, " MiB");
    report.equal(row, "warnings of Node", second.warnings.join("; "), "");
  });
}

async function withServer(file, work) {
  const server = await startServer(file, { limits });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Opens the streams and listens for some rounds of keep-alives. */
async function hold(server, kind, count) {
  const streams = await openStreams(server.port, kind, FIRST_STREAMS);
  const before = await server.memory();
  streams.push(...(await openStreams(server.port, kind, count)));
  const after = await server.memory();
  const perStream = (name) => (after[name] - before[name]) / count / KIB;
  // One round first: the collections that were asked for above are no silence of the server's.
  await heardOnAll(streams, 1, 3 * KEEP_ALIVE_MS);
  for (const stream of streams) stream.longestSilenceMs = 0;
  const cpu = await server.cpuUs();
  const start = performance.now();
  await heardOnAll(streams, ROUNDS, 3 * ROUNDS * KEEP_ALIVE_MS);
  const spentUs = (await server.cpuUs()) - cpu;
  const cpuPercent = spentUs / ((performance.now() - start) * 10);
  return {
    streams,
    heapKib: perStream("heap"),
    rssKib: perStream("rss"),
    cpuPercent,
    kept: streams.filter((stream) => !stream.ended && stream.comments > ROUNDS).length,
    silenceMs: streams.reduce((longest, stream) => Math.max(longest, stream.longestSilenceMs), 0),
  };
}
