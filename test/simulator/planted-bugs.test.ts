/**
 * [27] Whoever watches must be watched: bugs that a ledger or a store could have are planted in the simulation, and the
 * checker finds each within a few hundred schedules. None of them needs a switch in the code under test.
 */
import { describe, expect, test } from "vitest";
import type { OperationRecord } from "../../src/stores/operation-record.js";
import type { Claim, ClaimRequest, OperationStore } from "../../src/stores/operations.js";
import { SimulatedNode } from "./node.js";
import { SharedStore } from "./shared-store.js";
import { type SimulationOptions, simulate } from "./simulate.js";

/** More schedules than any of these bugs has needed. */
const MAX_SCHEDULES = 3000;

/** A store that takes whatever fence it is given. */
class WithoutFences extends SharedStore {
  protected override held(key: string, fence: number): OperationRecord {
    return this.read(key) ?? super.held(key, fence);
  }
}

/** A store that gives a fence again when the record of the key was removed. */
class WithFencesAgain extends SharedStore {
  protected override write(key: string, record: OperationRecord): void {
    super.write(key, { ...record, fence: this.read(key) === undefined ? 1 : record.fence });
  }

  protected override unwitnessed(request: ClaimRequest): Claim {
    const existed = this.read(request.key) !== undefined;
    const answer = super.unwitnessed(request);
    return answer.state === "won" && !existed ? { ...answer, fence: 1 } : answer;
  }
}

/** A store in which a claim does not record the start. */
class WithoutStarts extends SharedStore {
  protected override write(key: string, record: OperationRecord): void {
    super.write(key, record.state === "started" ? { ...record, state: "claimed" } : record);
  }
}

/** A store that gives an operation away while its owner's lease lasts. */
class WithoutLeases extends SharedStore {
  protected override write(key: string, record: OperationRecord): void {
    super.write(key, { ...record, leaseUntil: Math.min(record.leaseUntil, this.time().lease + 500) });
  }
}

/** A store that says yes to an outcome and loses it. */
class Forgetful extends SharedStore {
  #commits = 0;

  override commit(...call: Parameters<SharedStore["commit"]>): void {
    this.#commits += 1;
    if (this.#commits % 4 !== 0) super.commit(...call);
  }
}

/** A store that drops journals when an operation is taken over. */
class WithoutJournals extends SharedStore {
  protected override write(key: string, record: OperationRecord): void {
    super.write(key, { ...record, journal: record.state === "suspended" ? [] : record.journal });
  }

  protected override unwitnessed(request: ClaimRequest): Claim {
    const answer = super.unwitnessed(request);
    return answer.state === "won" ? { ...answer, journal: [] } : answer;
  }
}

/** A way to the store that says an outcome is recorded before it is. */
function hasty(store: OperationStore): OperationStore {
  return new Proxy(store, {
    get: (target, name: keyof OperationStore) => {
      if (name !== "commit") return typeof target[name] === "function" ? target[name].bind(target) : target[name];
      return (...commit: Parameters<OperationStore["commit"]>) => {
        Promise.resolve(target.commit(...commit)).catch(() => {});
      };
    },
  });
}

const BUGS: readonly (readonly [string, Omit<SimulationOptions, "seed">, RegExp])[] = [
  [
    "a commit whose fence is not checked",
    { createStore: (parts) => new WithoutFences(parts) },
    /not the owner's|second outcome/,
  ],
  ["a fence that is given twice", { createStore: (parts) => new WithFencesAgain(parts) }, /was given before/],
  ["a start that is not recorded", { createStore: (parts) => new WithoutStarts(parts) }, /started twice|took effect/],
  ["an operation taken over too early", { createStore: (parts) => new WithoutLeases(parts) }, /before its lease/],
  ["an outcome that is confirmed and lost", { createStore: (parts) => new Forgetful(parts) }, /not recorded/],
  ["a journal that is lost", { createStore: (parts) => new WithoutJournals(parts) }, /step \w+ was lost/],
  [
    "an outcome told before it is recorded",
    { createNode: (parts) => new SimulatedNode({ ...parts, store: hasty(parts.store) }) },
    /not recorded/,
  ],
];

describe("[27] the simulator finds", () => {
  test.each(BUGS)("%s", async (_name, planted, message) => {
    let found: string | undefined;
    for (let seed = 1; seed <= MAX_SCHEDULES && found === undefined; seed += 1) {
      found = (await simulate({ ...planted, seed })).violation;
    }
    expect(found).toMatch(message);
  });
});
