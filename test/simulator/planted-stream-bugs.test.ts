/** [27] Bugs planted in the log of a stream: the reader that checks by itself finds each of them. */
import { describe, expect, test } from "vitest";
import type { StreamEvent, StreamLog, StreamSlice } from "../../src/stores/types.js";
import { simulateStream } from "./simulate-stream.js";

/** More schedules than any of these bugs has needed. */
const MAX_SCHEDULES = 1000;

/** A log whose answers to a reader that comes back are bent. */
function bent(log: StreamLog, bend: (slice: StreamSlice, afterSeq: number) => StreamSlice): StreamLog {
  return {
    get heldChars() {
      return log.heldChars;
    },
    append: (seq, data) => log.append(seq, data),
    read: (afterSeq) => bend(log.read(afterSeq) as StreamSlice, afterSeq),
    finish: () => log.finish(),
    trim: (maxChars) => log.trim(maxChars),
    drop: () => log.drop(),
  };
}

const BUGS: readonly (readonly [string, (log: StreamLog) => StreamLog, RegExp])[] = [
  [
    "an event that is sent twice on resume",
    (log) => bent(log, (slice, afterSeq) => (afterSeq > 0 ? (log.read(afterSeq - 1) as StreamSlice) : slice)),
    /event \d+ follows event \d+|a gap of/,
  ],
  [
    "an event that is left out",
    // Numbered as if nothing were missing: a hole in the numbers would be told as a gap.
    (log) =>
      bent(log, ({ events, missed }, afterSeq) => ({
        events: renumbered(
          events.filter((_one, index) => index !== 1),
          afterSeq + missed,
        ),
        missed,
      })),
    /event \d+ is "\S+", not/,
  ],
  [
    "two events in the wrong order",
    (log) => bent(log, ({ events, missed }) => ({ events: events.length > 1 ? events.toReversed() : events, missed })),
    /event \d+ follows event \d+/,
  ],
  [
    "a gap that is not announced",
    (log) => bent(log, ({ events }, afterSeq) => ({ events: renumbered(events, afterSeq), missed: 0 })),
    /event \d+ is "\S+", not/,
  ],
];

function renumbered(events: readonly StreamEvent[], after: number): readonly StreamEvent[] {
  return events.map(({ data }, index) => ({ seq: after + index + 1, data }));
}

describe("[27] the simulator of streams finds", () => {
  test.each(BUGS)("%s", async (_name, wrapLog, message) => {
    let found: string | undefined;
    for (let seed = 1; seed <= MAX_SCHEDULES && found === undefined; seed += 1) {
      found = (await simulateStream({ wrapLog, seed })).violation;
    }
    expect(found).toMatch(message);
  });
});
