/** Limits of resources, prompts and completions, and the server's over everything. */
import { describe, expect, it } from "vitest";
import { ResourceTemplate } from "../../src/index.js";
import type { WireObject } from "../support/wire-schema.js";
import { counting } from "./helpers/counting.js";
import { ask, call, type Limited, serving } from "./helpers/limited.js";

const serve = serving();
const ONCE = { limit: 1, windowMs: 60_000 };
const REF = { ref: { type: "ref/prompt", name: "plain" }, argument: { name: "of", value: "a" } };

function register({ mcp }: Limited): void {
  const contents = (uri: URL) => ({ contents: [{ uri: uri.href, text: "text" }] });
  const messages = () => ({ messages: [] });
  const argsSchema = { type: "object", properties: { of: { type: "string" } }, required: ["of"] } as const;
  mcp.registerResource("plain", "test://plain", {}, contents);
  mcp.registerResource("limited", "test://limited", { rateLimit: ONCE }, contents);
  mcp.registerResource("hidden", "test://hidden", { rateLimit: ONCE, requires: "x", whenDenied: "hidden" }, contents);
  mcp.registerResource("template", new ResourceTemplate("test://of/{name}"), { rateLimit: ONCE }, contents);
  mcp.registerPrompt("plain", { argsSchema, complete: { of: () => ["a"] } }, messages);
  mcp.registerPrompt("limited", { argsSchema, rateLimit: ONCE }, messages);
}

async function codeOf(limited: Limited, method: string, params: WireObject, user = "alice"): Promise<unknown> {
  const { status, reply } = await ask(limited.url, method, params, { user });
  const code = (reply?.error as { code?: number } | undefined)?.code;
  expect(status === 429).toBe(code === 1429);
  return code ?? 0;
}

describe("a limit of a registration", () => {
  it.each([
    ["a resource", "resources/read", { uri: "test://limited" }, "resource test://limited"],
    ["a prompt", "prompts/get", { name: "limited", arguments: { of: "a" } }, "prompt limited"],
  ])("holds for %s, each caller for itself", async (_what, method, params, words) => {
    const limited = await serve();
    register(limited);
    for (const user of ["alice", "bob"]) {
      expect(await codeOf(limited, method, params, user)).toBe(0);
      const { status, headers, reply } = await ask(limited.url, method, params, { user });
      expect([status, headers["retry-after"]]).toEqual([429, "60"]);
      expect(reply?.error).toMatchObject({ message: expect.stringContaining(`Too many calls of ${words}: 1 in 60 s`) });
    }
    expect(await codeOf(limited, "resources/read", { uri: "test://plain" })).toBe(0);
    await limited.settled();
  });

  it("of a template holds for all its resources together", async () => {
    const limited = await serve();
    register(limited);
    expect(await codeOf(limited, "resources/read", { uri: "test://of/a" })).toBe(0);
    expect(await codeOf(limited, "resources/read", { uri: "test://of/b" })).toBe(1429);
  });

  it("of what is hidden is told to nobody", async () => {
    const limited = await serve();
    register(limited);
    for (let read = 0; read < 3; read += 1) {
      const [hidden, none] = [
        await ask(limited.url, "resources/read", { uri: "test://hidden" }),
        await ask(limited.url, "resources/read", { uri: "test://nothere" }),
      ];
      expect(hidden.status).toBe(none.status);
      expect([hidden, none].map(({ reply }) => (reply?.error as { code: number } | undefined)?.code)).not.toContain(
        1429,
      );
    }
  });

  it("changed at run time holds from then on", async () => {
    const limited = await serve();
    const annotations = { readOnlyHint: true };
    const registered = limited.mcp.registerTool("changing", { annotations }, () => "done");
    const codes = async () => {
      const answers = [await call(limited.url, "changing"), await call(limited.url, "changing")];
      return answers.map(({ status }) => status);
    };
    expect(await codes()).toEqual([200, 200]);
    registered.update({ rateLimit: ONCE });
    expect(await codes()).toEqual([200, 429]);
    registered.update({ rateLimit: { limit: 3, windowMs: 60_000 } });
    expect(await codes()).toEqual([200, 200]);
    registered.update({ rateLimit: [] });
    expect(await codes()).toEqual([200, 200]);
  });
});

