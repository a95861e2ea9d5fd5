/** [51] Readers that stall: what may wait for one of them, and for all together. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/index.js";
import { TICK_MS } from "../../src/util/ticker.js";
import { until } from "../faults/helpers/until.js";
import { legacySession, sse } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { stopClock } from "./helpers/clock.js";
import { Flood, MESSAGE, type Stalled } from "./helpers/flooding.js";
import { call, expectServed, type Limited, serving, textOf } from "./helpers/limited.js";

const serve = serving();
const floods: Flood[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const flood of floods.splice(0)) flood.close();
});

async function flooding(limits: Parameters<typeof serve>[0]): Promise<{ limited: Limited; flood: Flood }> {
  const limited = await serve(limits);
  const flood = new Flood(limited);
  floods.push(flood);
  return { limited, flood };
}

/** Whoever stalled reads after all: nothing was lost. */
async function expectAll(stalled: Stalled): Promise<void> {
  const { steps, answer } = await stalled.read();
  expect(textOf(answer)).toBe("flooded");
  expect(steps).toEqual(steps.map((_, at) => at + 1));
}

describe("[51] limits.maxQueuedBytes", () => {
  const MAX = 512 * 1_024;
  const session = ({ url }: Limited) => legacySession(url);

  it("lets as many wait: whoever stalled and reads again has lost nothing", async () => {
    const { limited, flood } = await flooding({ maxQueuedBytes: MAX });
    const stalled = [
      await flood.begin(MAX - 4 * MESSAGE),
      await flood.begin(MAX - 4 * MESSAGE, { session: await session(limited) }),
    ];
    expect(stalled.map(({ gone }) => gone)).toEqual([false, false]);
    await expectServed(call(limited.url, "quick"));
    limited.release();
    for (const one of stalled) await expectAll(one);
    await limited.idle();
  });

  it("ends the connection of a reader for whom more would wait; others are served, and nothing is left of it", async () => {
    const { limited, flood } = await flooding({ maxQueuedBytes: MAX });
    const stalled = [
      await flood.begin(Number.POSITIVE_INFINITY),
      await flood.begin(Number.POSITIVE_INFINITY, { session: await session(limited) }),
    ];
    for (const one of stalled) {
      expect(one.gone).toBe(true);
      expect(one.most).toBeGreaterThan(MAX / 2);
      // One message may be written when the bound is not yet reached.
      expect(one.most).toBeLessThan(MAX + 2 * MESSAGE);
    }
    await expectServed(call(limited.url, "quick"));
    // Without a way back the call has nobody left to answer; with one it goes on.
    expect(limited.app.calls.size).toBe(1);
    await flood.drained();
    limited.release();
    await limited.idle();
  });

  it("is not for one large message: whoever reads gets it, and what follows, on the same connection", async () => {
    const limited = await serve({ maxQueuedBytes: MAX });
    const large = { count: 1, size: 4 * MAX };
    const one = await session(limited);
    const params = { name: "say", arguments: { ...large, hold: 1 }, _meta: { progressToken: 1 } };
    const stream = await one.open(one.message("tools/call", params));
    await stream.messages.expect();
    limited.release();
    expect(textOf(await stream.messages.expect())).toBe("said");
    const modern = await call(limited.url, "say", large, { progressToken: 1 });
    expect([modern.messages.length, textOf(modern.reply)]).toEqual([2, "said"]);
    const client = await sse(limited.sseUrl);
    await client.initialize();
    const result = await client.request("tools/call", { name: "large", arguments: large });
    expect(textOf(result)).toHaveLength(large.size);
    expect(textOf(await client.request("tools/call", { name: "quick" }))).toBe("quick");
    client.close();
  });

  it("ends no connection before its head and first id are out: whoever has lost it can come back", async () => {
    const limited = await serve({ maxQueuedBytes: MAX });
    const one = await session(limited);
    const params = { name: "say", arguments: { count: 20, size: MAX / 2 }, _meta: { progressToken: 1 } };
    const steps: unknown[] = [];
    let stream = await one.open(one.message("tools/call", params));
    for (let connection = 0; connection < 30; connection += 1) {
      await stream.closed;
      for (const { params: said } of stream.messages.all) steps.push((said as WireObject | undefined)?.progress);
      if (stream.messages.all.some(({ method }) => method === undefined)) break;
      stream = await one.listen(stream.parser.lastEventId);
    }
    expect(steps).toEqual([...Array.from({ length: 20 }, (_, at) => at + 1), undefined]);
  });

  it("lifted with Infinity lets more wait than the default", async () => {
    const { limited, flood } = await flooding({ maxQueuedBytes: Number.POSITIVE_INFINITY });
    const stalled = await flood.begin(2 * LIMITS.maxQueuedBytes.default);
    expect(stalled.gone).toBe(false);
    limited.release();
    await expectAll(stalled);
    await limited.idle();
  });
});

