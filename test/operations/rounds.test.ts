/** [21] Work that asks its client (input_required, 2026-07-28): its last leg sent twice is one effect with one outcome. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Leg, leg, NO, registerAsking, stateOf, YES } from "./helpers/legs.js";
import { expectError, expectReplay, facts, outcome, textOf } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { working } from "./helpers/works.js";

const serve = working();
afterEach(() => void vi.useRealTimers());

const CALLERS = [
  { name: "a caller with a name and a key", user: "alice", keyed: true },
  { name: "a caller with a name", user: "alice", keyed: false },
  { name: "a stranger with a key", keyed: true },
  { name: "a stranger", keyed: false },
];

describe.each(CALLERS)("[21] $name", ({ user, keyed }) => {
  const by = () => ({ ...(user !== undefined && { user }), ...(keyed && { key: newKey() }) });

  it("the last leg sent twice: one effect, the same outcome; steps ran once, under one operation id", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const who = by();
    const state = stateOf(await leg(one, { id: 1, ...who }));
    const second = await leg(one, { id: 2, ...who, state, answers: YES });
    const third = await leg(one, { id: 3, ...who, state, answers: YES });
    expect(textOf(second)).toBe("transferred 1");
    expectReplay(second, third, effects.done[0]);
    expect(effects.prepared).toEqual(effects.done);
    expect(effects.done).toHaveLength(1);
  });

  it("the last leg sent twice at one time: one effect", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const who = by();
    const state = stateOf(await leg(one, { id: 1, ...who }));
    const legs = [2, 3, 4, 5].map((id) => leg(one, { id, ...who, state, answers: YES }));
    const answers = await Promise.all(legs);
    for (const answer of answers) expect(outcome(answer)).toEqual(outcome(answers[0] ?? {}));
    expect([effects.prepared.length, effects.done.length]).toEqual([1, 1]);
  });

  it("another answer with the same state changes nothing that was done", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const who = by();
    const state = stateOf(await leg(one, { id: 1, ...who }));
    const second = await leg(one, { id: 2, ...who, state, answers: YES });
    expectReplay(second, await leg(one, { id: 3, ...who, state, answers: NO }));
    expect(effects.done).toHaveLength(1);
  });

  it("an unusable answer is asked again, and the work is still open for a usable one", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const who = by();
    const first = stateOf(await leg(one, { id: 1, ...who }));
    const bad = { "elicitation-1": { action: "accept", content: { yes: "maybe" } } };
    const second = stateOf(await leg(one, { id: 2, ...who, state: first, answers: bad }));
    const done = await leg(one, { id: 3, ...who, state: second, answers: YES });
    expect(textOf(done)).toBe("transferred 1");
    expectReplay(done, await leg(one, { id: 4, ...who, state: first, answers: YES }));
    expect([effects.prepared.length, effects.done.length]).toEqual([1, 1]);
  });

  it("state that was altered, or goes with other arguments or another tool, is refused; the work is still open", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    registerAsking(one.mcp, "transfer_more");
    const who = by();
    const state = stateOf(await leg(one, { id: 1, ...who }));
    const flipped = `${state.slice(0, 40)}${state[40] === "A" ? "B" : "A"}${state.slice(41)}`;
    const wrong: Partial<Leg>[] = [
      { state: flipped },
      { state: state.slice(0, -1) },
      { state: "" },
      { state: 17 },
      { state, args: { amount: 2 } },
      { state, name: "transfer_more" },
    ];
    for (const change of wrong) {
      expect(expectError(await leg(one, { id: 2, ...who, answers: YES, ...change }), -32602)).toMatch(/requestState/);
    }
    expect(effects.done).toEqual([]);
    expect(textOf(await leg(one, { id: 3, ...who, state, answers: YES }))).toBe("transferred 1");
  });

  it("state of somebody else is refused, whatever key goes with it", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const who = by();
    const state = stateOf(await leg(one, { id: 1, ...who }));
    await leg(one, { id: 2, ...who, state, answers: YES });
    const answer = await leg(one, { id: 3, ...who, user: "mallory", state, answers: YES });
    expect(expectError(answer, -32602)).toMatch(/requestState/);
    expect(JSON.stringify(answer)).not.toContain("transferred");
    expect(effects.done).toHaveLength(1);
  });

  it("state past its time is refused", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const one = await serve({ requestStateTtlMs: 60_000 });
    const effects = registerAsking(one.mcp);
    const who = by();
    const state = stateOf(await leg(one, { id: 1, ...who }));
    vi.setSystemTime(Date.now() + 60_001);
    expectError(await leg(one, { id: 2, ...who, state, answers: YES }), -32602);
    expect(effects.done).toEqual([]);
  });
});

describe("[21] the first leg sent twice", () => {
  it("with a key: both states lead to the one operation, and its steps are not repeated", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const who = { user: "alice", key: newKey() };
    const states = [stateOf(await leg(one, { id: 1, ...who })), stateOf(await leg(one, { id: 2, ...who }))];
    const first = await leg(one, { id: 3, ...who, state: states[0], answers: YES });
    expectReplay(first, await leg(one, { id: 4, ...who, state: states[1], answers: YES }));
    // The key says it as well, without any state.
    expectReplay(first, await leg(one, { id: 5, ...who }));
    expect([effects.prepared.length, effects.done.length]).toEqual([1, 1]);
  });

  it("with a key, the last leg without it: the state knows the operation", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const key = newKey();
    const state = stateOf(await leg(one, { id: 1, user: "alice", key }));
    const done = await leg(one, { id: 2, user: "alice", state, answers: YES });
    expectReplay(done, await leg(one, { id: 3, user: "alice", key }));
    expect(effects.done).toHaveLength(1);
  });

  it("with a key, with other arguments: a conflict while the question is open", async () => {
    const one = await serve();
    registerAsking(one.mcp);
    const who = { user: "alice", key: newKey() };
    stateOf(await leg(one, { id: 1, ...who }));
    expectError(await leg(one, { id: 2, ...who, args: { amount: 2 } }), 1409);
  });

  it("without a key: two questions, and two effects if both are answered", async () => {
    const one = await serve();
    const effects = registerAsking(one.mcp);
    const states = [
      stateOf(await leg(one, { id: 1, user: "alice" })),
      stateOf(await leg(one, { id: 2, user: "alice" })),
    ];
    const answers = [];
    for (const state of states) answers.push(await leg(one, { id: 3, user: "alice", state, answers: YES }));
    expect(answers.map(textOf)).toEqual(["transferred 1", "transferred 2"]);
    expect(answers.map(facts)).toEqual([undefined, undefined]);
    expect(new Set(effects.done).size).toBe(2);
    expect(effects.prepared).toEqual(effects.done);
  });
});
