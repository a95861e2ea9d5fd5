/** [25] Equal calls that are meant: each has its effect once the answer to the one before has been delivered. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { until } from "../faults/helpers/until.js";
import { stopClock } from "../limits/helpers/clock.js";
import { legacySession, modernRequest, parseResponse, post, RawSocket, requestBytes } from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { expectOther, expectReplay, outcome, textOf } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { MODERN_HTTP, OVER_HTTP, WAYS } from "./helpers/ways.js";
import { type Working, working } from "./helpers/works.js";

const serve = working();
const stopTime = () => stopClock("setTimeout", "clearTimeout");
/** After so long a reader that is still there has what was written. */
const ARRIVED_MS = 1_000;
afterEach(() => void vi.useRealTimers());

describe.each(WAYS)("$name", (way) => {
  it("one after the other on one connection: each runs, however soon it comes", async () => {
    stopTime();
    const one = await serve({ slowCallMs: 60_000 });
    const client = await way.start(one, "alice");
    const answers: WireObject[] = [];
    for (let time = 0; time < 5; time += 1) answers.push(await client.call({ args: { of: "a" } }));
    expect(new Set(answers.map(textOf)).size).toBe(5);
    expectOther(answers[0] ?? {}, answers[4] ?? {});
    expect(one.works.count("a")).toBe(5);
    client.close();
  });

  it("one after the other on two connections that stay open: each runs", async () => {
    stopTime();
    const one = await serve();
    const [first, second] = [await way.start(one, "alice"), await way.start(one, "alice")];
    const answers: WireObject[] = [];
    for (const client of [first, second, first, second]) answers.push(await client.call({ args: { of: "a" } }));
    expect(new Set(answers.map(textOf)).size).toBe(4);
    first.close();
    second.close();
  });

  it("of a tool with dedupe: false: each runs, at one time too; a key still holds", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { name: "again", args: { of: "a", hold: true } };
    const calls = [client.begin(asked), client.begin(asked)];
    await one.calls(2);
    expect(one.works.count("a")).toBe(2);
    one.works.finishAll();
    const [first, second] = await Promise.all(calls.map(({ answer }) => answer));
    expectOther(first ?? {}, second ?? {});
    const keyed = { name: "again", args: { of: "b" }, key: newKey() };
    expectReplay(await client.call(keyed), await client.call(keyed));
    client.close();
  });
});

describe.each(OVER_HTTP)("$name", (way) => {
  it("a connection that ends a while after its answer had brought it: the same call later runs", async () => {
    stopTime();
    const one = await serve();
    const [leaving, coming] = [await way.start(one, "alice"), await way.start(one, "alice")];
    const first = leaving.begin({ args: { of: "a" } });
    const answer = await first.answer;
    // The stream's own sweep notes it, or a timer of the reply.
    vi.advanceTimersByTime(2 * ARRIVED_MS);
    if (way.name === "HTTP+SSE") await first.drop();
    leaving.close();
    expectOther(answer, await coming.call({ args: { of: "a" } }));
    coming.close();
  });

  it("an answer that was fetched by a second call, and delivered, is over: the third one runs", async () => {
    stopTime();
    const one = await serve();
    const [leaving, coming] = [await way.start(one, "alice"), await way.start(one, "alice")];
    const first = leaving.begin({ args: { of: "a", hold: true } });
    const start = await one.works.started("a");
    await first.drop();
    start.finish();
    await one.idle();
    const second = await coming.call({ args: { of: "a", hold: true } });
    expectReplay({ ...second, id: "lost" }, second, start.id);
    const third = coming.begin({ args: { of: "a", hold: true } });
    (await one.works.started("a", 2)).finish(() => "meant");
    expect(outcome(await third.answer)).toMatchObject({ content: [{ text: "meant" }] });
    leaving.close();
    coming.close();
  });
});

function bytesOf(one: Working, connection: string): { bytes: Buffer; message: WireObject } {
  const { message, headers } = modernRequest("tools/call", { name: "write", arguments: { of: "a" } });
  return { bytes: requestBytes(one.url, "POST", message, { ...headers, connection, "x-user": "alice" }), message };
}

