/** [63, 66, 67] Ids, batches, and messages nobody asked for: the same on every transport and revision. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import type { WireObject } from "../support/wire-schema.js";
import { type Served, serve } from "./helpers/server.js";
import { registerWaiting, requestText, TALKS, type Talk } from "./helpers/talks.js";
import { until } from "./helpers/until.js";

let served: Served;
beforeAll(async () => {
  const mcp = new McpServer({ name: "ids", version: "1.0.0" }, { logger: silentLogger });
  registerWaiting(mcp);
  served = await serve(mcp);
});
afterAll(() => served.close());

/** As they stand in JSON text. The longest allowed string, the largest integers, zero in all its forms. */
const GOOD = [
  "0",
  '""',
  "-1",
  "1.0",
  "-0",
  "9007199254740991",
  `"${"x".repeat(1024)}"`,
  '"\\u0000\\u2028"',
  '"__proto__"',
];
const BAD = ["null", "1.5", "{}", "[]", "true", "9007199254740992", "9007199254740993", "-9007199254740993", "1e400"];
const TOO_LONG = `"${"x".repeat(1025)}"`;

describe.each(TALKS)("$name", ({ revision, transport, start }) => {
  let talk: Talk;
  const list = (id: string) => requestText(revision, id, "tools/list");
  beforeEach(async () => {
    talk = await start(served);
  });
  afterEach(() => talk.close());
  const isAlive = async () => expect(await talk.ask(list('"alive"'))).toMatchObject({ id: "alive", result: {} });

  test("[66] every id that is one comes back as it was sent", async () => {
    for (const id of GOOD) {
      const answer = await talk.ask(list(id));
      expect(answer).toHaveProperty("result");
      expect(answer.id === JSON.parse(id), `${id} came back as ${JSON.stringify(answer.id)}`).toBe(true);
    }
  });

  test("[66] an id that is none is -32600, without an id", async () => {
    for (const id of [...BAD, TOO_LONG]) {
      const answer = await talk.ask(list(id));
      expect(answer, id).toMatchObject({ error: { code: -32600 } });
      expect(answer, id).not.toHaveProperty("id");
    }
    await isAlive();
  });

  test("[13, 66] 0 and the empty id can be cancelled, and are not answered any more", async () => {
    for (const id of [0, ""]) await talk.begin(id);
    for (const id of [0, ""]) await talk.cancel(id);
    await talk.ask(requestText(revision, '"release"', "tools/call", { name: "release" }));
    await isAlive();
    expect([...talk.answers(0), ...talk.answers("")]).toEqual([]);
  });

  test("[66] an id in use twice is answered twice", async () => {
    await talk.begin(7);
    const second = await talk.ask(requestText(revision, "7", "tools/call", { name: "release" }));
    const texts = () => [...new Set([second, ...talk.answers(7)].map(textOf))].sort();
    await until("both calls are answered", () => texts().length === 2);
    expect(texts()).toEqual(["ok", "released"]);
    await isAlive();
  });

  test("[67] answers to nothing, unknown notifications and unknown ids to cancel are passed over", async () => {
    const notifications = ["notifications/nothing", "initialize", "tools/call", "__proto__"].map((method) => ({
      method,
    }));
    const cancels = [undefined, null, {}, [], "nobody", 99, 0, ""].map((requestId) => {
      return { method: "notifications/cancelled", params: { requestId } };
    });
    // 2026-07-28 over HTTP has no answers from clients: the next test is about those.
    const answers =
      revision === "2026-07-28" && transport === "http"
        ? []
        : [
            { id: 99, result: {} },
            { id: "", result: {} },
          ];
    const errors = answers.map(({ id }) => ({ id, error: { code: 1, message: "no" } }));
    for (const message of [...notifications, ...cancels, ...answers, ...errors]) {
      await talk.tell(JSON.stringify({ jsonrpc: "2.0", ...message }));
    }
    await isAlive();
  });

  test("[67] what is no message at all is -32600", async () => {
    const half = '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}';
    for (const text of ['{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":1}', half, "{}", "17", "null", '"text"']) {
      expect(await talk.ask(text), text).toMatchObject({ error: { code: -32600 } });
    }
    await isAlive();
  });

  test("[63] a batch of ten thousand, an empty one, or one where the revision has none, is refused as a whole", async () => {
    const batch = (count: number) => `[${Array.from({ length: count }, (_, at) => list(String(at))).join(",")}]`;
    for (const text of ["[]", batch(101), batch(10_000), ...(revision === "2025-03-26" ? [] : [batch(1)])]) {
      const answer = await talk.ask(text);
      expect(answer).toMatchObject({ error: { code: -32600 } });
      expect(answer).not.toHaveProperty("id");
    }
    await isAlive();
  });
});

function textOf({ result }: WireObject): string {
  return String((result as { readonly content: readonly { readonly text: string }[] }).content[0]?.text);
}
