/** [68, S16] Templates and schemas as bombs: work grows with the input, not beyond it, and nothing is fetched. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { McpServer, ResourceTemplate } from "../../src/index.js";
import {
  MAX_TEMPLATE_LENGTH,
  MAX_TEMPLATE_VARIABLES,
  MAX_URI_LENGTH,
  UriTemplate,
} from "../../src/protocol/uri-template.js";
import { compileSchema } from "../../src/server/schema/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { legacySession } from "../support/raw-http.js";
import { FACTOR, growth } from "./helpers/growth.js";
import { serve } from "./helpers/server.js";

/** Between linear and quadratic; noise is far below what lies between them. */
const MOST = 1.6;
const HALF = MAX_TEMPLATE_VARIABLES / 2;

/** A template, and a URI of about so many characters that makes it try everything it can. */
const URI_BOMBS: readonly [string, string, (length: number) => string][] = [
  ["one list", "{/a*}", (length) => `${"/".repeat(length - 1)}?`],
  ["six lists", "{/a*}{/b*}{/c*}{/d*}{/e*}{/f*}x", (length) => "/a".repeat(length / 2)],
  ["64 lists", `${"{/a*}".repeat(MAX_TEMPLATE_VARIABLES)}!`, (length) => "/".repeat(length)],
  ["64 times anything", `${"{+a}{+b}".repeat(HALF)}!`, (length) => "a".repeat(length)],
  ["64 lists with commas", `${"{a*},".repeat(MAX_TEMPLATE_VARIABLES)}!`, (length) => "a,".repeat(length / 2)],
  ["labels", "{.a*}{.b*}{.c*}", (length) => ".".repeat(length)],
  ["one name twice", "{+a}{+a}", (length) => `${"a".repeat(length - 1)}b`],
  ["prefixes", "{a}{a:9999}{a:1}", (length) => "a".repeat(length)],
  ["parameters", "x{?a*}", (length) => `x?${"a=1&".repeat(length / 4 - 1)}`],
  ["64 times parameters", `x${"{?a*}{&b*}".repeat(HALF)}!`, (length) => `x?${"&a=1".repeat(length / 4 - 1)}`],
  ["path parameters", `${"{;a*}{+b}".repeat(HALF)}!`, (length) => ";a".repeat(length / 2)],
  ["triplets", "{+a}", (length) => "%41".repeat(length / 3)],
  ["broken triplets", "{+a}", (length) => "%4".repeat(length / 2)],
  ["an IRI", "{+a}x", (length) => "é".repeat(length / 6)],
];

describe("[68, S16] what a URI costs grows with its length, not beyond it", () => {
  test.each(URI_BOMBS)("%s", async (_name, template, make) => {
    const compiled = new UriTemplate(template);
    const work = (uri: string) => compiled.match(uri);
    expect(await growth(MAX_URI_LENGTH / FACTOR, { make, work })).toBeLessThan(MOST);
  });

  test("and with the number of variables, and with the length of a literal", async () => {
    const uri = "a".repeat(MAX_URI_LENGTH);
    const work = (template: UriTemplate) => template.match(uri);
    const variables = (count: number) => new UriTemplate(`${"{+a}".repeat(count)}!`);
    const literal = (length: number) => new UriTemplate(`{+x}${"a".repeat(length - 5)}b`);
    expect(await growth(MAX_TEMPLATE_VARIABLES / FACTOR, { make: variables, work })).toBeLessThan(MOST);
    expect(await growth(MAX_TEMPLATE_LENGTH / FACTOR, { make: literal, work })).toBeLessThan(MOST);
  });

  test("a server with all of them answers, whatever is asked for, and others besides", async () => {
    const mcp = new McpServer({ name: "bombs", version: "1.0.0" }, { logger: silentLogger });
    for (const [name, template] of URI_BOMBS) {
      mcp.registerResource(name, new ResourceTemplate(template), {}, ({ href }) => {
        return { contents: [{ uri: href, text: "matched" }] };
      });
    }
    const served = await serve(mcp);
    const session = await legacySession(served.url);
    for (const [, , make] of URI_BOMBS) {
      for (const length of [MAX_URI_LENGTH, 8 * MAX_URI_LENGTH]) {
        const answer = await session.request("resources/read", { uri: make(length) });
        expect(answer.error ?? answer.result).toBeDefined();
      }
    }
    expect((await session.request("ping")).result).toEqual({});
    await served.close();
  });
});

