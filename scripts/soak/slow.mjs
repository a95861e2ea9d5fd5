/** [69] Clients that send a byte a second, or nothing: they are cut, and nobody else waits for them. */
import { httpRequest, initialize, LEGACY } from "../../bench/load/messages.mjs";
import { affordable, inLanes } from "./lanes.mjs";
import { Others } from "./others.mjs";
import { startServer } from "./process.mjs";
import { RawClient } from "./raw.mjs";
import { KIB, MIB } from "./report.mjs";

const CLIENTS = 3000;
const LANES = 64;
const DRIP_MS = 1000;
/** Instead of 15 s and 60 s. */
const limits = { headersTimeoutMs: 3000, requestTimeoutMs: 6000 };
/** Connections are looked at as often as the shorter of the two; and some time for a busy machine. */
const LOOK_MS = limits.headersTimeoutMs;
const SLACK_MS = 2000;
const GIVE_UP_MS = 60_000;
/** What a connection costs that has not asked for anything yet. */
const CONNECTION_KIB = 16;
/** What a heap differs by from one collection to the next, all the same. */
const HEAP_NOISE_MIB = 1;

/** What is sent at once, and what is sent then, piece by piece. */
const DRIPS = {
  "a header a second": { first: headers, piece: "x-slow: 1\r\n", boundMs: limits.headersTimeoutMs },
  "a byte of a body a second": { first: body, piece: " ", boundMs: limits.requestTimeoutMs },
  "nothing at all": { first: () => "", piece: "", boundMs: limits.headersTimeoutMs },
};

export async function slow(report, scale) {
  const count = affordable(Math.round(CLIENTS * scale), report.say.bind(report));
  for (const [what, drip] of Object.entries(DRIPS)) await oneDrip(report, { what, drip, count });
}

async function oneDrip(report, { what, drip, count }) {
  const row = `${count} clients that send ${what}`;
  report.say(`${row} ...`);
  const server = await startServer("http-server.mjs", { limits });
  try {
    // Once before anything is measured, so that code and caches are there.
    const first = await Others.start(server.port);
    await (await dripping(server.port, drip, count)).gone;
    await first.stop();
    const before = await server.settled();
    const others = await Others.start(server.port);
    const clients = await dripping(server.port, drip, count);
    const held = await server.memory();
    const { cut, latestMs } = await clients.gone;
    await others.stop();
    const after = await server.settled();
    report.equal(row, "cut by the server", cut, count);
    report.atMost(row, "the last of them after", latestMs, drip.boundMs + LOOK_MS + SLACK_MS, " ms");
    report.atMost(row, "heap of each", (held.heap - before.heap) / count / KIB, CONNECTION_KIB, " KiB");
    report.others(row, others);
    report.nothingLeft(row, server, after);
    report.atMost(row, "heap above before", (after.heap - before.heap) / MIB, HEAP_NOISE_MIB, " MiB");
  } finally {
    await server.stop();
  }
}

function headers(port) {
  return httpRequest({ port, message: initialize(LEGACY) })
    .bytes.toString("latin1")
    .split("\r\n\r\n")[0]
    .concat("\r\n");
}

function body(port) {
  const text = httpRequest({ port, message: initialize(LEGACY) }).bytes.toString("latin1");
  return text.slice(0, text.indexOf("\r\n\r\n") + 8);
}

/** Connects all of them; `gone` resolves with how many the server has cut, and how long the last one lasted. */
async function dripping(port, { first, piece }, count) {
  const clients = [];
  const ends = [];
  const outcome = { cut: 0, latestMs: 0 };
  let givenUp = false;
  await inLanes(count, LANES, async () => {
    const client = await RawClient.open(port);
    const start = performance.now();
    client.drain();
    client.write(first(port));
    clients.push(client);
    const ended = () => {
      if (!givenUp) outcome.cut += 1;
      outcome.latestMs = Math.max(outcome.latestMs, performance.now() - start);
    };
    ends.push(client.closed.then(ended));
  });
  const timer = setInterval(() => {
    if (piece !== "") for (const client of clients) client.write(piece);
  }, DRIP_MS);
  const giveUp = setTimeout(() => {
    givenUp = true;
    for (const client of clients) client.destroy();
  }, GIVE_UP_MS);
  const gone = Promise.all(ends).then(() => {
    clearInterval(timer);
    clearTimeout(giveUp);
    return outcome;
  });
  // Wrapped, because what an async function returns is waited for.
  return { gone };
}
