/** Server processes that die at each moment of a call, and the next call with the same key in another process. */
import { join } from "node:path";
import { type Database, open } from "lmdb";
import { describe, expect, it } from "vitest";
import { broken, call, expectDone, expectUnknown, factsOf } from "./helpers/calls.js";
import { type Moment, type Place, places, type ServerProcess } from "./helpers/processes.js";

const KEY = "a-key-of-this-test";
const place = places();

interface Killed {
  readonly at: Place;
  readonly killed: ServerProcess;
  /** Serves on the same port. */
  readonly next: ServerProcess;
}

/** Kills a server at `moment` of a call, and starts the next. */
async function killAt(moment: Moment, tool: string): Promise<Killed> {
  const at = place();
  const killed = await at.start({ moment });
  const left = broken(killed.url, tool, KEY);
  await killed.reached(moment);
  await killed.kill();
  await left;
  return { at, killed, next: await at.start({ port: killed.port }) };
}

describe("a process is killed", () => {
  it.each(["before the claim", "claimed"] as const)("[1] %s, not started: the next call runs once", async (moment) => {
    const { at, next } = await killAt(moment, "plain");
    expect(at.starts).toEqual([]);
    expectDone(await call(next.url, "plain", KEY), next.pid);
    const again = await call(next.url, "plain", KEY);
    expectDone(again, next.pid);
    expect(factsOf(again)).toMatchObject({ replayed: true });
    expect(at.starts).toHaveLength(1);
    expect(at.effects).toHaveLength(1);
  });

  it.each([
    ["begun", 0],
    ["after the effect", 1],
  ] as const)("[2] a plain write, %s: its outcome is unknown, and it is not run again", async (moment, effects) => {
    const { at, next } = await killAt(moment, "plain");
    expectUnknown(await call(next.url, "plain", KEY));
    const again = await call(next.url, "plain", KEY);
    expectUnknown(again);
    expect(factsOf(again)).toMatchObject({ replayed: true });
    expect(at.starts).toHaveLength(1);
    expect(at.effects).toHaveLength(effects);
  });

  it("[3] after the effect, before its record: run again under the same id, so the downstream has one effect", async () => {
    const { at, next } = await killAt("after the effect", "keyed");
    expectDone(await call(next.url, "keyed", KEY), next.pid);
    const [first, second] = at.starts;
    expect(at.starts).toHaveLength(2);
    expect(second).toBe(first);
    expect(at.paid).toEqual([first]);
  });

  it("[5] after the commit, before the first byte: replayed, and no handler is started", async () => {
    const { at, killed, next } = await killAt("committed", "plain");
    const result = await call(next.url, "plain", KEY);
    expectDone(result, killed.pid);
    expect(factsOf(result)).toEqual({ id: at.starts[0], replayed: true });
    expect(at.starts).toHaveLength(1);
    expect(at.effects).toHaveLength(1);
  });
});

describe("[16] a process sleeps over its lease while another shares the store", () => {
  const LEASE = { leaseMs: 300 };

  it("a tool that may be run again: the zombie's caller gets the outcome of the one who took over", async () => {
    const at = place();
    const owner = await at.start({ moment: "after the effect", ...LEASE });
    const heir = await at.start(LEASE);
    const first = call(owner.url, "keyed", KEY);
    await owner.reached("after the effect");
    owner.sleep();
    const second = await call(heir.url, "keyed", KEY);
    expectDone(second, heir.pid);
    owner.wake();
    owner.goOn();
    expectDone(await first, heir.pid);
    for (const { url } of [owner, heir]) expectDone(await call(url, "keyed", KEY), heir.pid);
    expect(at.paid).toHaveLength(1);
  });

  it("a plain write: unknown for both, whatever the zombie has done by then", async () => {
    const at = place();
    const owner = await at.start({ moment: "begun", ...LEASE });
    const heir = await at.start(LEASE);
    const first = call(owner.url, "plain", KEY);
    await owner.reached("begun");
    owner.sleep();
    expectUnknown(await call(heir.url, "plain", KEY));
    owner.wake();
    owner.goOn();
    expectUnknown(await first);
    for (const { url } of [owner, heir]) expectUnknown(await call(url, "plain", KEY));
    expect(at.starts).toHaveLength(1);
    expect(at.effects.length).toBeLessThanOrEqual(1);
  });
});

describe("[35] a record that cannot be read", () => {
  it.each([
    ["damaged", () => '{"version":1,"id":'],
    ["of a later version", (text: string) => text.replace('"version":1', '"version":2')],
  ])("%s: in doubt, nothing is run, and the process goes on", async (_, damage) => {
    const at = place();
    const first = await at.start();
    expectDone(await call(first.url, "plain", KEY), first.pid);
    await first.kill();
    await change(join(at.dir, "store"), damage);
    const second = await at.start();
    expectUnknown(await call(second.url, "plain", KEY));
    expectUnknown(await call(second.url, "plain", KEY));
    expectDone(await call(second.url, "plain", "another-key-of-this-test"), second.pid);
    expect(at.starts).toHaveLength(2);
    expect(second.alive).toBe(true);
  });
});

/** Changes every record of the store in `dir`, as a bad disk or another version would. */
async function change(dir: string, damage: (text: string) => string): Promise<void> {
  const root = open<string, string>({ path: join(dir, "data"), encoding: "string", maxDbs: 16 });
  const records: Database<string, string> = root.openDB({ name: "operations", encoding: "string" });
  const all = [...records.getRange({})];
  expect(all).toHaveLength(1);
  for (const { key, value } of all) records.putSync(key, damage(value));
  await root.close();
}
