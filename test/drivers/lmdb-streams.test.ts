/** [32, 38] Stream logs in LMDB outlive their process: who may go on with them, and when they are removed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Environment } from "../../src/drivers/lmdb/environment.js";
import { Heartbeats } from "../../src/drivers/lmdb/heartbeats.js";
import { lmdbStore } from "../../src/drivers/lmdb/index.js";
import { ownerName } from "../../src/drivers/lmdb/owner.js";
import type { Store, StreamLog } from "../../src/stores/types.js";
import { sha256 } from "../../src/util/ids.js";

const BOUNDS = { maxEvents: 100, maxBytes: 10_000 };
const KEY = JSON.stringify(["alice", "stream"]);

let dir: string;
let stores: Store[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "holdfast-streams-"));
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close?.();
  rmSync(dir, { recursive: true, force: true });
});

function open(): Store {
  const store = lmdbStore({ dir });
  stores.push(store);
  return store;
}

async function written(store: Store): Promise<StreamLog> {
  const log = store.streams.create(KEY, BOUNDS);
  await log.append(1, "one");
  await log.append(2, "two");
  await log.note?.("call", "a request");
  return log;
}

describe("a log in LMDB", () => {
  it("is given to nobody while its process is there, and with its notes to one who comes after it", async () => {
    const first = open();
    const log = await written(first);
    const second = open();
    expect(await second.streams.open?.(KEY, BOUNDS)).toBeUndefined();
    await first.close?.();
    const stored = await second.streams.open?.(KEY, BOUNDS);
    expect(stored).toMatchObject({ lastSeq: 2, finished: false, notes: new Map([["call", "a request"]]) });
    expect(await stored?.log.read(1)).toEqual({ events: [{ seq: 2, data: "two" }], missed: 0 });
    expect(await open().streams.open?.(KEY, BOUNDS)).toBeUndefined();
    // The first one is not dead after all: what it still writes is refused.
    await expect(log.append(3, "late")).rejects.toThrow(/taken over/);
    await stored?.log.append(3, "three", "call");
    await second.close?.();
    expect(await open().streams.open?.(KEY, BOUNDS)).toMatchObject({ lastSeq: 3, notes: new Map() });
  });

  it("is nobody else's: another owner's key names nothing", async () => {
    const first = open();
    await written(first);
    await first.close?.();
    expect(await open().streams.open?.(JSON.stringify(["bob", "stream"]), BOUNDS)).toBeUndefined();
  });

  it("of another container is left alone while that one says that it is there", async () => {
    const first = open();
    await written(first);
    await first.close?.();
    const environment = new Environment({ dir });
    // The same boot, another namespace: its numbers of processes mean nothing here.
    const [realm = "", ...rest] = ownerName().split(" ");
    const stranger = [`${realm.split("/")[0]}/pid:[1]`, ...rest].join(" ");
    const table = environment.table("streams");
    const rename = () => {
      const head = JSON.parse(table.get(sha256(KEY)) ?? "{}") as object;
      table.put(sha256(KEY), JSON.stringify({ ...head, owner: stranger }));
    };
    await environment.write(rename);
    const theirs = new Heartbeats(environment, stranger);
    theirs.start();
    // Whatever was asked for before is written by then.
    await environment.write(() => {});
    expect(await open().streams.open?.(KEY, BOUNDS)).toBeUndefined();
    await theirs.stop();
    expect(await open().streams.open?.(KEY, BOUNDS)).toMatchObject({ lastSeq: 2 });
    await environment.close();
  });

  it("is removed when its process is gone and nobody came back in time", async () => {
    const first = open();
    await written(first);
    const second = open();
    await second.streams.sweep?.(-1, 10);
    await first.close?.();
    await second.streams.sweep?.(60_000, 10);
    const kept = await second.streams.open?.(KEY, BOUNDS);
    expect(kept?.lastSeq).toBe(2);
    await second.close?.();
    const third = open();
    await third.streams.sweep?.(-1, 10);
    expect(await third.streams.open?.(KEY, BOUNDS)).toBeUndefined();
  });
});
