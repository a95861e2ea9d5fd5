/** Several servers over one store: what holds in one process holds among all of them. */
import { afterEach, describe, expect, it } from "vitest";
import { HoldfastError, type Limits, Retryable } from "../../src/index.js";
import { until } from "../faults/helpers/until.js";
import { expectError, expectReplay, outcome, textOf } from "./helpers/outcomes.js";
import { type SharedStore, sharedStore } from "./helpers/shared-store.js";
import type { Start } from "./helpers/tools.js";
import { type Client, newKey } from "./helpers/way.js";
import { MODERN_HTTP, WAYS } from "./helpers/ways.js";
import { type Working, working } from "./helpers/works.js";

const serve = working();
const LEASE = 15_000;
const HELD = { of: "a", hold: true };

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

interface Nodes {
  readonly shared: SharedStore;
  readonly nodes: readonly Working[];
  readonly clients: readonly Client[];
  /** Starts of some work on all nodes. */
  starts(of: string): readonly Start[];
}

async function nodesOf(
  count: number,
  prepare: (node: Working) => void = () => undefined,
  limits: Partial<Limits> = {},
): Promise<Nodes> {
  const shared = sharedStore();
  const nodes: Working[] = [];
  for (let at = 0; at < count; at += 1)
    nodes.push(
      await serve({ leaseMs: LEASE, ...limits }, { store: shared.store, secret: "a secret that all nodes have" }),
    );
  nodes.forEach(prepare);
  const own = await Promise.all(nodes.map((node) => MODERN_HTTP.start(node, "alice")));
  clients.push(...own);
  return { shared, nodes, clients: own, starts: (of) => nodes.flatMap(({ works }) => works.of(of)) };
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}

/** The owner says no more that it is alive, as if it were stopped, and its lease runs out. */
function stopOwner({ shared }: Nodes): void {
  shared.before("renew", () => Promise.reject(new HoldfastError("ERR_STORE", "not reached")));
  shared.pass(LEASE + 1);
}

