/** The memory store with a count of what it holds: a log that is never dropped is a leak. */
import { memoryStore } from "../../../src/stores/memory/index.js";
import type { Store, StreamLog, StreamLogBounds } from "../../../src/stores/types.js";

export interface CountingStore extends Store {
  readonly live: () => number;
  readonly made: () => number;
}

export function countingStore(): CountingStore {
  const inner = memoryStore();
  const live = new Set<StreamLog>();
  let made = 0;
  const create = (key: string, bounds: StreamLogBounds): StreamLog => {
    const log = inner.streams.create(key, bounds);
    const counted: StreamLog = {
      get heldChars() {
        return log.heldChars;
      },
      finish: () => log.finish(),
      trim: (maxChars) => log.trim(maxChars),
      append: (seq, data) => log.append(seq, data),
      read: (afterSeq) => log.read(afterSeq),
      drop: () => {
        live.delete(counted);
        log.drop();
      },
    };
    live.add(counted);
    made += 1;
    return counted;
  };
  return { ...inner, streams: { durability: "process", create }, live: () => live.size, made: () => made };
}
