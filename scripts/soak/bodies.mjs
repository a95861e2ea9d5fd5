/** [61, S13] Bodies that are too long, lie about their length, never end, or come from nobody who may speak. */
import { inLanes } from "./lanes.mjs";
import { Others } from "./others.mjs";
import { startServer } from "./process.mjs";
import { RawClient } from "./raw.mjs";
import { KIB, MIB } from "./report.mjs";

const REQUESTS = 1000;
const LANES = 32;
/** Held open together: ten times what bodies may take. */
const HELD = 640;
const HELD_BYTES = MIB;
const HELD_MS = 20_000;
const limits = { maxBodyBytes: 2 * MIB, maxBodyBytesTotal: 64 * MIB, requestTimeoutMs: 6000, headersTimeoutMs: 3000 };
/** Bodies up to their bound in every lane at once, and the garbage of them. */
const GROWTH_MIB = 160;
/** What a heap differs by from one collection to the next, all the same. */
const HEAP_NOISE_MIB = 1;
const PIECE = Buffer.alloc(64 * KIB, 0x20);
/** Far more than any bound here. */
const ENDLESS_BYTES = 64 * MIB;
const GIVE_UP_MS = 30_000;
const CUT = "cut";

/**
 * What each kind says of its body, what it sends, and the status that answers it. Who still sends when the server hangs
 * up may lose the answer to the reset that follows, so what never ends is answered or cut.
 */
const KINDS = {
  "a length over the bound": { header: `content-length: ${3 * MIB}`, sends: 3 * MIB, status: 413 },
  "chunked without an end": { header: "transfer-encoding: chunked", sends: ENDLESS_BYTES, status: 413 },
  "a body longer than it says": { header: "content-length: 10", sends: 30, status: 400 },
  "a length in hexadecimal": { header: "content-length: 0x100000", status: 400 },
  "a length of 1e9": { header: "content-length: 1e9", status: 400 },
  "a length of +5": { header: "content-length: +5", status: 400 },
  "a negative length": { header: "content-length: -1", status: 400 },
  "two lengths": { header: "content-length: 5\r\ncontent-length: 6", status: 400 },
  "without an end, of nobody": {
    header: "x-nobody: yes\r\ntransfer-encoding: chunked",
    sends: ENDLESS_BYTES,
    status: 401,
  },
};

export async function bodies(report, scale) {
  const count = Math.round(REQUESTS * scale);
  const server = await startServer("http-server.mjs", { limits });
  try {
    for (const kind of Object.values(KINDS)) await send(server.port, kind, LANES);
    await server.settled();
    for (const [what, kind] of Object.entries(KINDS)) await oneKind(report, server, { what, kind, count });
    await heldOpen(report, server, Math.round(HELD * scale));
  } finally {
    await server.stop();
  }
}

async function oneKind(report, server, { what, kind, count }) {
  const row = `${count} bodies: ${what}`;
  const rss = await server.watch();
  const statuses = await send(server.port, kind, count);
  const peak = await server.peak();
  const after = await server.settled();
  const endless = kind.sends === ENDLESS_BYTES;
  const wrong = statuses.filter((status) => status !== kind.status && !(endless && status === CUT));
  report.note(row, "answers", tally(statuses));
  report.equal(row, `answers other than ${kind.status}${endless ? " or a cut" : ""}`, wrong.length, 0);
  report.atMost(row, "RSS above before, at its peak", (peak - rss) / MIB, GROWTH_MIB, " MiB");
  report.nothingLeft(row, server, after);
}

/** Sends what each has to send, until the server has answered or hung up. */
async function send(port, { header, sends = 0 }, count) {
  const statuses = [];
  await inLanes(count, LANES, async () => {
    const client = await post(port, header);
    const answer = answerOf(client);
    if (sends === ENDLESS_BYTES) client.pour(chunk(PIECE), sends);
    else client.pour(PIECE, sends);
    statuses.push(await within(GIVE_UP_MS, answer));
    client.destroy();
  });
  return statuses;
}

async function post(port, header) {
  const client = await RawClient.open(port);
  const accept = "accept: application/json, text/event-stream\r\ncontent-type: application/json";
  client.write(`POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${accept}\r\n${header}\r\n\r\n`);
  return client;
}

/** The status of the answer. */
function answerOf(client) {
  return client.readUntil(/HTTP\/1\.1 (\d+) /).then(
    ([, status]) => Number(status),
    () => CUT,
  );
}

function chunk(bytes) {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** Clients that send nearly all of a body and then wait, all at once. */
async function heldOpen(report, server, count) {
  const row = `${count} bodies of ${HELD_BYTES / MIB} MiB, all but the last byte`;
  report.say(`${row} ...`);
  // Once before anything is measured, the calls of others too, so that code and caches are there.
  const first = await Others.start(server.port);
  await nearlyAll(server.port, count);
  await first.stop();
  const before = await server.settled();
  const others = await Others.start(server.port);
  const rss = await server.watch();
  const answered = await nearlyAll(server.port, count);
  const peak = await server.peak();
  await others.stop();
  const after = await server.settled();
  report.note(row, "answered", answered);
  report.atMost(row, "RSS above before, at its peak", (peak - rss) / MIB, GROWTH_MIB, " MiB");
  report.others(row, others);
  report.nothingLeft(row, server, after);
  report.atMost(row, "heap above before", (after.heap - before.heap) / MIB, HEAP_NOISE_MIB, " MiB");
}

/** Resolves with the statuses of the answers, or `nothing` when some did not come in time. */
async function nearlyAll(port, count) {
  const clients = [];
  const statuses = [];
  await inLanes(count, LANES, async () => {
    const client = await post(port, `content-length: ${HELD_BYTES}`);
    clients.push(client);
    statuses.push(answerOf(client));
    client.pour(PIECE, HELD_BYTES - 1);
    await client.poured;
  });
  const answered = tally(await within(HELD_MS, Promise.all(statuses)));
  for (const client of clients) client.destroy();
  return answered;
}

function tally(statuses) {
  if (!Array.isArray(statuses)) return statuses;
  const counts = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return Object.entries(counts)
    .map(([status, count]) => `${status} x ${count}`)
    .join(", ");
}

function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve("nothing"), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
