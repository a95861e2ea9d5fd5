/**
 * [6] The answer is cut after every number of bytes there is, head and framing included, and the same call is made
 * again: with a key on any connection, without one by callers who can be told from others, where a connection is kept.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TAG } from "../faults/helpers/server.js";
import { until } from "../faults/helpers/until.js";
import { stopClock } from "../limits/helpers/clock.js";
import { legacySession, modernRequest, parseResponse, RawSocket, requestBytes } from "../support/raw-http.js";
import type { Revision, WireObject } from "../support/wire-schema.js";
import { facts, textOf } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { type Working, working } from "./helpers/works.js";

const serve = working();
/** Offsets tried at one time. */
const AT_ONCE = 16;

// What a reader has had for long enough counts as arrived; here no time passes.
beforeEach(() => stopClock("setTimeout", "clearTimeout"));
afterEach(() => void vi.useRealTimers());

/** Makes the bytes of one request for the work `of`. */
type Asking = (of: string, id: number) => { readonly bytes: Buffer; readonly message: WireObject };

interface Variant {
  readonly name: string;
  readonly revision: Revision;
  readonly keyed: boolean;
  /** Default: the connection is kept. */
  readonly connection?: "close";
  readonly user?: string;
  /** Progress before the answer, which is an event stream then. */
  readonly steps?: number;
}

async function asking(one: Working, variant: Variant): Promise<Asking> {
  const { revision, keyed, connection = "keep-alive", user, steps = 0 } = variant;
  const key = newKey();
  const session =
    revision === "2026-07-28" ? undefined : await legacySession(one.url, revision, { headers: { "x-user": user } });
  return (of, id) => {
    const meta = steps > 0 ? { _meta: { progressToken: id } } : {};
    const params = { name: "write", arguments: { of, steps }, ...meta };
    const modern = modernRequest("tools/call", params, { id });
    const message = session?.message("tools/call", params, id) ?? modern.message;
    const headers = {
      ...(session?.headers ?? modern.headers),
      connection,
      "x-user": user,
      ...(keyed && { "idempotency-key": `${key}-${of}` }),
      [TAG]: undefined,
    };
    return { bytes: requestBytes(one.url, "POST", message, headers), message };
  };
}

/** Asks, reads so many bytes, and goes away; resolves when the server knows. */
async function cut(one: Working, bytes: Buffer, after: number): Promise<void> {
  const socket = await RawSocket.connect(one.url, after === 0 ? 1 : after);
  const { localPort } = socket.socket;
  await socket.write(bytes);
  if (after === 0) socket.destroy();
  await socket.all();
  await until("the server knows", () => ![...one.connections].some(({ remotePort }) => remotePort === localPort));
}

/** The whole answer. */
async function whole(
  one: Working,
  asked: ReturnType<Asking>,
  revision: Revision,
): Promise<{ bytes: Buffer; answer: WireObject }> {
  const socket = await RawSocket.connect(one.url);
  await socket.write(asked.bytes);
  for (;;) {
    const more = await socket.received.next();
    const bytes = Buffer.concat(socket.received.all);
    const parsed = parseResponse(bytes, { sent: asked.message, revision });
    const answer = parsed?.messages.find((message) => !("method" in message));
    if (more === undefined && answer === undefined) throw new Error(`no answer: ${bytes.toString()}`);
    if (parsed?.complete !== true || answer === undefined) continue;
    socket.destroy();
    return { bytes, answer };
  }
}

const VARIANTS: readonly Variant[] = [
  { name: "2026-07-28, with a key", revision: "2026-07-28", keyed: true },
  { name: "2026-07-28, with a key, one connection for each", revision: "2026-07-28", keyed: true, connection: "close" },
  { name: "2026-07-28, by a caller with a name", revision: "2026-07-28", keyed: false, user: "alice" },
  { name: "2026-07-28, an event stream", revision: "2026-07-28", keyed: false, user: "alice", steps: 1 },
  { name: "a session of 2025-11-25, with a key", revision: "2025-11-25", keyed: true },
  { name: "a session of 2025-11-25", revision: "2025-11-25", keyed: false },
  { name: "a session of 2025-11-25, an event stream", revision: "2025-11-25", keyed: false, steps: 1 },
  { name: "a session of 2025-03-26", revision: "2025-03-26", keyed: false },
  { name: "a session of 2025-03-26, by a caller with a name", revision: "2025-03-26", keyed: false, user: "alice" },
];

describe.each(VARIANTS)("[6] $name", (variant) => {
  it("one start and one outcome, wherever the answer was cut", async () => {
    const one = await serve();
    const ask = await asking(one, variant);
    const { bytes } = await whole(one, ask("not-cut", 1), variant.revision);
    const tried = async (offset: number) => {
      const of = `cut-${String(offset).padStart(4, "0")}`;
      await cut(one, ask(of, 1).bytes, offset);
      const { answer } = await whole(one, ask(of, 2), variant.revision);
      expect([offset, one.works.count(of), textOf(answer)]).toEqual([offset, 1, expect.stringMatching(/^done /)]);
      if (facts(answer) !== undefined) expect(facts(answer)).toEqual({ id: one.works.of(of)[0]?.id, replayed: true });
      expect(answer.id).toBe(2);
    };
    for (let from = 0; from < bytes.length; from += AT_ONCE) {
      const offsets = Array.from({ length: Math.min(AT_ONCE, bytes.length - from) }, (_, index) => from + index);
      await Promise.all(offsets.map(tried));
    }
    await one.idle();
  });
});
