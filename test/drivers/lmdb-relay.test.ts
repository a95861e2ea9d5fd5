/** [40] The relay in LMDB: the contract with two handles on one directory, and what only a directory can be put through. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { lmdbStore } from "../../src/drivers/lmdb/index.js";
import { RELAY_TTL_MS } from "../../src/stores/relay.js";
import { type RelayStoreFixture, relayStoreContract } from "../../src/testing/index.js";
import { until } from "../faults/helpers/until.js";
import { type Directory, type Opened, relayDirectory } from "./helpers/relay-directory.js";

function fixture(): RelayStoreFixture {
  const made = relayDirectory();
  return { store: made.open().store, other: made.open().store, dispose: () => made.remove() };
}

describe("[40] the relay in LMDB", () => {
  for (const { name, run } of relayStoreContract(fixture)) test.concurrent(name, run);
});

const places: Directory[] = [];
const here = (): Directory => {
  const made = relayDirectory();
  places.push(made);
  return made;
};
afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of places.splice(0)) await one.remove();
});

const NAMES = ["relay-listeners", "relay-messages"];
const sizes = ({ environment }: Opened) => {
  environment.refresh();
  return NAMES.map((name) => environment.table(name).size());
};
const ignore = () => {};

describe("[40] a directory", () => {
  test("a message to nobody, or to a process that is dead, writes nothing", async () => {
    const dir = here();
    const [one, two] = [dir.open(), dir.open()];
    await one.store.listen("address", ignore);
    Object.assign(two.environment, { write: () => expect.unreachable("a message to nobody is written") });
    expect(two.store.send("elsewhere", "text")).toBe("nobody");
    one.die();
    expect(two.store.send("address", "text")).toBe("nobody");
  });

  test("who sends may die: what was sent arrives", async () => {
    const dir = here();
    const [one, two] = [dir.open(), dir.open()];
    const texts: string[] = [];
    await one.store.listen("address", (text) => texts.push(text));
    expect(await two.store.send("address", "the answer")).toBe("sent");
    two.die();
    await until("it has arrived", () => texts.length > 0);
    expect(texts).toEqual(["the answer"]);
  });

  test("nothing is left of what was listened for and sent", async () => {
    const dir = here();
    const [one, two] = [dir.open(), dir.open()];
    let taken = 0;
    const stops = await Promise.all(
      Array.from({ length: 20 }, (_, index) => one.store.listen(`address${index}`, () => (taken += 1))),
    );
    for (let index = 0; index < 20; index += 1) await two.store.send(`address${index}`, "x".repeat(1000));
    await until("all have arrived", () => taken === 20);
    await until("all are removed", () => sizes(two)[1] === 0);
    expect(sizes(two)).toEqual([20, 0]);
    // Sent, and not waited for any more.
    for (let index = 0; index < 20; index += 1) await two.store.send(`address${index}`, "x".repeat(1000));
    for (const stop of stops) stop();
    await until("nothing is left", () => sizes(two).join() === "0,0");
  });

  test("there is no timer while nobody listens", async () => {
    const dir = here();
    const { store } = dir.open();
    const every = vi.spyOn(globalThis, "setInterval");
    const clear = vi.spyOn(globalThis, "clearInterval");
    expect(store.send("address", "text")).toBe("nobody");
    expect(every).not.toHaveBeenCalled();
    const stops = [await store.listen("one", ignore), await store.listen("two", ignore)];
    const polls = every.mock.results.filter((_, index) => (every.mock.calls[index]?.[1] ?? 0) <= 100);
    expect(polls).toHaveLength(1);
    stops[0]?.();
    expect(clear).not.toHaveBeenCalledWith(polls[0]?.value);
    stops[1]?.();
    expect(clear).toHaveBeenCalledWith(polls[0]?.value);
  });

  test("what a dead process left is swept, and nothing else", async () => {
    const dir = here();
    const [one, two] = [dir.open(), dir.open()];
    for (let index = 0; index < 30; index += 1) await one.store.listen(`theirs${index}`, ignore);
    // Sent in the turn in which it dies: it looks no more.
    const sent = Array.from({ length: 30 }, (_, index) => two.store.send(`theirs${index}`, "text"));
    Object.assign(one.environment, { refresh: () => expect.unreachable("it is dead") });
    expect(new Set(await Promise.all(sent))).toEqual(new Set(["sent"]));
    one.die();
    await two.store.listen("ours", ignore);
    expect(sizes(two)).toEqual([31, 30]);
    dir.laterMs += 60_000;
    await two.store.listen("ours too", ignore);
    expect(sizes(two)).toEqual([2, 0]);
  });

  test("what a process that was stopped for long has not taken is let go of", async () => {
    const dir = here();
    const [one, two] = [dir.open(), dir.open()];
    await one.store.listen("address", ignore);
    Object.assign(one.environment, { refresh: () => expect.unreachable("it is stopped") });
    expect(await two.store.send("address", "text")).toBe("sent");
    dir.laterMs += RELAY_TTL_MS - 1000;
    await two.store.listen("ours", ignore);
    expect(sizes(two)).toEqual([2, 1]);
    dir.laterMs += 60_000;
    await two.store.listen("ours too", ignore);
    expect(sizes(two)).toEqual([3, 0]);
  });

  test("beyond what all may hold together the sender is told, and there is room when it was taken", async () => {
    const dir = here();
    const [one, two] = [dir.open({ messages: 5, chars: 3000 }), dir.open({ messages: 5, chars: 3000 })];
    let taken = 0;
    for (let index = 0; index < 9; index += 1) await one.store.listen(`address${index}`, () => (taken += 1));
    const sendAll = (text: string) =>
      Promise.all(Array.from({ length: 9 }, (_, index) => two.store.send(`address${index}`, text)));
    const count = (answers: readonly string[]) => answers.filter((one) => one === "sent").length;
    expect(count(await sendAll("short"))).toBe(5);
    await until("they have arrived", () => taken === 5);
    await until("they are removed", () => sizes(two)[1] === 0);
    // With the time in front of it each is a little longer than its text.
    expect(count(await sendAll("x".repeat(900)))).toBe(3);
    await until("they have arrived", () => taken === 8);
  });

  test("addresses are bounded: who asks beyond is told", async () => {
    const dir = here();
    const { store } = dir.open({ addresses: 2 });
    const stop = await store.listen("one", ignore);
    await store.listen("two", ignore);
    await expect(store.listen("three", ignore)).rejects.toMatchObject({ code: "ERR_LIMIT" });
    stop();
    await store.listen("three", ignore);
  });

  test("closed in the turn in which something was written, it stays closed", async () => {
    const dir = here();
    const { environment, store, close } = dir.open();
    await store.listen("address", ignore);
    // Stopping writes that nobody listens there any more.
    await close();
    await turn();
    expect(environment.isOpen).toBe(false);
  });

  test("a store whose server asks nothing opens nothing; closed, it begins anew", async () => {
    const { dir } = here();
    const store = lmdbStore({ dir });
    const folders = () => readdirSync(dir).filter((name) => name.startsWith("counts-")).length;
    expect(folders()).toBe(0);
    const stop = await store.relay?.listen("address", ignore);
    expect(folders()).toBe(1);
    await store.close?.();
    rmSync(dir, { recursive: true });
    stop?.();
    expect(existsSync(dir)).toBe(false);
    store.open?.();
    expect(await store.relay?.send("address", "text")).toBe("nobody");
    await store.close?.();
  });
});
