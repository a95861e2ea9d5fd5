/**
 * The event stream itself against random schedules: appends, cuts, slow readers and slow stores in any order. The test
 * names the invariants of src/streams/event-stream.ts.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryStore } from "../../src/stores/memory/index.js";
import type { StreamLog } from "../../src/stores/types.js";
import type { EventSink } from "../../src/streams/event-sink.js";
import { EventStream } from "../../src/streams/event-stream.js";
import { SseParser } from "../support/raw-http.js";

/** Short events count as long ones, so that a handful of them reaches the bounds at which streams pause and give up. */
const BYTES_PER_CHARACTER = 1_500;
const MAX_QUEUED_BYTES = 450_000;

/** A connection whose reader takes what the test lets it take. */
class Connection implements EventSink {
  readonly written: string[] = [];
  taken = 0;
  /** Ended by the server: what was written still arrives. Aborted: it does not. */
  state: "open" | "ended" | "aborted" | "cut" = "open";
  #drained: (() => void) | undefined;

  get ended(): boolean {
    return this.state !== "open";
  }

  write(text: string): number {
    if (this.state !== "open") return 0;
    this.written.push(text);
    return this.written.slice(this.taken).reduce((sum, one) => sum + one.length * BYTES_PER_CHARACTER, 0);
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
  }

  abort(): void {
    if (this.state === "open") this.state = "aborted";
  }

  whenDrained(listener: () => void): void {
    this.#drained = listener;
  }

  take(count: number): void {
    if (this.state === "aborted" || this.state === "cut") return;
    this.taken = Math.min(this.written.length, this.taken + count);
    if (this.taken < this.written.length) return;
    const listener = this.#drained;
    this.#drained = undefined;
    listener?.();
  }
}

/** Store operations that wait until the test lets them happen. */
class Store {
  readonly #waiting: (() => void)[] = [];
  readonly #slow: boolean;
  readonly log: StreamLog;

  constructor(maxEvents: number, slow: boolean) {
    this.#slow = slow;
    const inner = memoryStore().streams.create("key", { maxEvents, maxBytes: Number.POSITIVE_INFINITY });
    this.log = {
      get heldChars() {
        return inner.heldChars;
      },
      finish: () => inner.finish(),
      trim: (maxChars) => inner.trim(maxChars),
      append: (seq, data) => this.#later(() => inner.append(seq, data)),
      read: (afterSeq) => this.#later(() => inner.read(afterSeq)),
      drop: () => inner.drop(),
    };
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** One of the operations under way happens, not always the oldest: order is for the stream to keep. */
  release(which = 0): void {
    this.#waiting.splice(which % Math.max(1, this.#waiting.length), 1)[0]?.();
  }

  #later<T>(work: () => T | Promise<T>): T | Promise<T> {
    if (!this.#slow) return work();
    return new Promise<T>((resolve) => this.#waiting.push(() => resolve(work())));
  }
}

/** A client that keeps what arrived and comes back with the id it has. */
class Client {
  readonly received: string[] = [];
  lastSeq = 0;
  connection = new Connection();

  /** Reads what the connection delivered to its end and forgets the connection. */
  leave(): void {
    const parser = new SseParser();
    const { connection } = this;
    if (connection.state === "ended") connection.taken = connection.written.length;
    for (const text of connection.written.slice(0, connection.taken)) {
      for (const { data, id } of parser.push(Buffer.from(text))) {
        const seq = Number(id.split("_").at(-1));
        this.received.push(data);
        expectNext(this.lastSeq, seq, data);
        this.lastSeq = seq;
      }
    }
    connection.state = "cut";
    this.connection = new Connection();
  }
}

const GAP = "gap of ";

/** Invariants 2 and 4: the next event, or a gap that says exactly how many are missing. */
function expectNext(last: number, seq: number, data: string): void {
  if (data.startsWith(GAP)) expect(seq).toBe(last + Number(data.slice(GAP.length)));
  else expect({ seq, data }).toEqual({ seq: last + 1, data: `event ${last + 1}` });
}

type Step =
  | { readonly do: "append" | "close" }
  | { readonly do: "release"; readonly which: number }
  | { readonly do: "take"; readonly count: number }
  /** `noticed`: whether the server learns of the cut before the client is back. */
  | { readonly do: "cut"; readonly noticed: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: "append" as const }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("take" as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const), noticed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: "close" as const }) },
);

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function play(steps: readonly Step[], maxEvents: number, slow: boolean): Promise<Client> {
  const store = new Store(maxEvents, slow);
  const client = new Client();
  const stream = new EventStream(
    { id: "stream", owner: "owner", counted: undefined, log: store.log },
    {
      maxQueuedBytes: MAX_QUEUED_BYTES,
      retryMs: 1,
      gapMessage: (missed) => `${GAP}${missed}`,
      now: Date.now,
      keeper: { attachedChanged: () => {}, heldChanged: () => {} },
    },
  );
  let appended = 0;
  const comeBack = (noticed: boolean) => {
    const before = client.connection;
    client.leave();
    if (noticed) stream.detach(before);
    stream.resume(client.connection, client.lastSeq);
  };
  stream.open(client.connection, true);
  for (const one of steps) {
    if (one.do === "append") stream.append(`event ${++appended}`);
    else if (one.do === "release") store.release(one.which);
    else if (one.do === "take") client.connection.take(one.count);
    else if (one.do === "close") stream.close();
    else if (one.do === "cut") comeBack(one.noticed);
    if (client.connection.state !== "open") comeBack(true);
    await turn();
  }
  stream.append(`event ${++appended}`);
  stream.finish();
  for (let rounds = 0; client.lastSeq < appended; rounds += 1) {
    if (rounds > 1_000) throw new Error(`the client never got beyond event ${client.lastSeq} of ${appended}`);
    while (!store.idle) {
      store.release();
      await turn();
    }
    client.connection.take(Number.POSITIVE_INFINITY);
    await turn();
    if (client.connection.state !== "open") {
      client.leave();
      if (client.lastSeq < appended) stream.resume(client.connection, client.lastSeq);
    }
  }
  // Invariant 4: once. A finished stream that was read to its end has nothing more to say.
  stream.resume(client.connection, client.lastSeq);
  for (let turns = 0; turns < 10; turns += 1) {
    store.release();
    client.connection.take(Number.POSITIVE_INFINITY);
    await turn();
  }
  expect(client.connection.state).toBe("ended");
  const before = client.received.length;
  client.leave();
  expect(client.received).toHaveLength(before);
  return client;
}

describe.each([
  ["a store that answers at once", false],
  ["a store that takes its time", true],
])("[15, 33] %s", (_, slow) => {
  test("every event once and in order, whatever is cut, and however slow its reader is", {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: "max" }), async (steps) => {
        const { received } = await play(steps, Number.POSITIVE_INFINITY, slow);
        const appended = steps.filter((one) => one.do === "append").length + 1;
        expect(received).toEqual(Array.from({ length: appended }, (_one, index) => `event ${index + 1}`));
      }),
      { numRuns: 400, verbose: 1 },
    );
  });

  test("[32] with a log that forgets: what is gone is told, what is there comes once", {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80, size: "max" }),
        fc.integer({ min: 1, max: 6 }),
        async (steps, maxEvents) => {
          await play(steps, maxEvents, slow);
        },
      ),
      { numRuns: 400, verbose: 1 },
    );
  });
});
