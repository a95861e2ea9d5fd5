/** [28, 33] Limits whose store fails or is slow: nothing is let in that cannot be counted, and what runs is not disturbed. */
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/index.js";
import { until } from "../faults/helpers/until.js";
import { newKey } from "../operations/helpers/way.js";
import { WAYS } from "../operations/helpers/ways.js";
import { working } from "../operations/helpers/works.js";
import { counting } from "./helpers/counting.js";
import { ask, call } from "./helpers/limited.js";

const serve = working();
const LIMITS = { rateLimit: { limit: 5, windowMs: 60_000 }, concurrency: 5 };
const down = () => {
  throw new HoldfastError("ERR_STORE", "/secret/place cannot be read");
};
const UNAVAILABLE = { code: 1503, message: "The store of limits is not available: nothing was run, call again." };

function logging() {
  const events: string[] = [];
  return { events, logger: { log: (_level: string, event: string) => void events.push(event) } };
}

describe.each(["peek", "take", "acquire"] as const)("[28] a store that fails at %s", (method) => {
  it.each(WAYS)("lets nothing in, and says so: $name", async (way) => {
    const { events, logger } = logging();
    const time = counting();
    const one = await serve({}, { store: time.store, logger, ...LIMITS });
    const client = await way.start(one, "alice");
    time.before(method, down);
    const key = newKey();
    for (const name of ["write", "read"]) {
      expect((await client.call({ name, args: { of: name }, ...(name === "write" && { key }) })).error).toEqual(
        UNAVAILABLE,
      );
      expect(one.works.count(name)).toBe(0);
    }
    expect(events.filter((event) => event === "limits_unavailable").length).toBeGreaterThanOrEqual(2);
    time.before(method, () => undefined);
    // The key was not used up, and no place was lost.
    const answers = ["write", "read"].map((name) =>
      client.call({ name, args: { of: name }, ...(name === "write" && { key }) }),
    );
    for (const answer of await Promise.all(answers)) expect(answer).toHaveProperty("result");
    await until("no place is held", () => one.app.admissions.size === 0);
    client.close();
  });

  it.each([false, true])("is 503 with Retry-After over Streamable HTTP, for reads too (late: %s)", async (late) => {
    const { logger } = logging();
    const time = counting({ late });
    const one = await serve({}, { store: time.store, logger, ...LIMITS });
    one.mcp.registerResource("file", "test://file", {}, (uri) => ({ contents: [{ uri: uri.href, text: "" }] }));
    time.before(method, down);
    const answers = [
      await call(one.url, "write", { of: "a" }, { user: "alice" }),
      await call(one.url, "read", { of: "a" }, { user: "alice" }),
      await ask(one.url, "resources/read", { uri: "test://file" }, { user: "alice" }),
    ];
    for (const { status, headers, reply } of answers) {
      expect([status, headers["retry-after"]]).toEqual([503, "5"]);
      expect(reply?.error).toEqual(UNAVAILABLE);
    }
    expect(one.works.count("a")).toBe(0);
  });
});

describe("a store that fails later", () => {
  it("at release or sweep disturbs no answer; it is in the log", async () => {
    const { events, logger } = logging();
    const time = counting();
    const rateLimit = { limit: 1_000_000, windowMs: 60_000 };
    const one = await serve({}, { store: time.store, logger, rateLimit, concurrency: 1000 });
    for (const method of ["release", "sweep"] as const) time.before(method, down);
    const client = await WAYS[0]?.start(one, "alice");
    for (let call = 0; call < 260; call += 1) {
      expect(await client?.call({ name: "read", args: { of: "a" } })).toHaveProperty("result");
    }
    expect([events.includes("place_not_released"), events.includes("sweep_failed")]).toEqual([true, true]);
    client?.close();
  });
});

describe("[33] a store that does not answer for long", () => {
  it("nothing is begun for a client that has left meanwhile, and its place comes back", async () => {
    const late = counting({ late: true });
    const one = await serve({}, { store: late.store, ...LIMITS });
    const client = await WAYS[0]?.start(one, "alice");
    for (const [name, method] of [
      ["read", "take"],
      ["read", "acquire"],
      ["write", "acquire"],
    ] as const) {
      let goOn: () => void = () => undefined;
      const waiting = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      late.before(method, () => waiting);
      const asked = late.asked.length;
      const begun = client?.begin({ name, args: { of: `${name} ${method}` } });
      await until("the store was asked", () => late.asked.slice(asked).includes(method));
      await begun?.drop();
      if (name === "write") one.app.ledger.abortAll(new Error("taken back"));
      goOn();
      late.before(method, () => undefined);
      await one.idle();
      await until("no place is held", () => one.app.admissions.size === 0);
      expect([name, method, one.works.count(`${name} ${method}`)]).toEqual([name, method, 0]);
    }
    client?.close();
  });
});
