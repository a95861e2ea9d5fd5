/** The logs of streams. */
import type { StreamEvent, StreamLogBounds } from "../../stores/types.js";
import type { StreamStoreFixture } from "./cases.js";
import { holds, refuses, same } from "./cases.js";

type Body = (fixture: StreamStoreFixture) => Promise<void>;

const WIDE: StreamLogBounds = { maxEvents: 1000, maxBytes: 1_000_000 };
const TEXTS = ['{"a":1}', '"ä 漢 😀 \\n"', "[]", `"${"x".repeat(10_000)}"`, "null"];

function eventsFrom(seq: number, texts: readonly string[]): readonly StreamEvent[] {
  return texts.map((data, index) => ({ seq: seq + index, data }));
}

export const STREAM_CASES: Readonly<Record<string, Body>> = {
  "an event can be read when its append is through": async ({ store }) => {
    const log = store.create("key", WIDE);
    for (const [index, data] of TEXTS.entries()) {
      await log.append(index + 1, data);
      same(await log.read(index), { events: [{ seq: index + 1, data }], missed: 0 }, "the newest event");
    }
    same(await log.read(0), { events: eventsFrom(1, TEXTS), missed: 0 }, "all events");
    same(await log.read(2), { events: eventsFrom(3, TEXTS.slice(2)), missed: 0 }, "the events after the second");
    same(await log.read(TEXTS.length), { events: [], missed: 0 }, "what comes after the last");
  },

  "a log without events has none": async ({ store }) => {
    same(await store.create("key", WIDE).read(0), { events: [], missed: 0 }, "an empty log");
  },

  "numbers start at 1 and rise by 1; none is taken twice, none left out": async ({ store }) => {
    const log = store.create("key", WIDE);
    await refuses(() => log.append(2, "two"), "an append that does not start at 1");
    await log.append(1, "one");
    await refuses(() => log.append(1, "again"), "an append of a number that was given");
    await refuses(() => log.append(3, "three"), "an append that leaves a number out");
    same(await log.read(0), { events: [{ seq: 1, data: "one" }], missed: 0 }, "the log after refused appends");
    await log.append(2, "two");
    same((await log.read(1)).events, [{ seq: 2, data: "two" }], "the next event");
  },

  "at the bound of events the oldest go, and the log says how many": async ({ store }) => {
    const log = store.create("key", { maxEvents: 2, maxBytes: 1_000_000 });
    for (const [index, data] of TEXTS.entries()) await log.append(index + 1, data);
    same(await log.read(0), { events: eventsFrom(4, TEXTS.slice(3)), missed: 3 }, "all events");
    same(await log.read(2), { events: eventsFrom(4, TEXTS.slice(3)), missed: 1 }, "the events after the second");
    same(await log.read(3), { events: eventsFrom(4, TEXTS.slice(3)), missed: 0 }, "the events after the third");
  },

  "at the bound of bytes the oldest go, never the newest": async ({ store }) => {
    const log = store.create("key", { maxEvents: 1000, maxBytes: 10 });
    await log.append(1, "12345");
    await log.append(2, "12345");
    await log.append(3, "1234567890 and more");
    same(await log.read(0), { events: [{ seq: 3, data: "1234567890 and more" }], missed: 2 }, "all events");
  },

  "a finished log can be read as before": async ({ store }) => {
    const log = store.create("key", { maxEvents: 4, maxBytes: 1_000_000 });
    for (const [index, data] of TEXTS.entries()) await log.append(index + 1, data);
    log.finish();
    for (let round = 0; round < 2; round += 1) {
      same(await log.read(0), { events: eventsFrom(2, TEXTS.slice(1)), missed: 1 }, "all events");
      same(await log.read(4), { events: eventsFrom(5, TEXTS.slice(4)), missed: 0 }, "the last event");
    }
  },

  "`trim` lets the oldest go, never the newest": async ({ store }) => {
    const log = store.create("key", WIDE);
    for (const [index, data] of TEXTS.entries()) await log.append(index + 1, data);
    const before = log.heldChars;
    log.trim(before);
    same((await log.read(0)).missed, 0, "what a trim to what is held takes away");
    log.trim(0);
    holds(log.heldChars <= before, "a trimmed log holds no more than before");
    const { events, missed } = await log.read(0);
    same(events.at(-1), { seq: TEXTS.length, data: TEXTS.at(-1) }, "the newest event");
    same(missed, TEXTS.length - events.length, "what is missed");
  },

  "a dropped log holds nothing": async ({ store }) => {
    const log = store.create("key", WIDE);
    await log.append(1, "one");
    log.drop();
    same(log.heldChars, 0, "what it holds");
  },

  "logs are independent": async ({ store }) => {
    const [one, other] = [store.create("key", WIDE), store.create("key2", WIDE)];
    await one.append(1, "one");
    same(await other.read(0), { events: [], missed: 0 }, "the other log");
    one.drop();
    await other.append(1, "other");
    same((await other.read(0)).events, [{ seq: 1, data: "other" }], "the other log, later");
  },
};