describe("[68] references of a JSON Schema", () => {
  let other: Server;
  let origin = "";
  let fetched = 0;
  beforeAll(async () => {
    other = createServer((_request, response) => {
      fetched += 1;
      response.end('{"type":"string"}');
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  });
  afterAll(() => void other.close());

  const of = (a: object, more: object = {}) => ({ type: "object", properties: { a }, ...more }) as const;

  test.each<[string, () => object, RegExp]>([
    ["another server", () => of({ $ref: `${origin}/a.json` }), /never fetched; put its target in \$defs/],
    ["a fragment there", () => of({ $ref: `${origin}/a.json#/$defs/b` }), /never fetched/],
    ["what stands beside its own $id", () => of({ $ref: "b.json" }, { $id: `${origin}/a.json` }), /never fetched/],
    ["a dynamic anchor there", () => of({ $dynamicRef: `${origin}/a.json#b` }), /never fetched/],
    ["it from where nothing leads to", () => of({}, { $defs: { b: { $ref: `${origin}/a.json` } } }), /never fetched/],
    ["a file", () => of({ $ref: "file:///etc/passwd" }), /never fetched/],
    ["a dialect there", () => of({}, { $schema: `${origin}/schema` }), /is not supported; supported: https:/],
  ])("to %s are refused when the tool is registered, with words that help", (_what, schema, message) => {
    const mcp = new McpServer({ name: "refs", version: "1.0.0" }, { logger: silentLogger });
    expect(() => mcp.registerTool("refers", { inputSchema: schema() as never }, () => "")).toThrow(message);
    const outputSchema = schema() as never;
    expect(() => mcp.registerTool("refers", { outputSchema }, () => ({ content: [] }))).toThrow(message);
  });

  test("in arguments are data", async () => {
    const mcp = new McpServer({ name: "refs", version: "1.0.0" }, { logger: silentLogger });
    mcp.registerTool("any", { inputSchema: of({}) }, ({ a }) => JSON.stringify(a));
    const served = await serve(mcp);
    const session = await legacySession(served.url);
    const a = { $ref: `${origin}/a.json`, $schema: `${origin}/schema`, $id: origin };
    const answer = await session.request("tools/call", { name: "any", arguments: { a } });
    expect(answer.result).toMatchObject({ content: [{ text: JSON.stringify(a) }] });
    await served.close();
    // Nobody has asked that server for anything, in this test or in those before.
    expect(fetched).toBe(0);
  });

  const ring = { b: { $ref: "#/$defs/c" }, c: { $ref: "#/$defs/d" }, d: { $ref: "#/$defs/b" } };
  test.each<[string, object]>([
    ["to themselves", of({ $ref: "#/properties/a" })],
    ["to the root, in place", { type: "object", allOf: [{ $ref: "#" }] }],
    ["round three corners", of({ $ref: "#/$defs/b" }, { $defs: ring })],
    ["back through anyOf and not", of({ anyOf: [{ not: { $ref: "#/properties/a" } }] })],
  ])("%s, without a step into the value, are refused", (_what, schema) => {
    expect(() => compileSchema(schema as never, "input")).toThrow(/A JSON Schema/);
  });
});

describe("[68] values of a JSON Schema", () => {
  test.each([
    ["date-time", "T"],
    ["duration", "1"],
    ["uri", "a:"],
    ["uri-reference", "%41"],
    ["uri-template", "{a,"],
    ["email", "a."],
    ["hostname", "a-"],
    ["ipv6", "::"],
    ["regex", "(a"],
    ["json-pointer", "/~0"],
  ])("of format %s cost what their length costs, not more", async (format, pump) => {
    const { validate } = compileSchema({ type: "object", properties: { a: { type: "string", format } } }, "input");
    for (const last of ["", "!", "\n"]) {
      const make = (length: number) => ({ a: `${pump.repeat(length / pump.length)}${last}` });
      expect(await growth(8 * 1024, { make, work: validate })).toBeLessThan(MOST);
    }
  });

  test("that nest cost what the number of their nodes costs, not more", async () => {
    const node = { type: "object", properties: { kids: { type: "array", items: { $ref: "#/$defs/n" } } } };
    const { validate } = compileSchema({ type: "object", $ref: "#/$defs/n", $defs: { n: node } }, "input");
    const make = (count: number) => ({ kids: Array.from({ length: count }, () => ({ kids: [] })) });
    expect(await growth(1024, { make, work: validate })).toBeLessThan(MOST);
  });

  test("are not tried on a pattern when maxLength refuses them: its author has bounded the work", async () => {
    const a = { type: "string", maxLength: 8, pattern: "^(a+)+$" };
    const { validate } = compileSchema({ type: "object", properties: { a } }, "input");
    const result = await validate({ a: `${"a".repeat(16)}!` });
    expect(result).toMatchObject({ ok: false, issues: [{ message: expect.stringMatching(/too long/) }] });
  });

  // Known limit: a pattern runs to its end once it runs. What an author writes is trusted, so only its input is bounded.
  test("are never longer for a pattern than one body", async () => {
    const limits = { maxBodyBytes: 10_000 };
    const mcp = new McpServer({ name: "patterns", version: "1.0.0" }, { logger: silentLogger, limits });
    const inputSchema = { type: "object", properties: { a: { type: "string", pattern: "^a*$" } } } as const;
    mcp.registerTool("checked", { inputSchema }, ({ a }) => String(String(a).length));
    const served = await serve(mcp);
    const session = await legacySession(served.url);
    const call = (length: number) => {
      return session.post(session.message("tools/call", { name: "checked", arguments: { a: "a".repeat(length) } }));
    };
    expect((await call(9_800)).reply?.result).toMatchObject({ content: [{ text: "9800" }] });
    expect((await call(10_000)).status).toBe(413);
    await served.close();
  });
});
