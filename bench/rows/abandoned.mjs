/** Sessions that are made and never used or ended: what the server still keeps of each after a collection. */
import { failure } from "../lib/outcome.mjs";
import { startServer } from "../lib/server-process.mjs";
import { openSession } from "../load/call-driver.mjs";
import { HttpConnection } from "../load/http-connection.mjs";

/** What a heap differs by from one collection to the next, all the same. */
const NOISE_BYTES = 524_288;

export async function measureAbandoned(row, peers, options) {
  const results = {};
  for (const peer of peers) {
    const server = await startServer(peer, row.order, { label: row.name });
    try {
      results[peer.name] = await abandon(server, options);
    } catch (error) {
      results[peer.name] = failure(error);
    }
    await server.stop();
    options.tick(row.name, peer.name);
  }
  return { [row.name]: results };
}

async function abandon(server, options) {
  // Where each keeps kilobytes, fewer are enough to see it.
  const sessions = server.peer.heavySessions ? options.heavySessions : options.sessions;
  const lanes = Array.from({ length: server.peer.slowSessions ? 1000 : 16 }, () => new HttpConnection(server.port));
  const heap = async (count) => {
    await make(server, lanes, count);
    const { memory } = await server.usage();
    return { heap: memory.heapUsed + memory.external, rss: memory.rss };
  };
  const first = await heap(options.firstSessions);
  const half = await heap(sessions / 2);
  const whole = await heap(sessions / 2);
  for (const lane of lanes) lane.close();
  // The second half: a cache that has filled up is no cost of a session, a cost of every session shows in any part.
  const value = (whole.heap - half.heap) / (sessions / 2);
  const early = (half.heap - first.heap) / (sessions / 2);
  const rss = (whole.rss - first.rss) / sessions;
  const note = `first half ${early.toFixed(0)} B, RSS ${rss.toFixed(0)} B per session`;
  const tolerance = NOISE_BYTES / (sessions / 2);
  return { value, p25: Math.min(value, early), p75: Math.max(value, early), tolerance, rss, sessions, note };
}

async function make({ port, peer }, lanes, count) {
  let left = count;
  const loop = async (connection) => {
    while (left > 0) {
      left--;
      await connection.open();
      await openSession(connection, port, peer);
    }
  };
  await Promise.all(lanes.map(loop));
}
