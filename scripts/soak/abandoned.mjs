/** [54, S12] Sessions that are opened and never used or ended: what is left of each. */
import { openSession } from "../../bench/load/call-driver.mjs";
import { HttpConnection } from "../../bench/load/http-connection.mjs";
import { httpRequest, initialize, LEGACY, request } from "../../bench/load/messages.mjs";
import { inLanes } from "./lanes.mjs";
import { startServer } from "./process.mjs";
import { MIB } from "./report.mjs";

const LANES = 16;
/** More than the cache of ids made last holds (128), so that it is full before anything is measured; */
const FIRST_SESSIONS = 500;
/** and more than the cache of ids in use (2048). */
const FIRST_USED = 2300;
/** As many as the security record asks for. */
const SESSIONS = 100_000;
/** Sessions that hold something until they have been silent for `sessionIdleMs`. */
const HOLDING = 20_000;
const limits = { sessionIdleMs: 300 };
/** What a heap differs by from one collection to the next, all the same: three times what was seen, up or down. */
const HEAP_NOISE_BYTES = MIB;
/** What a heap has left over depends on the size of the last burst: before both measurements it is this one. */
const LAST_SESSIONS = 300;

export async function abandoned(report, scale) {
  const server = await startServer("http-server.mjs", { limits });
  try {
    await neverUsed(report, server, Math.round(SESSIONS * scale));
    await neverEnded(report, server, Math.round(HOLDING * scale));
  } finally {
    await server.stop();
  }
}

async function neverUsed(report, server, count) {
  const row = `${count} sessions opened and never used`;
  report.say(`${row} ...`);
  await open(server, FIRST_SESSIONS);
  const before = await server.settled();
  await open(server, count);
  const after = await server.settled();
  const bytes = (after.heap - before.heap) / count;
  report.atMost(row, "heap kept of each", Math.max(0, bytes), HEAP_NOISE_BYTES / count, " B");
  report.note(row, "RSS above before", (after.rss - before.rss) / MIB, " MiB");
  report.nothingLeft(row, server, after);
}

/** A log level is something to remember; it is forgotten together with a session that is silent for long. */
async function neverEnded(report, server, count) {
  const row = `${count} sessions with a log level, never ended`;
  report.say(`${row} ...`);
  const setLevel = async (connection) => {
    const headers = await openSession(connection, server.port, { name: "soak" });
    const message = request("logging/setLevel", { level: "debug" });
    const { status } = await connection.exchange(httpRequest({ port: server.port, headers, message }).bytes);
    if (status !== 200) throw new Error(`logging/setLevel was answered with ${status}`);
  };
  const opened = async (sessions) => {
    await open(server, sessions, setLevel);
    await server.settled();
    await open(server, LAST_SESSIONS, setLevel);
    return await server.settled();
  };
  const before = await opened(FIRST_USED);
  const after = await opened(count);
  report.atMost(row, "heap above before", (after.heap - before.heap) / MIB, HEAP_NOISE_BYTES / MIB, " MiB");
  report.nothingLeft(row, server, after);
}

async function open({ port }, count, make = initializeOnly) {
  const connections = Array.from({ length: LANES }, () => new HttpConnection(port));
  await inLanes(count, LANES, async (_, lane) => {
    await connections[lane].open();
    await make(connections[lane], port);
  });
  for (const connection of connections) connection.close();
}

async function initializeOnly(connection, port) {
  const { bytes } = httpRequest({ port, message: initialize(LEGACY) });
  const { status, text } = await connection.exchange(bytes);
  if (status !== 200) throw new Error(`initialize was answered with ${status}: ${text}`);
}
