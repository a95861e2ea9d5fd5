/** [S6] Ids of sessions and streams are random in every bit, and none comes twice. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { randomId } from "../../src/util/ids.js";
import { silentLogger } from "../../src/util/logger.js";
import { post, sse } from "../support/raw-http.js";
import { forEachNumber } from "./helpers/pool.js";
import { kept } from "./helpers/quick-session.js";
import { type Served, serve } from "./helpers/server.js";

const SAMPLES = 1_000;
/** Six standard deviations of a fair coin: over all bits, one run in a hundred thousand would fail by chance. */
const MOST_ONES = SAMPLES / 2 + 3 * Math.sqrt(SAMPLES);
/** The two bytes that name the key are the same in all ids of a server. */
const KEY_ID_BITS = 16;

let served: Served;
beforeAll(async () => {
  served = await serve(new McpServer({ name: "ids", version: "1.0.0" }, { logger: silentLogger }));
});
afterAll(() => served.close());

function expectRandom(ids: readonly Buffer[], skippedBits: number): void {
  expect(new Set(ids.map((id) => id.toString("hex"))).size).toBe(SAMPLES);
  const bits = Math.min(...ids.map((id) => id.length)) * 8;
  expect(bits - skippedBits).toBeGreaterThanOrEqual(128);
  for (let at = skippedBits; at < bits; at += 1) {
    const ones = ids.filter((id) => ((id[at >> 3] ?? 0) >> (at & 7)) & 1).length;
    expect(Math.max(ones, SAMPLES - ones), `bit ${at}`).toBeLessThan(MOST_ONES);
  }
}

test("of Streamable HTTP, for clients that all say the same", async () => {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "a", version: "1" } };
  const message = { jsonrpc: "2.0", id: "i", method: "initialize", params };
  const ids: Buffer[] = [];
  await forEachNumber(SAMPLES, 16, async () => {
    const { headers } = await post(served.url, message, { agent: kept });
    ids.push(Buffer.from(String(headers["mcp-session-id"]), "base64url"));
  });
  expectRandom(ids, KEY_ID_BITS);
});

test("of HTTP+SSE and of streams", async () => {
  expectRandom(
    Array.from({ length: SAMPLES }, () => Buffer.from(randomId(), "base64url")),
    0,
  );
  const streams = await Promise.all(Array.from({ length: 50 }, () => sse(served.sseUrl)));
  const ids = streams.map(({ endpoint }) => endpoint.searchParams.get("sessionId"));
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
  expect(new Set(ids).size).toBe(streams.length);
  for (const stream of streams) stream.close();
});
