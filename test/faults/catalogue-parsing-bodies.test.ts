/** [61, S13] Bodies without end, from those who may call and from those who may not: they are told, and memory stays flat. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Queue, RawSocket } from "../support/raw-http.js";
import { forEachNumber } from "./helpers/pool.js";
import { fixture } from "./helpers/stdio-client.js";

const MIB = 1024 * 1024;
/** At once, and how much each of them sends if it is let: a quarter of a gigabyte in all. */
const SENDERS = 32;
const OFFERED = 8 * MIB;
/** What the server of the fixture takes of one body. */
const BOUND = MIB;
/** Of memory that was given back and that the collector has not taken yet. */
const SLACK = 64 * MIB;
const CHUNK = Buffer.alloc(64 * 1024, "x");
const BOMB = gzipSync(Buffer.alloc(64 * MIB));

let server: ChildProcess;
let url = "";
beforeAll(async () => {
  server = spawn(process.execPath, [fixture("bodies-server.mjs")], { stdio: ["ignore", "inherit", "pipe"] });
  const lines = new Queue<string>();
  createInterface({ input: server.stderr as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
  url = (await lines.expect((line) => line.startsWith("url "), 15_000)).slice("url ".length);
});
afterAll(() => void server?.kill("SIGKILL"));

interface Offer {
  readonly what: string;
  readonly status: number;
  readonly head: readonly string[];
  readonly body: () => Iterable<Uint8Array>;
}

function* plain(): Iterable<Uint8Array> {
  for (let sent = 0; sent < OFFERED; sent += CHUNK.length) yield CHUNK;
}

function* chunked(): Iterable<Uint8Array> {
  const piece = Buffer.concat([Buffer.from(`${CHUNK.length.toString(16)}\r\n`), CHUNK, Buffer.from("\r\n")]);
  for (const _ of plain()) yield piece;
}

const KNOWN = "x-user: a";
const SIZED = `content-length: ${OFFERED}`;
const CHUNKED = "transfer-encoding: chunked";
const OFFERS: readonly Offer[] = [
  { what: "in chunks", status: 413, head: [KNOWN, CHUNKED], body: chunked },
  { what: "with a length that says so", status: 413, head: [KNOWN, SIZED], body: plain },
  { what: "in chunks, from nobody", status: 401, head: [CHUNKED], body: chunked },
  { what: "with a length, from nobody", status: 401, head: [SIZED], body: plain },
  {
    what: "compressed, a bomb",
    status: 415,
    head: [KNOWN, "content-encoding: gzip", `content-length: ${BOMB.length}`],
    body: () => [BOMB],
  },
];

/** Sends head and body, whatever is said meanwhile, until it is all out or the connection is gone; then listens. */
async function offer({ head, body }: Offer): Promise<string> {
  const socket = await RawSocket.connect(url);
  const lines = ["POST /mcp HTTP/1.1", `host: ${new URL(url).host}`, "content-type: application/json", ...head];
  try {
    await socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    for (const piece of body()) await socket.write(piece);
  } catch {
    // The connection is gone. What was said before is read all the same, if the kernel still has it.
  }
  const first = await socket.received.next(undefined, 15_000);
  socket.destroy();
  return first?.toString("latin1").split("\r\n")[0] ?? "nothing, the connection was cut";
}

async function offerAll(what: Offer): Promise<readonly string[]> {
  const answers: string[] = [];
  await forEachNumber(SENDERS, SENDERS, async () => void answers.push(await offer(what)));
  return answers;
}

/** The most memory that the server ever had. */
function peakBytes(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

describe("[61, S13] bodies that are too much, many at once", () => {
  test.each(OFFERS)("$what: memory stays flat, and others are served", async (what) => {
    const before = peakBytes();
    await offerAll(what);
    expect(peakBytes() - before).toBeLessThan(SENDERS * BOUND + SLACK);
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
    const headers = { "content-type": "application/json", "x-user": "a" };
    expect((await fetch(url, { method: "POST", headers, body })).status).toBe(200);
  });

  test.each(OFFERS)("$what: everybody is told $status", async (what) => {
    const answers = await offerAll(what);
    expect([...new Set(answers.map((line) => line.split(" ", 2).join(" ")))]).toEqual([`HTTP/1.1 ${what.status}`]);
  });
});
