/**
 * Idle streams: what each costs in memory above a bare one, and what one notification to all of them costs in CPU
 * against a bare server that writes to as many.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startHolder } from "../lib/holder-process.mjs";
import { failure } from "../lib/outcome.mjs";
import { startServer } from "../lib/server-process.mjs";
import { median, summary } from "../lib/stats.mjs";

const KIB = 1024;
const SETTLE_MS = 30;
/** Streams opened and notified before anything is measured, so that code and caches are there. */
const FIRST_STREAMS = 200;
const WARM_NOTIFICATIONS = 3;

export async function measureStreams(row, peers, options) {
  const results = { idle: {}, fanout: {} };
  const [barePeer, ...others] = peers;
  const bare = await hold(row, barePeer, options);
  try {
    results.idle.bare = memoryOutcome(bare, bare, options);
    results.fanout.bare = fanoutOutcome([await fanout(bare)], []);
    for (const peer of others) {
      try {
        await onePeer(row, peer, { bare, results, options });
      } catch (error) {
        results.idle[peer.name] ??= failure(error);
        results.fanout[peer.name] = failure(error);
      }
      options.tick(row.name, peer.name);
    }
  } finally {
    await leave(bare);
  }
  return results;
}

async function onePeer(row, peer, { bare, results, options }) {
  const held = await hold(row, peer, options);
  try {
    results.idle[peer.name] = memoryOutcome(held, bare, options);
    const samples = [];
    const bases = [];
    for (let round = 0; round < options.rounds; round++) {
      bases.push(await fanout(bare));
      samples.push(await fanout(held));
    }
    results.fanout[peer.name] = fanoutOutcome(samples, bases);
  } finally {
    await leave(held);
  }
}

async function hold(row, peer, { streams }) {
  const server = await startServer(peer, row.order, { label: row.name });
  let holder;
  try {
    holder = await startHolder(server);
    await holder.open(FIRST_STREAMS);
    for (let round = 0; round < WARM_NOTIFICATIONS; round++) await fanout({ server, holder, streams: 1 });
    const before = await server.usage();
    await holder.open(streams);
    const after = await server.usage();
    const held = { server, holder, streams: FIRST_STREAMS + streams };
    for (let round = 0; round < WARM_NOTIFICATIONS; round++) await fanout(held);
    const perStream = (of) => (of(after.memory) - of(before.memory)) / streams / KIB;
    held.rssKib = perStream((memory) => memory.rss);
    held.heapKib = perStream((memory) => memory.heapUsed + memory.external);
    return held;
  } catch (error) {
    await leave({ server, holder });
    throw error;
  }
}

/** Microseconds of CPU per stream for one notification to all, each of which must arrive once. */
async function fanout({ server, holder, streams }) {
  const { done } = await holder.expect();
  const before = server.cpuUs();
  await server.notify();
  await done;
  await sleep(SETTLE_MS);
  return (server.cpuUs() - before) / streams;
}

function memoryOutcome({ rssKib, heapKib }, bare, { streams }) {
  const above = { rssKib: rssKib - bare.rssKib, heapKib: heapKib - bare.heapKib };
  const note = `RSS ${rssKib.toFixed(1)} KiB, heap ${heapKib.toFixed(1)} KiB in all; heap above bare ${above.heapKib.toFixed(1)}`;
  return { value: above.rssKib, p25: above.rssKib, p75: above.rssKib, rssKib, heapKib, above, streams, note };
}

function fanoutOutcome(samples, bases) {
  const ratios = samples.map((us, round) => us / (bases[round] ?? us));
  const { p25, p75 } = summary(ratios);
  return { value: median(ratios), p25, p75, us: summary(samples), samples };
}

async function leave({ server, holder }) {
  await holder?.stop();
  await server.stop();
}
