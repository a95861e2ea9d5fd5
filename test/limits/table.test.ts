/** The table of limits itself: what it takes, what it refuses, and that every bound in it has a test. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LIMITS, type Limits, McpServer } from "../../src/index.js";
import type { LimitName } from "../../src/server/limits.js";
import { silentLogger } from "../../src/util/logger.js";
import { until } from "../faults/helpers/until.js";
import { legacySession, sse } from "../support/raw-http.js";
import { COVERED } from "./covered.js";
import { call, expectServed, limitedServer, serving } from "./helpers/limited.js";

const NAMES = Object.keys(LIMITS) as LimitName[];
const serve = serving();

function made(limits: object): McpServer {
  const options = { logger: silentLogger, limits: limits as Partial<Limits> };
  return new McpServer({ name: "table", version: "1.0.0" }, options);
}

describe("every limit", () => {
  it.each(NAMES)("%s is finite by default, and says why it is there", (name) => {
    const { default: value, why } = LIMITS[name];
    expect(Number.isFinite(value) && value > 0).toBe(true);
    expect(why.length).toBeGreaterThan(20);
  });

  it.each(NAMES)("%s has a test that names it", (name) => {
    const text = readFileSync(new URL(COVERED[name], import.meta.url), "utf8");
    const titled = new RegExp(`\\b(?:describe|it|test)\\b[^\\n]*\\(\\s*["'\`][^\\n]*\\blimits\\.${name}\\b`);
    expect(text).toMatch(titled);
  });

  it("is in the list of tests, and nothing else is", () => {
    expect(Object.keys(COVERED).sort()).toEqual([...NAMES].sort());
  });
});

describe("a value", () => {
  const WRONG = [0, -0, -1, Number.NaN, Number.NEGATIVE_INFINITY, "1000", "", null, true, 1n, [5], {}, () => 5];

  it.each(NAMES)("of %s that is no number above 0 is refused at construction, in words", (name) => {
    for (const value of WRONG) {
      const refused = () => made({ [name]: value });
      expect(refused).toThrow(TypeError);
      expect(refused).toThrow(`limits.${name} must be a number above 0`);
    }
  });

  it.each(["maxCall", "MAXCALLS", "maxcalls", "constructor", "toString", "__proto__", ""])(
    "of a limit that does not exist (%s) is refused, with the names of those that do",
    (name) => {
      const refused = () => made(Object.fromEntries([[name, 5]]));
      expect(refused).toThrow(TypeError);
      expect(refused).toThrow(`limits.${name} does not exist`);
      expect(refused).toThrow(NAMES.join(", "));
    },
  );

  it("left out or undefined is the default", () => {
    const { limits } = limitedServer({ maxCalls: undefined, maxBatch: 7 } as Partial<Limits>).app;
    expect(limits).toEqual({ ...defaults(), maxBatch: 7 });
  });

  it("that is taken can be served: whole numbers, fractions and very large ones", async () => {
    const failed: string[] = [];
    for (const name of NAMES) {
      for (const value of [1_500.5, 2 ** 31, 2 ** 53, Number.MAX_VALUE]) {
        const handle = await made({ [name]: value })
          .run({ transport: "http", port: 0, signals: false })
          .catch((error: unknown) => void failed.push(`${name}: ${value}: ${error}`));
        await handle?.close();
      }
    }
    expect(failed).toEqual([]);
  });
});

describe("every limit at once", () => {
  const all = (value: number) => Object.fromEntries(NAMES.map((name) => [name, value])) as unknown as Limits;

  it("lifted with Infinity: all transports and revisions are served", async () => {
    const limited = await serve(all(Number.POSITIVE_INFINITY));
    await expectServed(call(limited.url, "quick"));
    const session = await legacySession(limited.url);
    const standing = await session.listen();
    expect((await session.request("tools/call", { name: "quick" })).result).toMatchObject({});
    standing.close();
    await session.end();
    const client = await sse(limited.sseUrl);
    await client.initialize();
    expect((await client.request("ping")).result).toEqual({});
    client.close();
    const handle = await limited.mcp.run({ transport: "http", port: 0, signals: false });
    await expectServed(call(handle.url ?? "", "quick"));
    await handle.close();
  });

  it("lifted with Infinity: a stream's advice on when to come back is left out, not written as no number", async () => {
    const limited = await serve(all(Number.POSITIVE_INFINITY));
    const standing = await (await legacySession(limited.url)).listen();
    await until("the priming event", () => standing.parser.blocks.length > 0);
    const { stream } = await sse(limited.sseUrl);
    for (const one of [standing, stream]) expect(one.raw.toString()).not.toMatch(/^retry: (?!\d+$)/m);
    standing.close();
    stream.close();
  });

  /** With these at 1 no request gets in at all; their own tests have them. */
  const OUTER = ["maxHeaderBytes", "maxConnections", "headersTimeoutMs", "requestTimeoutMs"];

  it.each(NAMES.filter((name) => !OUTER.includes(name)))("%s alone at 1: whoever asks is answered", async (name) => {
    const limited = await serve({ [name]: 1 });
    const { status, reply } = await call(limited.url, "quick");
    if (status === 200) expect(reply).toHaveProperty("result");
    else expect([400, 413, 503]).toContain(status);
    await limited.settled();
  });
});

function defaults(): Record<string, number> {
  return Object.fromEntries(NAMES.map((name) => [name, LIMITS[name].default]));
}