describe("[51] limits.maxQueuedBytesTotal", () => {
  const MAX = 1_024 * 1_024;
  const SHARE = 400 * 1_024;

  it.each([LIMITS.maxQueuedBytes.default, Number.POSITIVE_INFINITY])(
    "ends the connection of whoever is behind when it is reached (maxQueuedBytes: %s); others keep theirs",
    async (maxQueuedBytes) => {
      const { limited, flood } = await flooding({ maxQueuedBytesTotal: MAX, maxQueuedBytes });
      const session = await legacySession(limited.url);
      const stalled = [await flood.begin(SHARE), await flood.begin(SHARE, { session })];
      for (const last of [await flood.begin(MAX), await flood.begin(MAX, { session })]) {
        expect([...stalled.map(({ gone }) => gone), last.gone]).toEqual([false, false, true]);
        expect(last.most).toBeLessThan(MAX - 2 * SHARE + 4 * MESSAGE);
      }
      // At the bound, whoever reads is served: what the kernel takes does not wait.
      const reading = await call(limited.url, "say", { count: 20, size: 1_000 }, { progressToken: 1 });
      expect([reading.messages.length, textOf(reading.reply)]).toEqual([21, "said"]);
      limited.release();
      for (const one of stalled) await expectAll(one);
      await limited.idle();
    },
  );

  it("is given back by readers that leave or catch up", async () => {
    const { limited, flood } = await flooding({ maxQueuedBytesTotal: MAX });
    for (let round = 0; round < 3; round += 1) {
      const left = [await flood.begin(SHARE), await flood.begin(SHARE)];
      expect(left.map(({ gone }) => gone)).toEqual([false, false]);
      for (const { socket } of left) socket.destroy();
      await limited.idle();
    }
    const again = [await flood.begin(SHARE), await flood.begin(SHARE)];
    expect(again.map(({ gone }) => gone)).toEqual([false, false]);
    limited.release();
    for (const one of again) await expectAll(one);
    await limited.idle();
  });

  it("counts answers that nobody takes, whatever their form", async () => {
    stopClock();
    const size = 12 * 1_024 * 1_024;
    const { limited, flood } = await flooding({ maxQueuedBytesTotal: MAX });
    const one = await legacySession(limited.url);
    const readers: Stalled[] = [];
    for (const asking of [{}, { session: one }, { accept: "text/event-stream" }, {}]) {
      readers.push(await flood.ask("tools/call", { name: "large", arguments: { size } }, asking));
    }
    await until("all are answered", () => readers.every((reader) => reader.waiting > 0 || reader.gone));
    // Until it has been looked at again, it cannot be told from an answer that is on its way.
    for (let sweep = 0; sweep < 4; sweep += 1) vi.advanceTimersByTime(TICK_MS);
    await expectServed(call(limited.url, "quick"));
    expect(flood.waiting).toBeLessThan(MAX + size);
  });

  it("lifted with Infinity ends nobody's connection", async () => {
    const { limited, flood } = await flooding({ maxQueuedBytesTotal: Number.POSITIVE_INFINITY });
    const stalled = [];
    for (let reader = 0; reader < 4; reader += 1) stalled.push(await flood.begin(SHARE));
    expect(stalled.map(({ gone }) => gone)).toEqual([false, false, false, false]);
    limited.release();
    for (const one of stalled) await expectAll(one);
    await limited.idle();
  });
});
