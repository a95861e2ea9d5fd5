/** [69] Senders that take for ever, and headers without end: they lose their connection, everybody else is served. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIMITS, McpServer, type RunHandle } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { legacySession, RawSocket } from "../support/raw-http.js";
import { parseResponse } from "../support/raw-socket.js";
import { forEachNumber } from "./helpers/pool.js";

/** Short, so that the test is; what is slow here never ends by itself. */
const HEADERS_TIMEOUT_MS = 400;
const REQUEST_TIMEOUT_MS = 800;
/** Of a sender that is always in time with the next byte, and never done. */
const DRIP_MS = 50;
const SLOW_SENDERS = 100;

const ran: string[] = [];
let handle: RunHandle;
let origin = "";
let host = "";
let mcp: McpServer;
let release: () => void = () => undefined;
beforeAll(async () => {
  const limits = { headersTimeoutMs: HEADERS_TIMEOUT_MS, requestTimeoutMs: REQUEST_TIMEOUT_MS };
  mcp = new McpServer({ name: "slow-senders", version: "1.0.0" }, { logger: silentLogger, limits });
  mcp.registerTool("run", {}, () => {
    ran.push("run");
    return "ran";
  });
  mcp.registerTool("wait", {}, async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return "waited";
  });
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
  ({ origin, host } = new URL(handle.url ?? ""));
});
afterAll(() => handle.close());

const HEAD = () => `POST /mcp HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`;
const CALL = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "run" } });

/** Everything that comes until the server ends the connection. */
async function untilCut(socket: RawSocket): Promise<string> {
  while ((await socket.received.next(undefined, 15_000)) !== undefined);
  return Buffer.concat(socket.received.all).toString("latin1");
}

/** Sends `first`, then `next` again and again until the connection is gone. */
async function drip(first: string, next: string | undefined): Promise<string> {
  const socket = await RawSocket.connect(origin);
  if (first !== "") await socket.write(first);
  const timer = next === undefined ? undefined : setInterval(() => socket.write(next).catch(() => undefined), DRIP_MS);
  try {
    return await untilCut(socket);
  } finally {
    clearInterval(timer);
  }
}

const SLOW: readonly [string, () => string, string | undefined][] = [
  ["says nothing", () => "", undefined],
  ["says half a request line", () => "POST /m", undefined],
  ["never ends its headers", () => HEAD(), undefined],
  ["sends a header line now and then", () => HEAD(), "x-more: 1\r\n"],
  ["sends a header byte now and then", () => `${HEAD()}x-long: `, "x"],
  ["never begins its body", () => `${HEAD()}content-length: ${CALL.length}\r\n\r\n`, undefined],
  ["sends its body byte by byte", () => `${HEAD()}content-length: 100000\r\n\r\n`, " "],
  ["sends its body in chunks without end", () => `${HEAD()}transfer-encoding: chunked\r\n\r\n`, "1\r\n \r\n"],
  ["lacks one byte", () => `${HEAD()}content-length: ${CALL.length + 1}\r\n\r\n${CALL}`, undefined],
];

describe("[69] a sender that", () => {
  test.concurrent.each(SLOW)("%s loses its connection, and nothing of it runs", async (_what, first, next) => {
    const answer = await drip(first(), next);
    // Where it has said enough to be answered, it is told why.
    if (answer !== "") expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(ran).toEqual([]);
  });
});

test("[69] with a hundred of them at it, others are served; streams and calls under way last as long as they like", async () => {
  const session = await legacySession(`${origin}/mcp`);
  const standing = await session.listen();
  const waiting = session.request("tools/call", { name: "wait" });
  const slow = forEachNumber(SLOW_SENDERS, SLOW_SENDERS, async (number) => {
    const [, first, next] = SLOW[number % SLOW.length] ?? ["", () => "", undefined];
    await drip(first(), next);
  });
  expect((await session.request("ping")).result).toEqual({});
  await slow;
  // More than either timeout has passed since these began.
  mcp.registerTool("new", {}, () => "new");
  await standing.messages.expect(({ method }) => method === "notifications/tools/list_changed");
  release();
  expect((await waiting).result).toMatchObject({ content: [{ text: "waited" }] });
  standing.close();
  await session.end();
});

test("[69] either time can be set alone, shorter or longer than the other one's default", async () => {
  for (const limits of [
    { requestTimeoutMs: LIMITS.headersTimeoutMs.default / 2 },
    { headersTimeoutMs: LIMITS.requestTimeoutMs.default * 2 },
    { headersTimeoutMs: Number.POSITIVE_INFINITY },
    { requestTimeoutMs: Number.POSITIVE_INFINITY },
  ]) {
    const other = new McpServer({ name: "times", version: "1.0.0" }, { logger: silentLogger, limits });
    const running = await other.run({ transport: "http", port: 0, signals: false });
    expect((await fetch(new URL("/health", running.url))).status).toBe(200);
    await running.close();
  }
});

describe("[69] headers", () => {
  const request = async (lines: readonly string[], path = "/mcp") => {
    const socket = await RawSocket.connect(origin);
    const head = [`POST ${path} HTTP/1.1`, `host: ${host}`, "content-type: application/json", "connection: close"];
    const bytes = `${[...head, `content-length: ${CALL.length}`, ...lines].join("\r\n")}\r\n\r\n${CALL}`;
    await socket.write(bytes).catch(() => undefined);
    return parseResponse(Buffer.from(await untilCut(socket), "latin1"), { sent: JSON.parse(CALL) })?.status;
  };
  const lines = (count: number, line: (at: number) => string) => Array.from({ length: count }, (_, at) => line(at));
  const evil = "origin: http://evil.test";

  test("of more bytes than limits.maxHeaderBytes are 431: a thousand lines, one long line, a long path", async () => {
    const { default: bound } = LIMITS.maxHeaderBytes;
    expect(await request(lines(1_000, (at) => `x-header-${at}: ${"x".repeat(32)}`))).toBe(431);
    expect(await request([`x-long: ${"x".repeat(64 * 1024)}`])).toBe(431);
    expect(await request([`x-long: ${"x".repeat(bound)}`])).toBe(431);
    expect(await request([], `/mcp?${"x".repeat(64 * 1024)}`)).toBe(431);
    expect(await request([`${"x".repeat(64 * 1024)}: 1`])).toBe(431);
    expect(ran).toEqual([]);
  });

  test("within the bound are all read, however many: none is dropped that a check looks for", async () => {
    expect(await request(lines(1_000, () => "a:b"))).toBe(200);
    expect(await request([...lines(3_000, () => "a:b"), evil])).toBe(403);
    expect(await request([evil, ...lines(3_000, () => "a:b")])).toBe(403);
  });
});
