/** A store whose counts go by a clock that the test sets, answer late if they are to, and fail when they are told to. */
import type { CounterStore, Store } from "../../../src/index.js";
import { MemoryCounterStore } from "../../../src/stores/memory/counters.js";
import { memoryStore } from "../../../src/stores/memory/index.js";

export interface Counting {
  readonly store: Store;
  readonly counters: MemoryCounterStore;
  /** Methods of the counters so far, in their order. */
  readonly asked: string[];
  /** Before the named method: may throw, or wait. */
  before(method: keyof CounterStore, how: () => void | Promise<void>): void;
  pass(ms: number): void;
}

type Method = "peek" | "take" | "acquire" | "renew" | "release" | "sweep";
const METHODS: readonly Method[] = ["peek", "take", "acquire", "renew", "release", "sweep"];

/** `late`: answers with promises, as a store that others share does. */
export function counting({ late = false, parts = memoryStore() }: { late?: boolean; parts?: Store } = {}): Counting {
  let nowMs = 1000;
  const counters = new MemoryCounterStore({ now: () => nowMs });
  const first = new Map<keyof CounterStore, () => void | Promise<void>>();
  const asked: string[] = [];
  const methods = METHODS.map((method) => {
    const through = (...args: never[]): unknown => {
      asked.push(method);
      const answer = () => (counters[method] as (...given: never[]) => unknown)(...args);
      const waits = first.get(method)?.();
      return late || waits !== undefined ? Promise.resolve(waits).then(answer) : answer();
    };
    return [method, through];
  });
  const shared = { shared: late, ...Object.fromEntries(methods) } as unknown as CounterStore;
  return {
    store: { ...parts, counters: shared },
    counters,
    asked,
    before: (method, how) => void first.set(method, how),
    pass: (ms) => {
      nowMs += ms;
    },
  };
}
