/** [51, S14] One call that sends a gigabyte of progress to a reader that has stopped reading. */
import { floodStdio } from "./flood-stdio.mjs";
import { WAYS } from "./flood-ways.mjs";
import { OTHERS, Others } from "./others.mjs";
import { startServer } from "./process.mjs";
import { KIB, MIB } from "./report.mjs";

/** A gigabyte each. */
const MANY_SMALL = { messages: 100_000, bytes: 10 * KIB };
const FEW_LARGE = { messages: 1000, bytes: MIB };
/** What one slow reader may cost: its queue (4 MiB), its log (8 MiB) and the garbage of a gigabyte of texts. */
const GROWTH_MIB = 200;
/** What is still held when the call has ended: queue and log, a message over the bound in each, and some noise. */
const HELD_MIB = 16;
/** Two silences of a keep-alive cut a reader whose queue stays below its bound. */
const limits = { keepAliveMs: 5000 };
const CUT_MS = 20_000;
const FLOOD_MS = 120_000;
/** Bytes of text that are sent before anything is measured: code, and the first heap. */
const WARM = { messages: 200, bytes: 10 * KIB };

export const flood = (report, scale) => everyWay(report, MANY_SMALL, scale);

export const floodLarge = (report, scale) => everyWay(report, FEW_LARGE, scale);

async function everyWay(report, { messages, bytes }, scale) {
  const shape = { messages: Math.round(messages * scale), bytes };
  for (const way of Object.keys(WAYS)) await oneWay(report, way, shape);
  await floodStdio(report, { shape, warm: WARM, growthMib: GROWTH_MIB, heldMib: HELD_MIB, floodMs: FLOOD_MS });
}

async function oneWay(report, way, shape) {
  const row = `${describe(shape)} to nobody, ${way}`;
  report.say(`${row} ...`);
  const server = await startServer("http-server.mjs", { limits, objects: false });
  try {
    const warm = await WAYS[way](server.port, WARM);
    await server.event("flooded");
    warm.destroy();
    const others = await Others.start(server.port);
    const before = await server.memory();
    const rss = await server.watch();
    const reader = await WAYS[way](server.port, shape);
    const { sent, aborted } = await server.event("flooded", FLOOD_MS);
    const held = await server.memory();
    await server.waitFor(({ handles }) => handles.TCPSocketWrap <= OTHERS, CUT_MS);
    const peak = await server.peak();
    await others.stop();
    // The reader still does not read: its socket is gone because the server has ended it.
    const cut = await server.waitFor(({ handles }) => handles.TCPSocketWrap === undefined, CUT_MS);
    reader.destroy();
    report.atMost(row, "RSS above before, at its peak", (peak - rss) / MIB, GROWTH_MIB, " MiB");
    report.atMost(row, "heap above before, when the call has ended", (held.heap - before.heap) / MIB, HELD_MIB, " MiB");
    report.equal(row, "the connection of the reader", cut ? "cut" : "open", "cut");
    report.equal(row, "the call", fate({ sent, aborted }, shape), way === "2026-07-28" ? "told" : "sent all");
    report.others(row, others);
  } finally {
    await server.stop();
  }
}

export function describe({ messages, bytes }) {
  const size = bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes / KIB} KiB`;
  return `${messages} x ${size}`;
}

/** A call of 2026-07-28 ends with its connection, others run to their end. */
export function fate({ sent, aborted }, { messages }) {
  if (aborted) return "told";
  return sent === messages ? "sent all" : `sent ${sent} of ${messages}`;
}
