/** [26, 28, 35] Counts in LMDB: the contract with two handles on one directory, and what only a directory can be put through. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { LmdbCounterStore } from "../../src/drivers/lmdb/counters.js";
import { countsEnvironment } from "../../src/drivers/lmdb/counts.js";
import type { Environment } from "../../src/drivers/lmdb/environment.js";
import { lmdbStore } from "../../src/drivers/lmdb/index.js";
import { ownerName, retire } from "../../src/drivers/lmdb/owner.js";
import type { RateRule } from "../../src/stores/counters.js";
import { type CounterStoreFixture, counterStoreContract } from "../../src/testing/index.js";

interface Directory {
  open(maxKeys?: number): {
    readonly environment: Environment;
    readonly owner: string;
    readonly store: LmdbCounterStore;
  };
  close(): Promise<void>;
  remove(): Promise<void>;
  readonly dir: string;
  nowMs: number;
}

/** A directory whose clock the test sets, unless it is to be the machine's. */
function directory(clock: "set" | "real" = "set"): Directory {
  const dir = mkdtempSync(join(tmpdir(), "holdfast-counters-"));
  const opened: { environment: Environment; owner: string }[] = [];
  const made: Directory = {
    dir,
    nowMs: 5_000_000,
    open: (maxKeys) => {
      const environment = countsEnvironment({ dir });
      const time = () => ({ lease: made.nowMs, date: Date.now() });
      if (clock === "set") Object.assign(environment, { time });
      const owner = ownerName();
      opened.push({ environment, owner });
      const store = new LmdbCounterStore(environment, owner, maxKeys === undefined ? {} : { maxKeys });
      return { environment, owner, store };
    },
    close: async () => {
      for (const { environment, owner } of opened.splice(0)) {
        retire(owner);
        await environment.close();
      }
    },
    remove: async () => {
      await made.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return made;
}

function fixture(clock: "set" | "real"): CounterStoreFixture {
  const made = directory(clock);
  const advance = (ms: number) => {
    made.nowMs += ms;
  };
  return {
    store: made.open().store,
    other: made.open().store,
    ...(clock === "set" && { advance }),
    reopen: async () => {
      await made.close();
      return made.open().store;
    },
    dispose: () => made.remove(),
  };
}

describe.each(["set", "real"] as const)("counts in LMDB, by a clock that is %s", (clock) => {
  for (const { name, run } of counterStoreContract(() => fixture(clock))) test.concurrent(name, run);
});

const places: Directory[] = [];
const here = (clock?: "real"): Directory => {
  const made = directory(clock);
  places.push(made);
  return made;
};
afterEach(async () => {
  for (const one of places.splice(0)) await one.remove();
});

const LONG_MS = 600_000;
const rule = (key: string, limit = 1): RateRule => ({ key, limit, windowMs: LONG_MS });
const ONE = [{ key: "key", max: 1 }];

describe("a directory", () => {
  test("a refusal writes nothing and is not waited for", async () => {
    const { store, environment } = here().open();
    expect(await store.take([rule("key")])).toEqual({ allowed: true });
    expect(await store.acquire("one", ONE, LONG_MS)).toEqual({ allowed: true });
    Object.assign(environment, { write: () => expect.unreachable("a refusal writes") });
    expect(store.take([rule("key")])).toEqual({ allowed: false, key: "key", retryAfterMs: LONG_MS });
    expect(store.acquire("two", ONE, LONG_MS)).toEqual({ allowed: false, key: "key" });
  });

  test("places of a process that is dead are free at once, whatever their lease", async () => {
    const dir = here();
    const [one, two] = [dir.open(), dir.open()];
    await one.store.acquire("one", ONE, Number.POSITIVE_INFINITY);
    expect(await two.store.acquire("two", ONE, LONG_MS)).toEqual({ allowed: false, key: "key" });
    retire(one.owner);
    expect(await two.store.acquire("two", ONE, LONG_MS)).toEqual({ allowed: true });
    expect(await two.store.acquire("three", ONE, LONG_MS)).toEqual({ allowed: false, key: "key" });
  });

  test("a sweep takes away what is spent, and places of the dead; after it the tables are empty", async () => {
    const dir = here();
    const [one, two] = [dir.open(), dir.open()];
    for (let index = 0; index < 50; index += 1) await one.store.take([rule(`key${index}`)]);
    for (let index = 0; index < 50; index += 1)
      await one.store.acquire(`id${index}`, [{ key: "key", max: 99 }], LONG_MS);
    const sizes = () => ["rates", "places"].map((name) => two.environment.table(name).size());
    expect(sizes()).toEqual([50, 50]);
    for (let sweep = 0; sweep < 10; sweep += 1) await two.store.sweep(20);
    expect(sizes()).toEqual([50, 50]);
    retire(one.owner);
    dir.nowMs += LONG_MS;
    for (let sweep = 0; sweep < 10; sweep += 1) await two.store.sweep(20);
    expect(sizes()).toEqual([0, 0]);
  });

  test("no more keys are held than may be; who is nearest to a full limit is forgotten", async () => {
    const dir = here();
    const { store, environment } = dir.open(20);
    for (let call = 0; call < 5; call += 1) await store.take([rule("busy", 5)]);
    for (let index = 0; index < 200; index += 1) {
      dir.nowMs += 1;
      // Nothing but `busy` has used more than a fifth of its limit.
      expect(await store.take([rule(`key${index}`, 5)])).toEqual({ allowed: true });
    }
    expect(environment.table("rates").size()).toBe(20);
    expect(await store.take([rule("busy", 5)])).toMatchObject({ allowed: false });
  });

  test("[35] records that cannot be read, or are of another boot, lock nobody out", async () => {
    const dir = here();
    const { store, environment } = dir.open();
    const [rates, held] = [environment.table("rates"), environment.table("places")];
    for (const text of ["", "nonsense", "1", "-5 1 1", `${1e15} 1 ${LONG_MS}`]) {
      await environment.write(() => rates.put("key", text));
      expect([text, await store.take([rule("key")])]).toEqual([text, { allowed: true }]);
    }
    for (const text of ["", "nonsense", "12", `${1e15} 1000 somebody`]) {
      await environment.write(() => held.put("key other", text));
      expect([text, await store.acquire("one", ONE, LONG_MS)]).toEqual([text, { allowed: true }]);
      await store.release({ id: "one", keys: ["key"] });
    }
  });

  test("[26] the clock is the machine's own, whatever the date is set to", async () => {
    const { store } = here("real").open();
    const now = Date.now;
    try {
      expect(await store.take([rule("key")])).toEqual({ allowed: true });
      for (const ms of [-LONG_MS, 10 * LONG_MS]) {
        Date.now = () => now() + ms;
        expect(await store.take([rule("key")])).toMatchObject({ allowed: false });
      }
    } finally {
      Date.now = now;
    }
  });

  test("counts of another boot are removed, and nothing else is", async () => {
    const { dir, open } = here();
    for (const folder of ["counts-another-boot", "counts-", "data", "mine"]) mkdirSync(join(dir, folder));
    expect(await open().store.take([rule("key")])).toEqual({ allowed: true });
    const left = readdirSync(dir).filter((name) => name.startsWith("counts-"));
    expect([left.length, ...["data", "mine"].map((name) => existsSync(join(dir, name)))]).toEqual([1, true, true]);
    expect(await open().store.take([rule("key")])).toMatchObject({ allowed: false });
  });

  test("a store that limits nothing opens no counts; one that was closed opens them again, but not to give back", async () => {
    const { dir } = here();
    const store = lmdbStore({ dir });
    const folders = () => readdirSync(dir).filter((name) => name.startsWith("counts-")).length;
    expect(folders()).toBe(0);
    const { counters } = store;
    expect(await counters.acquire("one", ONE, LONG_MS)).toEqual({ allowed: true });
    await store.close?.();
    rmSync(dir, { recursive: true });
    await counters.release({ id: "one", keys: ["key"] });
    expect(existsSync(dir)).toBe(false);
    store.open?.();
    expect(await counters.acquire("two", ONE, LONG_MS)).toEqual({ allowed: true });
    expect(folders()).toBe(1);
    await store.close?.();
  });
});
