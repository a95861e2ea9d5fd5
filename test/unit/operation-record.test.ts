/** [2, 20, 26] What the record of an operation answers when a day has passed and nobody came back for it. */
import { describe, expect, test } from "vitest";
import { MemoryOperationStore } from "../../src/stores/memory/operations.js";

const HOUR_MS = 3_600_000;
const LEASE_MS = 15_000;

function abandoned(begin: boolean) {
  const now = { lease: 1000, date: 1_750_000_000_000 };
  const store = new MemoryOperationStore(() => ({ ...now }));
  const claim = (id: string) =>
    store.claim({ key: "key", fingerprint: "asked", id, owner: id, leaseMs: LEASE_MS, begin, takeOver: false });
  const pass = (ms: number) => {
    now.lease += ms;
    now.date += ms;
  };
  const won = claim("first");
  return { now, store, claim, pass, fence: won.state === "won" ? won.fence : 0 };
}

describe("an operation whose owner died", () => {
  test("after the start: is in doubt for a day, then its key is used up for another one, then it is new", () => {
    const { claim, pass } = abandoned(true);
    pass(LEASE_MS + 23 * HOUR_MS);
    expect(claim("second")).toEqual({ state: "doubt", id: "first" });
    pass(2 * HOUR_MS);
    expect(claim("third")).toEqual({ state: "expired" });
    pass(23 * HOUR_MS);
    expect(claim("fourth")).toEqual({ state: "expired" });
    pass(2 * HOUR_MS);
    expect(claim("fifth")).toMatchObject({ state: "won", id: "fifth", existed: false });
  });

  test("after the start: is not new when only the date has jumped", () => {
    const { claim, now } = abandoned(true);
    now.lease += LEASE_MS;
    now.date += 1000 * HOUR_MS;
    expect(claim("second")).toEqual({ state: "doubt", id: "first" });
  });

  test("after it had worked for days: is in doubt, not new", () => {
    const { claim, pass, store, fence } = abandoned(true);
    for (let day = 0; day < 5; day += 1) {
      pass(24 * HOUR_MS);
      store.renew("key", fence, LEASE_MS);
    }
    pass(LEASE_MS);
    expect(claim("second")).toEqual({ state: "doubt", id: "first" });
  });

  test("after the start: its key is used up although it was swept", () => {
    const { claim, pass, store } = abandoned(true);
    pass(LEASE_MS + 25 * HOUR_MS);
    store.sweep(10);
    expect(claim("second")).toEqual({ state: "expired" });
    pass(25 * HOUR_MS);
    store.sweep(10);
    expect(store.size).toBe(0);
  });

  test("before the start: is gone after a day", () => {
    const { pass, store } = abandoned(false);
    pass(LEASE_MS + 25 * HOUR_MS);
    store.sweep(10);
    expect(store.size).toBe(0);
  });
});
