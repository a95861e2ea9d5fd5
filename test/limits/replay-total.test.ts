/** What all streams together may keep in memory for clients that come back. */
import { beforeAll, describe, expect, it } from "vitest";
import { collect } from "../support/raw-http.js";
import { call, expectServed, type Limited, serving } from "./helpers/limited.js";
import { outline, SayingCall } from "./helpers/replaying.js";

const serve = serving();
const SIZE = 1_000;
const TEN = 10;

describe("limits.streamMaxBytesTotal", () => {
  let each = 0;
  beforeAll(async () => {
    // As many characters for ten messages, and a bit that is not enough for another.
    const { progress } = { progress: 10 };
    const params = { progressToken: 1, progress, total: 10, message: "x".repeat(SIZE) };
    each = JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params }).length;
  });
  const limitedTo = (messages: number) => serve({ streamMaxBytesTotal: messages * each });
  const saying = (limited: Limited, count: number) => SayingCall.begin(limited, { count, size: SIZE });
  const held = ({ app }: Limited) => app.budgets.streams.used;

  it("forgets the streams that nobody reads first, the one left longest before others, and no more than it must", async () => {
    const limited = await limitedTo(TEN);
    const oldest = await (await saying(limited, 3)).leave();
    const newer = await (await saying(limited, 3)).leave();
    const writer = await saying(limited, 3);
    // Within the bound nothing is forgotten.
    expect(outline(await oldest.replay(3))).toEqual([1, 2, 3]);
    await expect.poll(() => limited.connections.size).toBeLessThan(3);
    const more = await saying(limited, 3);
    // Read a moment ago, `oldest` is no longer the one that was left longest.
    expect((await collect(await newer.resume())).status).toBe(404);
    expect(outline(await oldest.replay(3))).toEqual([1, 2, 3]);
    expect(held(limited)).toBeLessThanOrEqual(TEN * each);
    for (const one of [writer, more]) expect(outline(await (await one.leave()).replay(3))).toEqual([1, 2, 3]);
    limited.release();
    for (const one of [oldest, newer, writer, more]) await one.session.end();
    await limited.settled();
  });

  it("with every stream read: whoever writes gives up its own past and says so; others keep theirs", async () => {
    const limited = await limitedTo(TEN);
    const other = await saying(limited, 3);
    const writer = await saying(limited, 9);
    // Its reader has had everything, whatever is kept.
    expect(outline(writer.stream.messages.all)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(held(limited)).toBeLessThanOrEqual(TEN * each);
    expect(outline(await (await other.leave()).replay(3))).toEqual([1, 2, 3]);
    await writer.leave();
    const stream = await writer.resume();
    const gap = await stream.messages.expect();
    const { missed } = (gap.params as { readonly data: { readonly missed: number } }).data;
    expect(gap).toMatchObject({
      method: "notifications/message",
      params: { level: "warning", data: { event: "gap" } },
    });
    expect(missed).toBeGreaterThan(0);
    const rest = [];
    for (let step = missed + 1; step <= 9; step += 1) rest.push(await stream.messages.expect());
    expect(outline(rest)).toEqual(Array.from({ length: 9 - missed }, (_, at) => missed + 1 + at));
    limited.release();
    expect(await stream.closed).toBe("end");
    for (const one of [other, writer]) await one.session.end();
    await limited.settled();
  });

  it("smaller than one message still lets every stream live, and a call be resumed for its answer", async () => {
    const limited = await serve({ streamMaxBytesTotal: 1 });
    const calls = [await saying(limited, 3), await saying(limited, 3)];
    for (const one of calls) expect(outline(one.stream.messages.all)).toEqual([1, 2, 3]);
    await expectServed(call(limited.url, "quick"));
    limited.release();
    for (const one of calls) expect(await one.stream.closed).toBe("end");
    for (const one of calls) await one.session.end();
    await limited.settled();
  });

  it("is given back by a stream that is forgotten while its call goes on", async () => {
    const limited = await limitedTo(TEN);
    const forgotten = await (await saying(limited, 6)).leave();
    const writer = await saying(limited, 6);
    expect((await collect(await forgotten.resume())).status).toBe(404);
    limited.release();
    await limited.idle();
    for (const one of [forgotten, writer]) await one.session.end();
    expect(held(limited)).toBe(0);
    await limited.settled();
  });

  it("lifted with Infinity forgets nothing", async () => {
    const limited = await serve({ streamMaxBytesTotal: Number.POSITIVE_INFINITY });
    const calls = [];
    for (let at = 0; at < 5; at += 1) calls.push(await (await saying(limited, 9)).leave());
    for (const one of calls) expect(outline(await one.replay(9))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    limited.release();
    for (const one of calls) await one.session.end();
    await limited.settled();
  });
});
