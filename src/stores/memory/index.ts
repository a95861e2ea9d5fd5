import type { Store } from "../types.js";
import { MemoryCounterStore } from "./counters.js";
import { MemoryOperationStore } from "./operations.js";
import { MemoryStreamStore } from "./streams.js";

/** The default store: everything in this process, gone with it. */
export function memoryStore(): Store {
  return {
    streams: new MemoryStreamStore(),
    operations: new MemoryOperationStore(),
    counters: new MemoryCounterStore(),
  };
}