/** Asks, reads the whole answer, and goes away at once. */
async function askAndLeave(one: Working, connection: string): Promise<WireObject> {
  const { bytes, message } = bytesOf(one, connection);
  const socket = await RawSocket.connect(one.url);
  await socket.write(bytes);
  for (;;) {
    await socket.received.expect();
    const parsed = parseResponse(Buffer.concat(socket.received.all), { sent: message });
    if (parsed?.complete !== true) continue;
    socket.destroy();
    await until("the server knows", () => one.connections.size === 0);
    return parsed.messages[0] ?? {};
  }
}

describe("a client of 2026-07-28 that goes away right after the answer", () => {
  it("and had said that its connection ends with it: its next equal call runs", async () => {
    const one = await serve();
    expectOther(await askAndLeave(one, "close"), await askAndLeave(one, "close"));
    expect(one.works.count("a")).toBe(2);
  });

  it("and had kept its connection: nobody can tell that it read the answer, so its next equal call gets it again", async () => {
    const one = await serve();
    const first = await askAndLeave(one, "keep-alive");
    const second = await askAndLeave(one, "keep-alive");
    expectReplay({ ...first, id: "first" }, second, one.works.of("a")[0]?.id);
    expect(one.works.count("a")).toBe(1);
  });

  it("one request behind the other without waiting (pipelining): the second joins nothing that it cannot have read", async () => {
    const one = await serve();
    const { bytes } = bytesOf(one, "keep-alive");
    const socket = await RawSocket.connect(one.url);
    await socket.write(Buffer.concat([bytes, bytes]));
    await until("two answers", () => Buffer.concat(socket.received.all).toString().split("HTTP/1.1 200").length === 3);
    socket.destroy();
    const texts =
      Buffer.concat(socket.received.all)
        .toString()
        .match(/done [0-9a-f-]{36}/g) ?? [];
    expect(texts).toHaveLength(2);
  });
});

describe("a stream that is resumed", () => {
  it.each(["2025-11-25", "2025-06-18"] as const)(
    "%s: who comes back behind the answer has it, and its next equal call runs",
    async (revision) => {
      stopTime();
      const one = await serve();
      const session = await legacySession(one.url, revision, { headers: { "x-user": "alice" } });
      const params = { name: "write", arguments: { of: "a", hold: true, steps: 1 }, _meta: { progressToken: 1 } };
      const stream = await session.open(session.message("tools/call", params));
      await stream.messages.expect(({ method }) => method === "notifications/progress");
      const start = await one.works.started("a");
      const lastId = stream.parser.lastEventId;
      stream.close();
      await until("the server knows", () => one.connections.size === 0);
      start.finish(() => "the outcome");
      await one.idle();
      const back = await session.listen(lastId);
      const answer = await back.messages.expect(({ method }) => method === undefined);
      expect(textOf(answer)).toBe("the outcome");
      expect(await back.closed).toBe("end");
      const behind = await session.listen(back.parser.lastEventId);
      await behind.closed;
      const next = session.post(session.message("tools/call", { ...params, _meta: {} }));
      (await one.works.started("a", 2)).finish(() => "another");
      expect(textOf((await next).reply ?? {})).toBe("another");
    },
  );
});

describe("callers whom nobody vouches for", () => {
  it("on 2026-07-28 are never given what was not delivered", async () => {
    const one = await serve();
    const [leaving, coming] = [await MODERN_HTTP.start(one), await MODERN_HTTP.start(one)];
    const first = leaving.begin({ args: { of: "a", hold: true, deaf: true } });
    const start = await one.works.started("a");
    await first.drop();
    start.finish(() => "a stranger's");
    const second = coming.begin({ args: { of: "a", hold: true, deaf: true } });
    (await one.works.started("a", 2)).finish(() => "my own");
    expect(textOf(await second.answer)).toBe("my own");
    leaving.close();
    coming.close();
  });

  it("without a session on 2025-03-26 are never joined either", async () => {
    const one = await serve();
    const message = (id: number) => {
      return {
        jsonrpc: "2.0",
        id,
        method: "tools/call",
        params: { name: "write", arguments: { of: "a", hold: true } },
      };
    };
    const calls = [post(one.url, message(1)), post(one.url, message(2))];
    await one.calls(2);
    expect(one.works.count("a")).toBe(2);
    one.works.finishAll();
    const [a, b] = await Promise.all(calls);
    expectOther(a?.reply ?? {}, b?.reply ?? {});
  });
});
