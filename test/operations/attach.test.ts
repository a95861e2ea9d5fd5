/** Several calls for one operation: they share its one start and its outcome, and nothing else. */
import { describe, expect, it } from "vitest";
import { expectError, expectReplay, facts, outcome, textOf } from "./helpers/outcomes.js";
import { type Begun, newKey } from "./helpers/way.js";
import { OVER_HTTP, WAYS } from "./helpers/ways.js";
import { working } from "./helpers/works.js";

const serve = working();
const PARALLEL = 100;

const progress = ({ told }: Begun) =>
  told.map(({ params }) => params as { progressToken: unknown; progress: number; message: string });

describe.each(WAYS)("$name", (way) => {
  it(`[7] ${PARALLEL} calls at once with one key: one start, equal outcomes, each under its own id`, async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const calls = Array.from({ length: PARALLEL }, () => client.begin({ args: { of: "a", hold: true }, key }));
    await one.calls(PARALLEL);
    one.works.of("a")[0]?.finish();
    const answers = await Promise.all(calls.map(({ answer }) => answer));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(PARALLEL);
    for (const answer of answers) expect(outcome(answer)).toEqual(outcome(answers[0] ?? {}));
    expect(textOf(answers[0] ?? {})).toMatch(/^held /);
    expect(one.works.count("a")).toBe(1);
    expectReplay(answers[0] ?? {}, await client.call({ args: { of: "a", hold: true }, key }));
    await one.idle();
    client.close();
  });

  it("[11] who attaches gets progress under its own token, and the outcome under its own id", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { args: { of: "a", hold: true, steps: 1 }, key: newKey() };
    const first = client.begin({ ...asked, token: "one" });
    const start = await one.works.started("a");
    const second = client.begin({ ...asked, token: 2 });
    const silent = client.begin(asked);
    await one.calls(3);
    start.ctx.progress(2, 3, "for both");
    start.ctx.progress(2, 3, "not higher: for nobody");
    start.ctx.progress(3, 3, "the last");
    start.finish();
    const [a, b, c] = await Promise.all([first.answer, second.answer, silent.answer]);
    for (const answer of [b, c]) expect(outcome(answer)).toEqual(outcome(a));
    const steps = ["for both", "the last"];
    expect(progress(first).map(({ message }) => message)).toEqual(["step 1 of a", ...steps]);
    expect(progress(second).map(({ message }) => message)).toEqual(steps);
    expect(new Set(progress(first).map(({ progressToken }) => progressToken))).toEqual(new Set(["one"]));
    expect(new Set(progress(second).map(({ progressToken }) => progressToken))).toEqual(new Set([2]));
    expect(silent.told).toEqual([]);
    expect(one.works.count("a")).toBe(1);
    client.close();
  });

  it("without a key an equal call of the same caller joins while the work is going on", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const calls = [1, 2, 3].map(() => client.begin({ args: { of: "a", hold: true } }));
    const other = client.begin({ args: { of: "b", hold: true } });
    await one.calls(4);
    one.works.of("a")[0]?.finish();
    one.works.of("b")[0]?.finish();
    const [first, ...more] = await Promise.all(calls.map(({ answer }) => answer));
    for (const answer of more) expect(outcome(answer)).toEqual(outcome(first ?? {}));
    expect(outcome(await other.answer)).not.toEqual(outcome(first ?? {}));
    expect([one.works.count("a"), one.works.count("b")]).toEqual([1, 1]);
    client.close();
  });

  it("what the work throws goes to all who wait, once", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const asked = { args: { of: "a", hold: true }, key: newKey() };
    const calls = [client.begin(asked), client.begin(asked)];
    await one.calls(2);
    one.works.of("a")[0]?.finish(() => {
      throw new Error("internal words");
    });
    const answers = await Promise.all(calls.map(({ answer }) => answer));
    for (const answer of answers) {
      expect(answer.result).toMatchObject({ isError: true });
      expect(JSON.stringify(answer)).not.toContain("internal words");
      expect(outcome(answer)).toEqual(outcome(answers[0] ?? {}));
    }
    client.close();
  });
});

