/** A log that cannot keep an event: the connection ends, and whoever comes back is told what is gone. */
import { describe, expect, it } from "vitest";
import type { StreamEvent, StreamLog } from "../../src/stores/types.js";
import { EventStream } from "../../src/streams/event-stream.js";

class Sink {
  readonly texts: string[] = [];
  ended = false;
  write(text: string): number {
    this.texts.push(text);
    return 0;
  }
  end(): void {
    this.ended = true;
  }
  abort(): void {
    this.ended = true;
  }
  whenDrained(listener: () => void): void {
    listener();
  }
  /** Data of the events, without what primes. */
  get events(): readonly string[] {
    return this.texts.flatMap((text) => Array.from(text.matchAll(/^data: (.+)$/gm), ([, data = ""]) => data));
  }
}

/** A log on a disk that fails for the events named. */
function failing(lost: ReadonlySet<number>) {
  const kept: StreamEvent[] = [];
  return {
    heldChars: 0,
    append: async (seq: number, data: string) => {
      if (lost.has(seq)) throw new Error("disk full");
      kept.push({ seq, data });
    },
    read: async (after: number) => ({ events: kept.filter(({ seq }) => seq > after), missed: 0 }),
    finish: () => {},
    trim: () => {},
    drop: () => {},
  };
}

const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

function streamOver(log: StreamLog): EventStream {
  return new EventStream(
    { id: "s", owner: "o", counted: undefined, log },
    {
      maxQueuedBytes: 1000,
      retryMs: 1,
      gapMessage: (missed) => `gap ${missed}`,
      now: Date.now,
      keeper: { attachedChanged: () => {}, heldChanged: () => {} },
    },
  );
}

describe("[36, 50] while the log is read for somebody who comes back", () => {
  const late = async () => ({ events: [], missed: 0 });

  it("its connection may go: the stream is not kept for it", async () => {
    const stream = streamOver({ ...failing(new Set()), read: late });
    const sink = new Sink();
    stream.resume(sink, 0);
    sink.ended = true;
    stream.detach(sink);
    await settled();
    expect(stream.attached).toBe(false);
  });

  it("the stream may be forgotten: the connection ends", async () => {
    const stream = streamOver({ ...failing(new Set()), read: late });
    const sink = new Sink();
    stream.resume(sink, 0);
    stream.drop();
    await settled();
    expect([sink.ended, stream.attached]).toEqual([true, false]);
  });

  it.each([
    ["later", () => Promise.reject(new Error("disk gone"))],
    [
      "at once",
      () => {
        throw new Error("disk gone");
      },
    ],
  ])("the log may fail, %s: the connection ends, the one that is read goes on", async (_, read) => {
    const stream = streamOver({ ...failing(new Set()), read });
    const [first, second] = [new Sink(), new Sink()];
    stream.open(first, false);
    stream.resume(second, 0);
    await settled();
    stream.append("live");
    await settled();
    expect([second.ended, first.ended, first.events]).toEqual([true, false, ["live"]]);
  });
});

describe("[36] an event that could not be kept", () => {
  it.each([
    { lost: [1], expected: ["gap 1", "two", "three", "live"] },
    { lost: [2], expected: ["one", "gap 1", "three", "live"] },
    { lost: [3], expected: ["one", "two", "gap 1", "live"] },
    { lost: [2, 3], expected: ["one", "gap 2", "live"] },
    { lost: [1, 2, 3], expected: ["gap 3", "live"] },
  ])("($lost) is a gap to whoever comes back, and the stream goes on", async ({ lost, expected }) => {
    const stream = streamOver(failing(new Set(lost)));
    const first = new Sink();
    stream.open(first, false);
    for (const data of ["one", "two", "three"]) stream.append(data);
    await settled();
    expect([first.ended, stream.attached]).toEqual([true, false]);
    const second = new Sink();
    stream.resume(second, 0);
    await settled();
    stream.append("live");
    await settled();
    expect(second.events).toEqual(expected);
    expect(second.ended).toBe(false);
  });
});
