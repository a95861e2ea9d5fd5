/** [6] The answer is cut where no client of ours can look: in a proxy, and on the one stream of HTTP+SSE. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CuttingProxy } from "../faults/helpers/cutting-proxy.js";
import { TAG } from "../faults/helpers/server.js";
import { until } from "../faults/helpers/until.js";
import { stopClock } from "../limits/helpers/clock.js";
import {
  legacySession,
  modernRequest,
  parseResponse,
  RawSocket,
  requestBytes,
  SseClient,
} from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { expectReplay, textOf } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { type Working, working } from "./helpers/works.js";

const serve = working();
const AT_ONCE = 8;

// What a reader has had for long enough counts as arrived; here no time passes.
beforeEach(() => stopClock("setTimeout", "clearTimeout"));
afterEach(() => void vi.useRealTimers());

function request(url: string, of: string, key: string | undefined): { bytes: Buffer; message: WireObject } {
  const { message, headers } = modernRequest("tools/call", { name: "write", arguments: { of } });
  const all = { ...headers, connection: "keep-alive", "x-user": "alice", "idempotency-key": key };
  return { bytes: requestBytes(url, "POST", message, all), message };
}

async function answered(
  url: string,
  of: string,
  key: string | undefined,
): Promise<{ length: number; answer: WireObject }> {
  const { bytes, message } = request(url, of, key);
  const socket = await RawSocket.connect(url);
  await socket.write(bytes);
  for (;;) {
    if ((await socket.received.next()) === undefined) throw new Error("the connection ended without an answer");
    const received = Buffer.concat(socket.received.all);
    const parsed = parseResponse(received, { sent: message });
    if (parsed?.complete !== true) continue;
    socket.destroy();
    return { length: received.length, answer: parsed.messages[0] ?? {} };
  }
}

it.each([{ keyed: true }, { keyed: false }])(
  "[6, 56] by a proxy after every number of bytes (with a key: $keyed): one start, one outcome",
  async ({ keyed }) => {
    const one = await serve();
    const keyOf = (of: string) => (keyed ? `key-of-${of}-${"x".repeat(16)}` : undefined);
    const { length } = await answered(one.url, "cut-0000", keyOf("cut-0000"));
    const cuts = Array.from({ length }, (_, offset) => offset);
    const proxy = await CuttingProxy.start({ target: one.base, cuts, isStream: (head) => head.includes("tools/call") });
    for (const offset of cuts) {
      const of = `cut-${String(offset + 1).padStart(4, "0")}`;
      const socket = await RawSocket.connect(proxy.base);
      await socket.write(request(`${proxy.base}/mcp`, of, keyOf(of)).bytes);
      expect((await socket.all()).bytes.length).toBe(offset);
      await until("the server knows", () => one.connections.size === 0);
      const { answer } = await answered(one.url, of, keyOf(of));
      expectReplay({ ...answer, id: "cut" }, answer, one.works.of(of)[0]?.id);
      expect([offset, one.works.count(of), textOf(answer).slice(0, 5)]).toEqual([offset, 1, "done "]);
    }
    await proxy.close();
  },
);

it("before the answers to a batch of 2025-03-26: asked again, its calls are not run again", async () => {
  const one = await serve();
  const session = await legacySession(one.url, "2025-03-26", { headers: { "x-user": "alice" } });
  for (const ids of [
    [1, 2],
    [3, 4],
  ]) {
    const params = (id: number) => ({ name: "write", arguments: { of: id % 2 === 1 ? "odd" : "even" } });
    const batch = ids.map((id) => session.message("tools/call", params(id), id));
    const socket = await RawSocket.connect(one.url, 20);
    await socket.write(requestBytes(one.url, "POST", batch, { ...session.headers, connection: "keep-alive" }));
    await socket.all();
    await until("the server knows", () => one.connections.size === 0);
  }
  expect([one.works.count("odd"), one.works.count("even")]).toEqual([1, 1]);
});

async function client(one: Working, tag: string): Promise<SseClient> {
  const made = new SseClient(one.sseUrl, { headers: { "x-user": "alice", [TAG]: tag } });
  await made.resume();
  await made.initialize();
  return made;
}

it.each([
  { before: "nothing", steps: 0 },
  { before: "progress", steps: 2 },
])(
  "on the stream of HTTP+SSE after every number of bytes ($before before it), asked again in a new session",
  async ({ steps }) => {
    const one = await serve();
    const params = (of: string) => {
      const meta = steps > 0 ? { _meta: { progressToken: 1 } } : {};
      return { name: "write", arguments: { of, steps }, ...meta };
    };
    /** Without the distance that an answer keeps to notifications, which takes time. */
    const tell = async (of: string) => {
      await one.works.started(of);
      await until("the answer is on its way", () => {
        vi.advanceTimersByTime(1);
        return !one.app.calls.all().some(({ params: asked }) => JSON.stringify(asked).includes(of));
      });
      vi.advanceTimersByTime(20);
    };
    const measuring = await client(one, newKey());
    const before = measuring.stream.bytesRead;
    const sent = measuring.send(measuring.message("tools/call", params("cut-0000"), "call"));
    await tell("cut-0000");
    await sent;
    await measuring.messages.expect(({ id }) => id === "call");
    const length = measuring.stream.bytesRead - before;
    measuring.close();
    const tried = async (offset: number) => {
      const of = `cut-${String(offset + 1).padStart(4, "0")}`;
      const tag = newKey();
      const leaving = await client(one, tag);
      const { stream } = leaving;
      stream.cutAfter(stream.bytesRead + Math.max(offset, 1));
      await leaving.send(leaving.message("tools/call", params(of), "call"));
      await tell(of);
      await stream.closed;
      await one.gone(tag);
      const coming = await client(one, newKey());
      await coming.send(coming.message("tools/call", params(of), "again"));
      const answer = await coming.messages.expect(({ id }) => id === "again");
      expectReplay({ ...answer, id: "cut" }, answer, one.works.of(of)[0]?.id);
      expect([offset, one.works.count(of)]).toEqual([offset, 1]);
      coming.close();
    };
    for (let from = 1; from < length; from += AT_ONCE) {
      const offsets = Array.from({ length: Math.min(AT_ONCE, length - from) }, (_, index) => from + index);
      await Promise.all(offsets.map(tried));
    }
  },
);
