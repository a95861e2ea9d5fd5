/** [8, 20, 35] The contracts of stores, held against the stores in memory; and against broken ones, to see it notice. */
import { describe, expect, test } from "vitest";
import { MemoryOperationStore } from "../../src/stores/memory/operations.js";
import { MemoryStreamStore } from "../../src/stores/memory/streams.js";
import type { ClaimRequest } from "../../src/stores/operations.js";
import { type OperationStoreFixture, operationStoreContract, streamStoreContract } from "../../src/testing/index.js";

function inMemory(Store: typeof MemoryOperationStore = MemoryOperationStore): OperationStoreFixture {
  let nowMs = 1000;
  return {
    store: new Store(() => ({ lease: nowMs, date: 1_750_000_000_000 + nowMs })),
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

describe("operations in memory", () => {
  for (const { name, run } of operationStoreContract(() => inMemory())) test(name, run);
});

describe("streams in memory", () => {
  for (const { name, run } of streamStoreContract(() => ({ store: new MemoryStreamStore() }))) test(name, run);
});

class Generous extends MemoryOperationStore {
  override claim(request: ClaimRequest): ReturnType<MemoryOperationStore["claim"]> {
    return super.claim({ ...request, takeOver: true });
  }
}

class Careless extends MemoryOperationStore {
  override commit(...call: Parameters<MemoryOperationStore["commit"]>): void {
    try {
      super.commit(...call);
    } catch {
      // A store that swallows what it must tell.
    }
  }
}

class Forgetful extends MemoryOperationStore {
  override journal(): void {}
}

class Stubborn extends MemoryOperationStore {
  override release(): void {}
}

describe("the contract notices", () => {
  test.each([
    ["one that takes over what nobody asked it to", Generous],
    ["one that does not say that a fence was lost", Careless],
    ["one that loses the journal", Forgetful],
    ["one that keeps what was released", Stubborn],
  ])("%s", async (_name, Store) => {
    const failed: string[] = [];
    for (const { name, run } of operationStoreContract(() => inMemory(Store)))
      await run().catch(() => failed.push(name));
    expect(failed.length).toBeGreaterThan(1);
    expect(failed).toContain("random sequences of calls are answered as the contract has it");
  });
});
