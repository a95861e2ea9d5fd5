/** `inspect` and `move` of the contract of operation stores, on every store that is built in. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Environment } from "../../src/drivers/lmdb/environment.js";
import { LmdbOperationStore } from "../../src/drivers/lmdb/operations.js";
import { ownerName } from "../../src/drivers/lmdb/owner.js";
import { MemoryOperationStore } from "../../src/stores/memory/operations.js";
import { type Claim, LASTING_ENTRY, type OperationStore } from "../../src/stores/operations.js";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function lmdb(): Promise<OperationStore> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-operations-"));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  const environment = new Environment({ dir });
  cleanups.push(() => environment.close());
  return new LmdbOperationStore(environment);
}

const OWNER = ownerName();
const KEEP = { ttlMs: 60_000, tombstoneMs: 60_000 };
const FORGET = { ttlMs: 60_000, tombstoneMs: 0 };
const LASTING = `${LASTING_ENTRY}fact`;

async function claim(store: OperationStore, key: string, leaseMs = 60_000): Promise<Extract<Claim, { state: "won" }>> {
  const won = await store.claim({
    ...{ key, fingerprint: "print", id: `id of ${key}`, owner: OWNER, leaseMs },
    ...{ begin: true, takeOver: true },
  });
  if (won.state !== "won") throw new Error(won.state);
  return won;
}

const stores: readonly (readonly [string, () => OperationStore | Promise<OperationStore>])[] = [
  ["memory", () => new MemoryOperationStore()],
  ["lmdb", lmdb],
];

describe.each(stores)("%s", (_name, open) => {
  it("inspect says how an operation stands, and claims nothing", async () => {
    const store = await open();
    expect(await store.inspect("a")).toBeUndefined();
    const { fence } = await claim(store, "a");
    await store.journal("a", fence, ["step", "1"]);
    const journal = [["step", "1"]];
    const known = { id: "id of a", fingerprint: "print", journal, outcome: undefined };
    expect(await store.inspect("a")).toEqual({ ...known, state: "running" });
    await store.suspend("a", fence, KEEP);
    expect(await store.inspect("a")).toEqual({ ...known, state: "suspended" });
    const again = await claim(store, "a", 0);
    expect(await store.inspect("a")).toEqual({ ...known, state: "cut-off" });
    await store.commit("a", again.fence, "{}", KEEP);
    expect(await store.inspect("a")).toEqual({ ...known, state: "done", journal: [], outcome: "{}" });
  });

  it("inspect says that an outcome is no longer kept, and nothing of what is forgotten", async () => {
    const store = await open();
    const expired = await claim(store, "b");
    await store.commit("b", expired.fence, "{}", { ttlMs: 0, tombstoneMs: 60_000 });
    expect(await store.inspect("b")).toMatchObject({ state: "expired", outcome: undefined });
    const forgotten = await claim(store, "c");
    await store.commit("c", forgotten.fence, "{}", { ttlMs: 0, tombstoneMs: 0 });
    expect(await store.inspect("c")).toBeUndefined();
  });

  it("lasting entries stay when an operation is done, the others go", async () => {
    const store = await open();
    const { fence } = await claim(store, "d");
    await store.journal("d", fence, ["step", "1"]);
    await store.journal("d", fence, [LASTING, "2"]);
    await store.commit("d", fence, "{}", KEEP);
    expect((await store.inspect("d"))?.journal).toEqual([[LASTING, "2"]]);
  });

  it("move keeps fence, journal and owner under the new key, and leaves an outcome under the old one", async () => {
    const store = await open();
    const first = await claim(store, "e", 0);
    const { fence } = await claim(store, "e");
    expect(fence).toBeGreaterThan(first.fence);
    await store.journal("e", fence, [LASTING, "2"]);
    await store.move("e", fence, { to: "f", outcome: '{"moved":"f"}', retention: FORGET });
    expect(await store.inspect("e")).toMatchObject({ state: "done", outcome: '{"moved":"f"}', journal: [] });
    expect(await store.inspect("f")).toMatchObject({ state: "running", id: "id of e", journal: [[LASTING, "2"]] });
    await store.journal("f", fence, ["step", "3"]);
    await store.renew("f", fence, 60_000);
    await store.commit("f", fence, "{}", KEEP);
    await store.forget("e");
    expect(await store.inspect("e")).toBeUndefined();
    expect(await store.inspect("f")).toMatchObject({ state: "done", outcome: "{}" });
  });

  it("move writes nothing for a fence that was lost", async () => {
    const store = await open();
    const { fence } = await claim(store, "g", 0);
    await claim(store, "g");
    const moved = { to: "h", outcome: "{}", retention: FORGET };
    await expect((async () => store.move("g", fence, moved))()).rejects.toMatchObject({ code: "ERR_FENCE_LOST" });
    expect(await store.inspect("h")).toBeUndefined();
    expect(await store.inspect("g")).toMatchObject({ state: "running" });
  });
});