describe("[7] several nodes", () => {
  it("100 calls with one key over 5 of them: one start, one outcome for all", async () => {
    const all = await nodesOf(5);
    const key = newKey();
    const calls = Array.from({ length: 100 }, (_, index) => at(all.clients, index % 5).begin({ args: HELD, key }));
    await until("all wait", () => all.nodes.every(({ app }) => app.calls.size === 20));
    await until("the work is begun", () => all.starts("a").length > 0);
    all.starts("a")[0]?.finish();
    const answers = await Promise.all(calls.map(({ answer }) => answer));
    for (const answer of answers) expect(outcome(answer)).toEqual(outcome(at(answers, 0)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(100);
    expect(all.starts("a")).toHaveLength(1);
  });

  it("an outcome of one is replayed by the others, under one operation id", async () => {
    const all = await nodesOf(2);
    const asked = { args: { of: "a" }, key: newKey() };
    const first = await at(all.clients, 0).call(asked);
    expectReplay(first, await at(all.clients, 1).call(asked), all.starts("a")[0]?.id);
    expectError(await at(all.clients, 1).call({ ...asked, args: { of: "b" } }), 1409);
  });

  it("work that was released by one is done by another that waits for it", async () => {
    const all = await nodesOf(2);
    const asked = { args: HELD, key: newKey() };
    const first = at(all.clients, 0).begin(asked);
    await at(all.nodes, 0).works.started("a");
    const second = at(all.clients, 1).begin(asked);
    await at(all.nodes, 1).calls(1);
    at(all.starts("a"), 0).finish(() => {
      throw new Retryable("Not now.");
    });
    expect(textOf(await first.answer)).toBe("Not now.");
    (await at(all.nodes, 1).works.started("a")).finish(() => "by the other");
    expect(textOf(await second.answer)).toBe("by the other");
  });

  it("[12] whoever waits on another node may leave: the work goes on", async () => {
    const all = await nodesOf(2);
    const asked = { args: HELD, key: newKey() };
    const first = at(all.clients, 0).begin(asked);
    const start = await at(all.nodes, 0).works.started("a");
    const second = at(all.clients, 1).begin(asked);
    await at(all.nodes, 1).calls(1);
    await second.drop();
    await at(all.nodes, 1).idle();
    expect(start.aborted).toBe(false);
    start.finish(() => "done");
    expect(textOf(await first.answer)).toBe("done");
    expect(all.starts("a")).toHaveLength(1);
  });
});

describe("[2, 16] an owner whose lease ran out after the start", () => {
  it("the next call is told that the outcome is unknown; nothing runs again, and the owner's own caller is told the same", async () => {
    const all = await nodesOf(2);
    const asked = { args: HELD, key: newKey() };
    const first = at(all.clients, 0).begin(asked);
    const start = await at(all.nodes, 0).works.started("a");
    stopOwner(all);
    const second = await at(all.clients, 1).call(asked);
    expect(second.result).toMatchObject({ isError: true });
    expect(textOf(second)).toMatch(/^The outcome of this call is unknown/);
    // The owner wakes up and is done: what it has to say comes too late.
    start.finish(() => "too late");
    expect(textOf(await first.answer)).toBe(textOf(second));
    expect(textOf(await at(all.clients, 1).call(asked))).toBe(textOf(second));
    expect(all.starts("a")).toHaveLength(1);
  });

  it.each([
    ["recover: rerun", { recover: "rerun" as const }],
    ["idempotentHint", { annotations: { idempotentHint: true } }],
  ])(
    "[3] %s: it is run again under the same operation id with a higher fence, one outcome is recorded",
    async (_what, config) => {
      const all = await nodesOf(2, ({ works, mcp }) => works.register(mcp, "safe", config));
      const asked = { name: "safe", args: HELD, key: newKey() };
      const first = at(all.clients, 0).begin(asked);
      const start = await at(all.nodes, 0).works.started("a");
      stopOwner(all);
      const second = at(all.clients, 1).begin(asked);
      const rerun = await at(all.nodes, 1).works.started("a");
      expect([rerun.id, rerun.fence > start.fence]).toEqual([start.id, true]);
      start.finish(() => "of the owner that lost it");
      rerun.finish(() => "the outcome");
      for (const { answer } of [first, second]) expect(textOf(await answer)).toBe("the outcome");
      expect(textOf(await at(all.clients, 0).call(asked))).toBe("the outcome");
    },
  );

  it.each([
    ["finds what came of it", () => "found", /^found$/, 0],
    ["knows that nothing was done", () => "not-done" as const, /^run again$/, 1],
    ["does not know", () => "unknown" as const, /^The outcome of this call is unknown/, 0],
    [
      "fails",
      () => {
        throw new Error("no answer");
      },
      /^The outcome of this call is unknown/,
      0,
    ],
  ])("the tool's own recover %s", async (_what, recover, text, reruns) => {
    const journals: unknown[] = [];
    const all = await nodesOf(2, ({ works, mcp }) => {
      works.register(mcp, "own", {
        recover: ({ id, journal }) => {
          journals.push([id, [...journal]]);
          return recover();
        },
      });
    });
    const asked = { name: "own", args: HELD, key: newKey() };
    at(all.clients, 0).begin(asked);
    const start = await at(all.nodes, 0).works.started("a");
    await start.ctx.step("charge", () => ({ charged: 17 }));
    stopOwner(all);
    const second = at(all.clients, 1).begin(asked);
    if (reruns > 0) (await at(all.nodes, 1).works.started("a")).finish(() => "run again");
    const answer = await second.answer;
    expect(textOf(answer)).toMatch(text);
    expect(journals).toEqual([[start.id, [["step:charge", { charged: 17 }]]]]);
    expect(all.starts("a")).toHaveLength(1 + reruns);
    expectReplay(answer, await at(all.clients, 1).call(asked), start.id);
  });

  it("the tool's own recover never answers: the key is not held for ever, and the next call asks it again", async () => {
    let asks = 0;
    const prepare = ({ works, mcp }: Working) => {
      works.register(mcp, "own", {
        recover: () => {
          asks += 1;
          return asks === 1 ? new Promise<never>(() => undefined) : "found";
        },
      });
    };
    const all = await nodesOf(2, prepare, { callTimeoutMs: 400 });
    const asked = { name: "own", args: HELD, key: newKey() };
    at(all.clients, 0)
      .begin(asked)
      .answer.catch(() => undefined);
    await at(all.nodes, 0).works.started("a");
    stopOwner(all);
    expect(await at(all.clients, 1).call(asked)).toHaveProperty("error");
    await at(all.nodes, 1).idle();
    all.shared.pass(LEASE + 1);
    expect(textOf(await at(all.clients, 1).call(asked))).toBe("found");
    expect([asks, all.starts("a").length]).toEqual([2, 1]);
  });
});

describe.each(WAYS)("[13] $name: left before the store has answered", (way) => {
  it("nothing is begun for nobody, and the key is not used up", async () => {
    const shared = sharedStore();
    const one = await serve({}, { store: shared.store });
    const client = await way.start(one, "alice");
    clients.push(client);
    let go: () => void = () => undefined;
    let asked = 0;
    const waiting = new Promise<void>((resolve) => {
      go = resolve;
    });
    shared.before("claim", () => {
      asked += 1;
      return waiting;
    });
    const ask = { args: { of: "a" }, key: newKey() };
    const first = client.begin(ask);
    await until("the store is asked", () => asked === 1);
    // A legacy call goes on when its connection breaks; in words all can be taken back.
    if (first.cancel === undefined) await first.drop();
    else await first.cancel();
    await one.calls(0);
    go();
    await one.idle();
    expect(one.works.count("a")).toBe(0);
    expect(textOf(await client.call(ask))).toMatch(/^done /);
    expect(one.works.count("a")).toBe(1);
  });
});

describe("[13] left before the store has answered", () => {
  it("and asked for again before it has: whoever came then gets the outcome", async () => {
    const all = await nodesOf(1);
    const [one, client] = [at(all.nodes, 0), at(all.clients, 0)];
    let go: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      go = resolve;
    });
    let asked = 0;
    all.shared.before("claim", () => {
      asked += 1;
      return waiting;
    });
    const ask = { args: HELD, key: newKey() };
    const first = client.begin(ask);
    await until("the store is asked", () => asked === 1);
    await first.drop();
    await one.calls(0);
    const second = client.begin(ask);
    await one.calls(1);
    go();
    const start = await one.works.started("a");
    expect(start.aborted).toBe(false);
    start.finish(() => "for the second");
    expect(textOf(await second.answer)).toBe("for the second");
    expect(one.works.count("a")).toBe(1);
  });
});

describe("[28] a store that cannot be reached", () => {
  it("at the claim: writes are refused and say when nothing was run, reads go on", async () => {
    const all = await nodesOf(1);
    const client = at(all.clients, 0);
    all.shared.before("claim", () => Promise.reject(new HoldfastError("ERR_STORE", "secret address")));
    const refused = await client.call({ args: { of: "a" }, key: newKey() });
    expect(expectError(refused, 1503)).toMatch(/nothing was run/);
    expect(JSON.stringify(refused)).not.toContain("secret address");
    expect(textOf(await client.call({ name: "read", args: { of: "b" } }))).toMatch(/^done /);
    expect(all.starts("a")).toEqual([]);
  });

  it("at the commit for a moment: tried again, the outcome is recorded", async () => {
    const all = await nodesOf(1);
    const client = at(all.clients, 0);
    let failures = 0;
    all.shared.before("commit", () => {
      failures += 1;
      return failures === 1 ? Promise.reject(new HoldfastError("ERR_STORE", "gone")) : undefined;
    });
    const asked = { args: { of: "a" }, key: newKey() };
    expectReplay(await client.call(asked), await client.call(asked));
    expect([failures, all.starts("a").length]).toEqual([2, 1]);
  });
});
