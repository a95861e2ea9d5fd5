/** [90] Three servers on one store are restarted one after the other, under load. */
import { expect, it } from "vitest";
import { modernRequest, post } from "../support/raw-http.js";
import { isWireObject, type WireObject } from "../support/wire-schema.js";
import { places } from "./helpers/processes.js";

const place = places();
const CALLS = 300;
const AT_ONCE = 8;
/** Each is asked again at most so often: a server is away for a second or two. */
const MAX_ATTEMPTS = 2000;

it("every write with a key takes effect once, and every caller gets its outcome", { timeout: 60_000 }, async () => {
  const at = place();
  const nodes = await Promise.all([at.start(), at.start(), at.start()]);
  const urls = nodes.map(({ url }) => url);
  let turn = 0;
  const attempt = async (number: number): Promise<WireObject | undefined> => {
    turn += 1;
    const meta = { "dev.holdfast/idempotencyKey": `key-number-${String(number).padStart(8, "0")}` };
    const { message, headers } = modernRequest("tools/call", { name: "plain", arguments: {}, _meta: meta });
    // As a balancer that does not know which server is away.
    const answer = await post(urls[turn % urls.length] ?? "", message, { headers }).catch(() => undefined);
    return isWireObject(answer?.reply?.result) ? answer.reply.result : undefined;
  };
  const outcomes: string[] = [];
  let next = 0;
  const caller = async () => {
    while (next < CALLS) {
      next += 1;
      const number = next;
      let result: WireObject | undefined;
      for (let tries = 0; result === undefined && tries < MAX_ATTEMPTS; tries += 1) result = await attempt(number);
      outcomes.push(JSON.stringify(result?.content ?? `no answer for ${number}`));
    }
  };
  const load = Promise.all(Array.from({ length: AT_ONCE }, caller));
  for (const node of nodes) {
    const { port } = node;
    expect(await node.stop()).toBe(0);
    await at.start({ port });
  }
  await load;
  expect(outcomes.filter((text) => !/done by \d+/.test(text))).toEqual([]);
  expect(outcomes).toHaveLength(CALLS);
  expect(at.effects).toHaveLength(CALLS);
  expect(new Set(at.effects).size).toBe(CALLS);
});
