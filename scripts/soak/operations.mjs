/** [20] A million calls with a key each, recorded and forgotten again: memory, and the file of the store, stay flat. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HttpConnection } from "../../bench/load/http-connection.mjs";
import { call, FIRST_ID, httpRequest, MARK } from "../../bench/load/messages.mjs";
import { inLanes } from "./lanes.mjs";
import { startServer } from "./process.mjs";
import { MIB } from "./report.mjs";

const CALLS = 1_000_000;
/** As many as wait for one flush of the disk. */
const LANES = 64;
/** How long an outcome is kept, and its key after that: what is recorded in this time is all that is ever there. */
const KEPT_MS = 1000;
const limits = { operationTtlMs: KEPT_MS, operationTombstoneMs: KEPT_MS };
/** Measured at the end of each part. The first one fills what is kept; the others must add nothing to it. */
const PARTS = 4;
/** What a heap differs by from one collection to the next, all the same, while calls have just ended. */
const HEAP_NOISE_BYTES = 8 * MIB;
/** How much a file may grow after its first part: LMDB uses pages again, but keeps some apart for readers. */
const FILE_GROWTH = 1.5;

export async function operations(report, scale) {
  const count = Math.round(CALLS * scale);
  await recorded(report, count, undefined);
  const dir = mkdtempSync(join(tmpdir(), "holdfast-soak-"));
  try {
    await recorded(report, count, dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function recorded(report, count, dir) {
  const row = `${count} calls with a key, ${dir === undefined ? "in memory" : "on disk (LMDB)"}`;
  report.say(`${row} ...`);
  const server = await startServer("http-server.mjs", { limits, store: dir && `lmdb:${dir}`, objects: false });
  try {
    const parts = [];
    const startedAt = performance.now();
    for (let part = 0; part < PARTS; part += 1) {
      await write(server, Math.round(count / PARTS), part * Math.round(count / PARTS));
      const { heap } = await server.memory();
      parts.push({ heap, file: dir === undefined ? 0 : statSync(join(dir, "data", "data.mdb")).size });
      report.say(`${row}: part ${part + 1} of ${PARTS}, heap ${(heap / MIB).toFixed(1)} MiB`);
    }
    const [first] = parts;
    const heaps = parts.slice(1).map(({ heap }) => heap);
    report.note(row, "calls per second", Math.round(count / ((performance.now() - startedAt) / 1000)));
    report.atMost(
      row,
      "heap above the first quarter",
      (Math.max(...heaps) - first.heap) / MIB,
      HEAP_NOISE_BYTES / MIB,
      " MiB",
    );
    if (dir === undefined) return;
    report.note(row, "file after the first quarter", first.file / MIB, " MiB");
    report.atMost(row, "file at the end, of that", parts.at(-1).file / first.file, FILE_GROWTH, " x");
  } finally {
    await server.stop();
  }
}

async function write({ port }, count, from) {
  const lanes = Array.from({ length: LANES }, () => {
    const { message, headers } = call("echo", { text: `hello ${MARK}` }, { modern: true });
    const key = `key-of-a-call-${MARK}`;
    const request = httpRequest({ port, headers: { ...headers, "idempotency-key": key }, message });
    return { connection: new HttpConnection(port), request };
  });
  await inLanes(count, LANES, async (index, lane) => {
    const { connection, request } = lanes[lane];
    await connection.open();
    request.patch(FIRST_ID + from + index);
    const { status, body } = await connection.exchange(request.bytes);
    if (status !== 200) throw new Error(`a call was answered with ${status}: ${body}`);
  });
  for (const { connection } of lanes) connection.close();
}
