/** Operations of a real process on stdio: one caller, both eras on one pipe, gone with the process. */
import { afterEach, describe, expect, it } from "vitest";
import { expectError, expectReplay, outcome, textOf } from "./helpers/outcomes.js";
import { StdioClient } from "./helpers/stdio-client.js";
import { newKey } from "./helpers/way.js";

const running: StdioClient[] = [];
afterEach(async () => {
  for (const client of running.splice(0)) await client.end();
});

async function client(): Promise<StdioClient> {
  const made = new StdioClient();
  running.push(made);
  await made.initialize();
  return made;
}

describe("a process on stdio", () => {
  it("[7, 8, 25] keys hold over both eras on one pipe; equal calls one after the other run", async () => {
    const one = await client();
    const key = newKey();
    const first = await one.call("legacy", { of: "a" }, { key });
    expectReplay(first, await one.call("modern", { of: "a" }, { key }));
    expectError(await one.call("modern", { of: "b" }, { key }), 1409);
    const more = [await one.call("legacy", { of: "a" }), await one.call("legacy", { of: "a" })];
    more.push(await one.call("modern", { of: "a" }));
    expect(new Set([first, ...more].map(textOf)).size).toBe(4);
    expect(await one.starts("a")).toBe(4);
    expect(await one.starts("b")).toBe(0);
  });

  it("[7, 11, 12] parallel calls join, one may be cancelled, the others get the outcome", async () => {
    const one = await client();
    const eras = ["legacy", "modern", "legacy", "modern"] as const;
    const ids = eras.map((era) => one.begin(era, { of: "a", hold: true }));
    await one.call("legacy", { of: "b" });
    one.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: ids[0] } });
    await one.release("a");
    const answers = await Promise.all(ids.slice(1).map((id) => one.answer(id)));
    for (const answer of answers) expect(outcome(answer)).toEqual(outcome(answers[0] ?? {}));
    expect(textOf(answers[0] ?? {})).toMatch(/^held /);
    expect(await one.starts("a")).toBe(1);
    expect(one.messages.all.filter(({ id }) => id === ids[0])).toEqual([]);
  });
});