describe("a limit of the server", () => {
  it("counts calls, reads, prompts and completions together, whatever comes of them", async () => {
    const limited = await serve({}, { rateLimit: { limit: 6, windowMs: 60_000 } });
    register(limited);
    expect((await call(limited.url, "quick", {}, { user: "alice" })).status).toBe(200);
    expect(await codeOf(limited, "resources/read", { uri: "test://plain" })).toBe(0);
    expect(await codeOf(limited, "resources/read", { uri: "test://nothere" })).toBe(-32602);
    expect(await codeOf(limited, "prompts/get", { name: "plain", arguments: { of: "a" } })).toBe(0);
    expect(await codeOf(limited, "prompts/get", { name: "plain", arguments: {} })).toBe(-32602);
    expect(await codeOf(limited, "completion/complete", REF)).toBe(0);
    expect((await call(limited.url, "quick", {}, { user: "alice" })).status).toBe(429);
    expect(await codeOf(limited, "resources/read", { uri: "test://plain" })).toBe(1429);
    expect(await codeOf(limited, "prompts/get", { name: "plain", arguments: { of: "a" } })).toBe(1429);
    expect(await codeOf(limited, "completion/complete", REF)).toBe(1429);
    expect((await call(limited.url, "quick", {}, { user: "bob" })).status).toBe(200);
    expect((await ask(limited.url, "resources/list", {}, { user: "alice" })).status).toBe(200);
  });
});

describe("where nothing is limited", () => {
  it("nobody asks the counters anything", async () => {
    const { store, asked } = counting();
    const limited = await serve({}, { store });
    limited.mcp.registerTool("write", {}, () => "written");
    limited.mcp.registerTool("once", { rateLimit: ONCE }, () => "once");
    for (const name of ["quick", "write"]) await call(limited.url, name, {}, { user: "alice" });
    expect(await codeOf(limited, "resources/read", { uri: "test://large" })).toBe(0);
    expect(asked).toEqual([]);
    await call(limited.url, "once", {}, { user: "alice" });
    expect(asked).toEqual(["peek", "take"]);
  });
});

describe("what cannot be a limit", () => {
  const WRONG: readonly (readonly [unknown, string])[] = [
    [{ limit: 0, windowMs: 1000 }, "rateLimit.limit must be a whole number from 1 to 1000000"],
    [{ limit: 1.5, windowMs: 1000 }, "rateLimit.limit"],
    [{ limit: Number.POSITIVE_INFINITY, windowMs: 1000 }, "rateLimit.limit"],
    [{ limit: 1_000_001, windowMs: 1000 }, "rateLimit.limit"],
    [{ limit: "5", windowMs: 1000 }, "rateLimit.limit"],
    [{ limit: 5 }, "rateLimit.windowMs must be a whole number from 1 to 2678400000"],
    [{ limit: 5, windowMs: -1 }, "rateLimit.windowMs"],
    [{ limit: 5, windowMs: 1000, window: 3 }, "rateLimit.window does not exist; use limit and windowMs"],
    [5, "rateLimit must be { limit, windowMs }, or several of these"],
    [[null], "rateLimit must be { limit, windowMs }"],
  ];

  it.each(WRONG)("%j is refused at the line that says it", async (rateLimit, words) => {
    const { mcp } = await serve();
    const config = { rateLimit } as { rateLimit: typeof ONCE };
    expect(() => mcp.registerTool("wrong", config, () => "")).toThrow(new RegExp(`^tool wrong: ${escaped(words)}`));
    expect(() => mcp.registerPrompt("wrong", config, () => ({ messages: [] }))).toThrow(`prompt wrong: ${words}`);
    await expect(serve({}, config)).rejects.toThrow(TypeError);
  });

  it.each([0, -1, 1.5, Number.NaN, "2", 10_001, Number.POSITIVE_INFINITY])("concurrency: %j neither", async (max) => {
    const { mcp } = await serve();
    const config = { concurrency: max as number };
    const words = "concurrency must be a whole number from 1 to 10000";
    expect(() => mcp.registerTool("wrong", config, () => "")).toThrow(`tool wrong: ${words}`);
    await expect(serve({}, config)).rejects.toThrow(words);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.{}]/g, "\\$&");
}