describe.each(OVER_HTTP)("[11] $name, the connection of the first call breaks", (way) => {
  it("whoever attached is not disturbed: the work goes on, and its progress and outcome come", async () => {
    const one = await serve();
    const [leaving, staying] = [await way.start(one, "alice"), await way.start(one, "alice")];
    const asked = { args: { of: "a", hold: true, steps: 1 }, key: newKey() };
    const first = leaving.begin({ ...asked, token: 1 });
    const start = await one.works.started("a");
    const second = staying.begin({ ...asked, token: 2 });
    await one.calls(2);
    await first.drop();
    expect(start.aborted).toBe(false);
    start.ctx.progress(2, 3, "later");
    start.finish();
    expect(textOf(await second.answer)).toMatch(/^held /);
    expect(progress(second).map(({ message }) => message)).toEqual(["later"]);
    expectReplay(await second.answer, await staying.call(asked), start.id);
    expect(one.works.count("a")).toBe(1);
    leaving.close();
    staying.close();
  });

  it("another caller does not attach to it, and is not told of it", async () => {
    const one = await serve();
    const [alice, bob] = [await way.start(one, "alice"), await way.start(one, "bob")];
    const key = newKey();
    const first = alice.begin({ args: { of: "a", hold: true }, key });
    const second = bob.begin({ args: { of: "a", hold: true }, key });
    const third = bob.begin({ args: { of: "a", hold: true } });
    await one.calls(3);
    expect(one.works.count("a")).toBe(3);
    one.works.of("a").forEach((start, index) => {
      start.finish(() => `outcome ${index}`);
    });
    const texts = (await Promise.all([first.answer, second.answer, third.answer])).map(textOf);
    expect(texts.sort()).toEqual(["outcome 0", "outcome 1", "outcome 2"]);
    alice.close();
    bob.close();
  });
});

describe("[25] callers whom nobody vouches for", () => {
  it("are never joined without a session and without a key: they cannot be told apart", async () => {
    const one = await serve();
    const way = OVER_HTTP[0];
    const clients = await Promise.all([1, 2, 3].map(() => way?.start(one)));
    const calls = clients.map((client) => client?.begin({ args: { of: "a", hold: true } }));
    await one.calls(3);
    expect(one.works.count("a")).toBe(3);
    one.works.finishAll();
    const texts = await Promise.all(calls.map(async (call) => textOf((await call?.answer) ?? {})));
    expect(new Set(texts).size).toBe(3);
    for (const client of clients) client?.close();
  });

  it("are joined with a key", async () => {
    const one = await serve();
    const way = OVER_HTTP[0];
    const [a, b] = [await way?.start(one), await way?.start(one)];
    const asked = { args: { of: "a" }, key: newKey() };
    const first = (await a?.call(asked)) ?? {};
    expectReplay(first, (await b?.call(asked)) ?? {});
    expectError((await b?.call({ ...asked, args: { of: "b" } })) ?? {}, 1409);
    a?.close();
    b?.close();
  });

  it.each(OVER_HTTP.slice(1))("$name: are joined within their session, and not beyond it", async (way) => {
    const one = await serve();
    const [a, b] = [await way.start(one), await way.start(one)];
    const calls = [a, a, b].map((client) => client.begin({ args: { of: "a", hold: true } }));
    await one.calls(3);
    expect(one.works.count("a")).toBe(2);
    one.works.finishAll();
    const [first, second, third] = await Promise.all(calls.map(({ answer }) => answer));
    expect(outcome(second ?? {})).toEqual(outcome(first ?? {}));
    expect(textOf(third ?? {})).not.toBe(textOf(first ?? {}));
    expect(facts(first ?? {})).toBeUndefined();
    a.close();
    b.close();
  });
});
