/** Which calls are the same work: keys and where they stand, arguments, callers and tools. */
import { describe, expect, it } from "vitest";
import { expectError, expectOther, expectReplay, facts, outcome } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { WAYS } from "./helpers/ways.js";
import { working } from "./helpers/works.js";

const serve = working();
const KEY_META = "dev.holdfast/idempotencyKey";
const CONFLICT = 1409;
const INVALID = -32602;

describe.each(WAYS)("$name", (way) => {
  it("[25] the same call again with its key is the recorded outcome, marked as such; the work is done once", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const first = await client.call({ args: { of: "a" }, key });
    expect(facts(first)).toBeUndefined();
    const second = await client.call({ args: { of: "a" }, key });
    const again = await client.call({ args: { of: "a" }, key });
    const [start] = one.works.of("a");
    for (const answer of [second, again]) expectReplay(first, answer, start?.id);
    expect(one.works.count("a")).toBe(1);
    client.close();
  });

  it("[8] its key with another argument is a conflict: nothing runs, nothing of the outcome is told", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const first = await client.call({ args: { of: "a secret" }, key });
    const second = await client.call({ args: { of: "b" }, key });
    const message = expectError(second, CONFLICT);
    const said = JSON.stringify(second);
    for (const hidden of ["a secret", String(one.works.of("a secret")[0]?.id), key, "done"]) {
      expect(said).not.toContain(hidden);
    }
    expect(message).toMatch(/Nothing was run/);
    expect(one.works.count("b")).toBe(0);
    expectReplay(first, await client.call({ args: { of: "a secret" }, key }));
    client.close();
  });

  it("[8] its key with another argument is a conflict while the work is going on, too", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const first = client.begin({ args: { of: "a", hold: true }, key });
    const start = await one.works.started("a");
    expectError(await client.call({ args: { of: "b" }, key }), CONFLICT);
    start.finish(() => "the outcome");
    expect(outcome(await first.answer)).toMatchObject({ content: [{ text: "the outcome" }] });
    expect(one.works.count("b")).toBe(0);
    client.close();
  });

  it("[9] other order of members, defaults given or left out, other _meta: the same work", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const first = await client.call({ args: { of: "a", deaf: true }, key });
    const variants = [
      { args: { deaf: true, of: "a" } },
      { args: { of: "a", hold: false, deaf: true } },
      { args: { steps: 0, deaf: true, hold: false, of: "a" } },
      { args: { of: "a", deaf: true }, meta: { "example.com/other": [1, 2] }, token: "token" },
    ];
    for (const variant of variants) expectReplay(first, await client.call({ ...variant, key }));
    expect(one.works.count("a")).toBe(1);
    client.close();
  });

  it("[10] another tool with the same key and arguments is other work", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const first = await client.call({ args: { of: "a" }, key });
    expectOther(first, await client.call({ name: "other", args: { of: "a" }, key }));
    expect(one.works.count("a")).toBe(2);
    client.close();
  });

  it("a key stands in _meta or in params, too", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const key = newKey();
    const first = await client.call({ args: { of: "a" }, meta: { [KEY_META]: key } });
    expectReplay(first, await client.call({ args: { of: "a" }, params: { idempotencyKey: key } }));
    expectReplay(first, await client.call({ args: { of: "a" }, key }));
    expect(one.works.count("a")).toBe(1);
    client.close();
  });

  it.each([
    ["15 characters", "x".repeat(15)],
    ["256 characters", "x".repeat(256)],
    ["no ASCII", `ключ${"x".repeat(16)}`],
    ["a space", `x${" ".repeat(1)}${"y".repeat(16)}`],
    ["a line break", `${"x".repeat(16)}\n`],
    ["a control character", `${"x".repeat(16)}\u007f`],
    ["a number", 1234567890123456],
    ["nothing", ""],
    ["null", null],
    ["an object", { key: "x".repeat(16) }],
  ])("a key that is none (%s) is refused and nothing runs", async (_what, key) => {
    const one = await serve();
    const client = await way.start(one, "alice");
    expectError(await client.call({ args: { of: "a" }, meta: { [KEY_META]: key } }), INVALID);
    expectError(await client.call({ args: { of: "a" }, params: { idempotencyKey: key } }), INVALID);
    expect(one.works.count("a")).toBe(0);
    client.close();
  });

  it("keys of 16 and of 255 characters are taken", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    for (const key of ["!".repeat(16), "~".repeat(255)]) {
      const first = await client.call({ args: { of: key }, key });
      expectReplay(first, await client.call({ args: { of: key }, key }));
    }
    client.close();
  });

  it("two keys that differ are refused; two that are the same are one", async () => {
    const one = await serve();
    const client = await way.start(one, "alice");
    const [key, other] = [newKey(), newKey()];
    const both = { meta: { [KEY_META]: key }, params: { idempotencyKey: other } };
    expectError(await client.call({ args: { of: "a" }, ...both }), INVALID);
    const same = { meta: { [KEY_META]: key }, params: { idempotencyKey: key } };
    const first = await client.call({ args: { of: "a" }, ...same });
    expectReplay(first, await client.call({ args: { of: "a" }, key, ...same }));
    expect(one.works.count("a")).toBe(1);
    client.close();
  });
});
