/** [85] What is logged: one line for each event whatever it carries, no secret, and no harm to the call it is about. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { custom, type Logger, McpServer } from "../../src/index.js";
import { stderrLogger } from "../../src/util/logger.js";
import { modernRequest, post } from "../support/raw-http.js";
import { writtenToStderr } from "../support/stderr.js";
import { type Served, serve } from "./helpers/server.js";

/** Every character that ends a line, moves a cursor or starts a sequence of a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/;
const FORGED =
  "\r\n[holdfast] info listening url=http://evil.test/\n\u001b[2J\u001b]0;owned\u0007\u009b31m\u2028\u2029\u0085\u0000\b\u007f";

const circular: { self?: unknown } = {};
circular.self = circular;

const written = writtenToStderr();

/** Exactly so many events, each on a line of its own. */
function expectLines(count: number): void {
  const text = written.join("");
  expect(text).not.toMatch(DANGEROUS);
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.slice(0, -1).split("\n");
  for (const line of lines) expect(line).toMatch(/^\[holdfast\] (info|warn|error) \w+ /);
  expect(lines).toHaveLength(count);
}

describe("the logger on stderr", () => {
  test("makes one line of one event, whatever its fields hold", () => {
    const text = fc.string({ unit: "binary", maxLength: 60 });
    const hostile = fc.oneof(text, fc.constant(FORGED), fc.constantFrom("\n", "\r", "\u001b[31m", "\u2028"));
    const value = fc.oneof(
      hostile,
      fc.record({ deep: fc.dictionary(hostile, hostile), list: fc.array(hostile) }),
      hostile.map((message) => new Error(message)),
      hostile.map((name) => Object.assign(new Error(name), { name, stack: `${name}\n    at ${name}` })),
      fc.constantFrom(undefined, null, Number.NaN, -0, true, Symbol(FORGED), () => FORGED),
    );
    fc.assert(
      fc.property(value, value, (one, other) => {
        written.length = 0;
        stderrLogger.log("error", "event", { one, other });
        expectLines(1);
      }),
    );
  });

  test.each([
    ["a number that JSON does not have", 10n],
    ["an object with one deep inside", { count: 10n }],
    ["an object that holds itself", circular],
    [
      "an object whose JSON throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
    ],
    ["an object without a prototype", Object.create(null)],
    ["an error whose stack is no text", Object.assign(new Error("x"), { stack: 5 })],
    ["an error without a stack", Object.assign(new Error(FORGED), { stack: undefined })],
    [
      "an error whose stack throws",
      Object.defineProperty(new Error("x"), "stack", {
        get: () => {
          throw new Error("no");
        },
      }),
    ],
    [
      "a proxy that refuses everything",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("no");
          },
          ownKeys: () => {
            throw new Error("no");
          },
        },
      ),
    ],
  ])("says something of %s, and does not throw", (_what, value) => {
    expect(() => stderrLogger.log("error", "event", { value })).not.toThrow();
    expectLines(1);
  });
});

describe("in a server", () => {
  const CANARY = "canary-5f1d9c";
  let served: Served;
  let rejection: unknown;
  beforeAll(async () => {
    const auth = custom((request) => {
      if (request.header("authorization") === `Bearer ${CANARY}`) return { issuer: "t", subject: "a", permissions: [] };
      if (request.header("x-reject") === "later") return Promise.reject(rejection);
      throw rejection;
    });
    const mcp = new McpServer({ name: "logs", version: "1.0.0" }, { auth });
    const inputSchema = { type: "object", properties: { how: { type: "string" } }, required: ["how"] } as const;
    mcp.registerTool("fail", { inputSchema, outputSchema: { type: "object", required: ["x"] } }, ({ how }) => {
      if (how === "bad output") return { [FORGED]: FORGED };
      if (how === "number") throw 10n;
      throw how === "text" ? FORGED : new Error(FORGED);
    });
    served = await serve(mcp);
  });
  afterAll(() => served.close());

  const good = { authorization: `Bearer ${CANARY}` };
  const call = (how: string, headers: Record<string, string> = good) => {
    const { message, headers: own } = modernRequest("tools/call", { name: "fail", arguments: { how, secret: CANARY } });
    return post(served.url, message, { headers: { ...own, ...headers, cookie: CANARY } });
  };

  test.each(["error", "text", "bad output", "number"])(
    "a handler that fails with %s: one line, one masked result",
    async (how) => {
      const { reply } = await call(how);
      expect(reply?.result).toMatchObject({ isError: true });
      expect(JSON.stringify(reply)).not.toContain("owned");
      expectLines(1);
      expect(written.join("")).not.toContain(CANARY);
    },
  );

  test.each([
    ["an error", new Error(FORGED)],
    ["a text", FORGED],
    ["an object", { message: FORGED }],
    ["a number that JSON does not have", 10n],
    ["an object that holds itself", circular],
  ])("an authenticator that throws %s: one line, 401", async (_what, thrown) => {
    rejection = thrown;
    for (const how of ["at once", "later"]) {
      written.length = 0;
      const { status, raw } = await call("error", { authorization: `Bearer wrong-${CANARY}`, "x-reject": how });
      expect(status).toBe(401);
      expect(raw.toString("utf8")).not.toContain("owned");
      expectLines(1);
      expect(written.join("")).not.toContain(CANARY);
    }
  });
});

describe("a logger that throws", { timeout: 5_000 }, () => {
  const logger: Logger = {
    log: () => {
      throw new Error("disk full");
    },
  };
  const auth = custom(async (request) => {
    if (request.header("x-user") === undefined) throw new Error("who?");
    return { issuer: "test", subject: "a", permissions: [] };
  });
  const mcp = new McpServer({ name: "full", version: "1.0.0" }, { logger, auth });
  mcp.registerTool("now", {}, () => {
    throw new Error("failed");
  });
  mcp.registerTool("later", {}, async () => {
    throw new Error("failed");
  });
  let served: Served;
  beforeAll(async () => {
    served = await serve(mcp);
  });
  afterAll(() => served.close());

  test.each(["now", "later"])("a handler that fails %s is answered all the same", async (name) => {
    const { message, headers } = modernRequest("tools/call", { name });
    const { reply } = await post(served.url, message, { headers: { ...headers, "x-user": "a" } });
    expect(reply?.result).toMatchObject({ isError: true });
  });

  test("so is a caller who is refused", async () => {
    const { message, headers } = modernRequest("tools/list");
    expect((await post(served.url, message, { headers })).status).toBe(401);
  });
});
