/** [69, S13] Bounds of connections: how many there are, how long their headers, and how slow whoever sends. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/index.js";
import { call, expectServed, listen } from "./helpers/limited.js";
import { Connection, type Running, running, statusOf } from "./helpers/running.js";

const run = running();
/** Long enough for requests that are sent at once, also on a busy machine. */
const SOON_MS = 1_000;

describe("[S13] limits.maxConnections", () => {
  /** Comes back until there is a place again. */
  async function letIn({ url }: Running): Promise<Connection> {
    for (;;) {
      const one = await Connection.open(url);
      if ((await one.ask()) === 200) return one;
      await turn();
    }
  }

  it("takes as many and ends every further one unheard; those who are connected are served, then others again", async () => {
    const limited = await run({ maxConnections: 2 });
    const [first, second] = [await Connection.open(limited.url), await Connection.open(limited.url)];
    for (const one of [first, second]) expect(await one.ask()).toBe(200);
    for (let at = 0; at < 20; at += 1) expect(await (await Connection.open(limited.url)).ask()).toBeUndefined();
    for (const one of [first, second]) expect(await one.ask()).toBe(200);
    first.leave();
    const third = await letIn(limited);
    expect(await (await Connection.open(limited.url)).ask()).toBeUndefined();
    for (const one of [second, third]) expect(await one.ask()).toBe(200);
    for (const one of [second, third]) one.leave();
    (await letIn(limited)).leave();
    await limited.settled();
  });

  it("lifted with Infinity takes what was refused", async () => {
    const limited = await run({ maxConnections: Number.POSITIVE_INFINITY });
    const connections = [];
    for (let at = 0; at < 50; at += 1) connections.push(await Connection.open(limited.url));
    for (const one of connections) expect(await one.ask()).toBe(200);
  });
});

describe("[69] limits.maxHeaderBytes", () => {
  const MAX = 1_000;

  it("takes a head of as many bytes, refuses more with 431 and ends that connection; others are served", async () => {
    const limited = await run({ maxHeaderBytes: MAX });
    const [one, other] = [await Connection.open(limited.url), await Connection.open(limited.url)];
    const bare = one.ping({ "x-fill": "" }).indexOf("\r\n\r\n") + 4;
    expect(await one.ask({ "x-fill": "x".repeat(MAX - bare) })).toBe(200);
    const tooLong: readonly Readonly<Record<string, string>>[] = [
      { "x-fill": "x".repeat(MAX) },
      { [`x-${"y".repeat(MAX)}`]: "1" },
      Object.fromEntries(Array.from({ length: MAX / 10 }, (_, at) => [`x-fill-${at}`, "xx"])),
    ];
    for (const headers of tooLong) {
      const refused = await Connection.open(limited.url);
      await refused.write(refused.ping(headers));
      expect(statusOf(await refused.cut())).toBe(431);
    }
    const long = await Connection.open(limited.url);
    await long.write(`GET /mcp?${"x".repeat(MAX)} HTTP/1.1\r\n\r\n`);
    expect(statusOf(await long.cut())).toBe(431);
    for (const each of [one, other]) expect(await each.ask()).toBe(200);
    await limited.settled();
  });

  it("lifted with Infinity takes far more than the default", async () => {
    const limited = await run({ maxHeaderBytes: Number.POSITIVE_INFINITY });
    const one = await Connection.open(limited.url);
    expect(await one.ask({ "x-fill": "x".repeat(10 * LIMITS.maxHeaderBytes.default) })).toBe(200);
  });
});

/** A connection whose request stops in the middle of its headers. */
async function inHeaders({ url }: Running): Promise<{ one: Connection; rest: Uint8Array }> {
  const one = await Connection.open(url);
  const bytes = one.ping();
  const half = bytes.indexOf("content-type");
  await one.write(bytes.subarray(0, half));
  return { one, rest: bytes.subarray(half) };
}

/** A connection whose headers the server has read, and only a part of its body. */
async function inBody({ url }: Running): Promise<{ one: Connection; rest: Uint8Array }> {
  const one = await Connection.open(url);
  const bytes = one.ping({ expect: "100-continue" });
  const half = bytes.indexOf("\r\n\r\n") + 5;
  await one.write(bytes.subarray(0, half));
  expect(statusOf(await one.next())).toBe(100);
  return { one, rest: bytes.subarray(half) };
}

describe.concurrent("[69] limits.headersTimeoutMs", () => {
  it("ends a connection whose headers take longer, with 408; bodies, streams and calls under way may take longer", async () => {
    const limited = await run({ headersTimeoutMs: SOON_MS, requestTimeoutMs: Number.POSITIVE_INFINITY });
    const stream = await listen(limited.url);
    const held = call(limited.url, "hold");
    const slowBody = await inBody(limited);
    const silent = await Connection.open(limited.url);
    const slow = [await inHeaders(limited), await inHeaders(limited)];
    await expectServed(call(limited.url, "quick"));
    for (const { one } of slow) expect(statusOf(await one.cut())).toBe(408);
    // Whoever said nothing has nothing to be answered.
    expect(statusOf(await silent.cut()) ?? 408).toBe(408);
    await slowBody.one.write(slowBody.rest);
    expect(statusOf(await slowBody.one.next())).toBe(200);
    limited.mcp.registerTool("new", {}, () => "new");
    await stream.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    stream.close();
    limited.release();
    await expectServed(held, "held");
    await limited.settled();
  });

  it("lifted with Infinity waits longer than that", async () => {
    const times = { headersTimeoutMs: Number.POSITIVE_INFINITY, requestTimeoutMs: Number.POSITIVE_INFINITY };
    const [lifted, other] = [await run(times), await run({ headersTimeoutMs: SOON_MS })];
    const { one, rest } = await inHeaders(lifted);
    const clock = await inHeaders(other);
    expect(statusOf(await clock.one.cut())).toBe(408);
    await one.write(rest);
    expect(statusOf(await one.next())).toBe(200);
  });
});

describe.concurrent("[69] limits.requestTimeoutMs", () => {
  it.each([{}, { headersTimeoutMs: 600_000 }, { headersTimeoutMs: Number.POSITIVE_INFINITY }])(
    "ends a connection whose request takes longer with 408, headers and all (%o); answers take as long as they need",
    async (limits) => {
      const limited = await run({ requestTimeoutMs: SOON_MS, ...limits });
      const held = call(limited.url, "hold");
      await limited.holding(1);
      const slow = [await inHeaders(limited), await inBody(limited)];
      await expectServed(call(limited.url, "quick"));
      for (const { one } of slow) expect(statusOf(await one.cut())).toBe(408);
      expect(limited.app.calls.size).toBe(1);
      limited.release();
      await expectServed(held, "held");
      // What was read of the bodies is given back.
      await limited.settled();
      expect(await (await Connection.open(limited.url)).ask()).toBe(200);
    },
  );

  it("lifted with Infinity waits longer than that", async () => {
    const [lifted, other] = [
      await run({ requestTimeoutMs: Number.POSITIVE_INFINITY }),
      await run({ requestTimeoutMs: SOON_MS }),
    ];
    const { one, rest } = await inBody(lifted);
    const clock = await inBody(other);
    expect(statusOf(await clock.one.cut())).toBe(408);
    await one.write(rest);
    expect(statusOf(await one.next())).toBe(200);
  });
});
