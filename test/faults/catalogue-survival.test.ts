/** [S15] Connections cut at every byte, damaged requests, handlers that talk after their end: the process goes on. */
import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { McpServer, type ToolContext } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import {
  cutResponse,
  type LegacySession,
  modernRequest,
  open,
  RawSocket,
  requestBytes,
  sse,
} from "../support/raw-http.js";
import { forEachNumber } from "./helpers/pool.js";
import { assertAlive, quickSession } from "./helpers/quick-session.js";
import { type Served, serve } from "./helpers/server.js";
import { until } from "./helpers/until.js";

const mcp = new McpServer({ name: "survival", version: "1.0.0" }, { logger: silentLogger });
const app = definitionOf(mcp);
mcp.registerTool("talk", {}, async (ctx) => {
  ctx.progress(1, 2, "é€😀");
  await new Promise((resolve) => setImmediate(resolve));
  return "done";
});
/** The context of the latest call of `keep`, for use after its end. */
let late: ToolContext | undefined;
mcp.registerTool("keep", {}, (ctx) => {
  late = ctx;
  return "kept";
});
mcp.registerTool("wait", {}, async (ctx) => {
  late = ctx;
  ctx.progress(1);
  await once(ctx.signal, "abort");
  return "too late";
});

let served: Served;
let bystander: LegacySession;
/** What would have ended the process if nobody had listened. */
const fatal: unknown[] = [];
const note = (error: unknown) => void fatal.push(error);
beforeAll(async () => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  served = await serve(mcp);
});
beforeEach(async () => {
  bystander = await quickSession(served.url, "2025-11-25");
});
afterEach(async () => {
  await assertAlive(bystander);
  await until("no call is left", () => app.calls.size === 0);
  expect(fatal).toEqual([]);
});
afterAll(async () => {
  await served.close();
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});

const TALK = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "talk", _meta: { progressToken: 1 } } };
const modern = modernRequest("tools/call", { name: "talk" }, { progressToken: 1 });

/** Sends so many bytes and is gone: with a reset, so that the server writes to a connection that is not there. */
async function cutRequest(bytes: Buffer): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(served.base).port), noDelay: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const closed = once(socket, "close");
  socket.write(bytes, () => socket.resetAndDestroy());
  await closed;
}

describe("cut at every byte", () => {
  const kinds: readonly (readonly [string, () => Buffer])[] = [
    ["a call of a session", () => requestBytes(served.url, "POST", TALK, bystander.headers)],
    ["a call of 2026-07-28", () => requestBytes(served.url, "POST", modern.message, modern.headers)],
    ["a standing stream", () => requestBytes(served.url, "GET", undefined, bystander.headers)],
    ["a stream of HTTP+SSE", () => requestBytes(served.sseUrl, "GET")],
    ["the end of a session", () => requestBytes(served.url, "DELETE", undefined, { "mcp-session-id": "none" })],
  ];

  test.each(kinds)("of the request: %s", async (_what, make) => {
    const bytes = make();
    await forEachNumber(bytes.length, 20, (number) => cutRequest(bytes.subarray(0, number)));
  });

  test.each([
    ["of a session", TALK, () => bystander.headers],
    ["of 2026-07-28", modern.message, () => modern.headers],
  ] as const)("of the answer: a call %s", async (_what, message, headers) => {
    const whole = await cutResponse(served.url, message, Number.POSITIVE_INFINITY, headers());
    expect(whole.bytes.toString("utf8")).toContain("done");
    await forEachNumber(whole.bytes.length, 20, async (number) => {
      expect((await cutResponse(served.url, message, number, headers())).bytes.length).toBeLessThanOrEqual(number);
    });
  });
});

test("requests with damaged bytes, one after the other and many at once", { timeout: 30_000 }, async () => {
  const good = requestBytes(served.url, "POST", modern.message, modern.headers);
  const damage = fc.record({
    at: fc.nat(good.length - 1),
    how: fc.constantFrom("flip", "drop", "insert", "repeat"),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  });
  const apply = (bytes: Buffer, { at, how, bytes: more }: { at: number; how: string; bytes: Uint8Array }): Buffer => {
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    if (how === "flip")
      return Buffer.concat([head, tail.subarray(0, 1).map((byte) => byte ^ (more[0] ?? 1)), tail.subarray(1)]);
    if (how === "drop") return Buffer.concat([head, tail.subarray(more.length)]);
    return Buffer.concat([head, how === "repeat" ? tail.subarray(0, 64) : more, tail]);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(damage, { minLength: 1, maxLength: 4 }), { minLength: 8, maxLength: 8 }),
      async (cases) => {
        await Promise.all(
          cases.map(async (damages) => {
            const socket = await RawSocket.connect(served.url);
            await socket.write(damages.reduce(apply, good)).catch(() => undefined);
            // Whatever it has of a request now, there is no more to come.
            socket.socket.end();
            await socket.all();
          }),
        );
        await assertAlive(bystander);
      },
    ),
    { numRuns: 100 },
  );
});

describe("a handler that talks after its end says nothing to anybody", () => {
  /** Everything a context can be asked to send. */
  async function talk(ctx: ToolContext | undefined): Promise<void> {
    if (ctx === undefined) throw new Error("the tool was not called");
    const attempts = [
      () => ctx.progress(99, 100, "late"),
      () => ctx.log.emergency("late"),
      () => ctx.closeStream(),
      () => ctx.elicit({ message: "late?", requestedSchema: { type: "object", properties: {} } }),
      () => ctx.sample({ messages: [], maxTokens: 1 }),
      () => ctx.roots(),
      () => ctx.step("late", () => "late"),
    ];
    // What is refused is refused to the handler, which may or may not look.
    for (const attempt of attempts)
      await Promise.race([
        (async () => attempt())().catch(() => undefined),
        new Promise((resolve) => setImmediate(resolve)),
      ]);
  }

  test.each(["2025-03-26", "2025-06-18", "2025-11-25"] as const)(
    "%s: after the answer, and after the session",
    async (revision) => {
      const capabilities = { elicitation: {}, sampling: {}, roots: {} };
      const session = await quickSession(served.url, revision, { capabilities });
      const standing = await session.listen();
      const stream = await session.open({ ...TALK, params: { ...TALK.params, name: "keep" } });
      expect(await stream.closed).toBe("end");
      await talk(late);
      await session.end();
      await talk(late);
      expect(await standing.closed).toBe("end");
      expect(JSON.stringify([standing.messages.all, stream.messages.all])).not.toContain("late");
    },
  );

  test("2026-07-28: after the client has left", async () => {
    const { message, headers } = modernRequest("tools/call", { name: "wait" }, { progressToken: 1 });
    const stream = await open(served.url, { method: "POST", body: message, headers });
    await stream.messages.expect();
    stream.close();
    await until("the call is cancelled", () => late?.signal.aborted === true);
    await talk(late);
  });

  test("HTTP+SSE: after the stream was cut", async () => {
    const client = await sse(served.sseUrl);
    await client.initialize("2024-11-05", { capabilities: { sampling: {}, roots: {} } });
    await client.request("tools/call", { name: "keep" });
    await client.cut();
    await talk(late);
    await client.resume();
    await client.request("ping");
    expect(JSON.stringify(client.messages.all)).not.toContain("late");
    client.close();
  });
});
