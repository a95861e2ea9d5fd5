/** [1, 7, 8, 16, 20, 35] The contract of operation stores, held against LMDB with two handles on one directory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { Environment } from "../../src/drivers/lmdb/environment.js";
import { LmdbOperationStore } from "../../src/drivers/lmdb/operations.js";
import { type OperationStoreFixture, operationStoreContract } from "../../src/testing/index.js";

/** The only place that knows how an environment is opened. */
async function openEnvironment(dir: string, durability: "sync" | "async"): Promise<Environment> {
  return new Environment({ dir, durability });
}

async function create(durability: "sync" | "async"): Promise<OperationStoreFixture> {
  const dir = mkdtempSync(join(tmpdir(), "holdfast-lmdb-"));
  const open: Environment[] = [];
  const environment = async () => {
    const one = await openEnvironment(dir, durability);
    open.push(one);
    return one;
  };
  const first = await environment();
  return {
    store: new LmdbOperationStore(first),
    other: new LmdbOperationStore(await environment()),
    damage: async (key) => {
      const table = first.table("operations");
      await first.write(() => table.put(key, '{"version":1,"state":"do'));
    },
    reopen: async () => {
      for (const one of open.splice(0)) await one.close();
      return new LmdbOperationStore(await environment());
    },
    dispose: async () => {
      for (const one of open) await one.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

describe.each(["async", "sync"] as const)("operations in LMDB, %s", (durability) => {
  for (const { name, run } of operationStoreContract(() => create(durability))) {
    test(name, run);
  }
});
