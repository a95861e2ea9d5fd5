import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type } from "arktype";
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import {
  assertObjectRoot,
  type CompiledSchema,
  compileSchema,
  describeIssues,
  type SchemaInput,
  type StandardSchema,
  type ValidationResult,
} from "../../src/server/schema/index.js";
import { MAX_ISSUE_LENGTH, MAX_ISSUES } from "../../src/server/schema/issues.js";

/** What a schema says of a value at once; a promise is a mistake here. */
function check(schema: CompiledSchema, value: unknown): ValidationResult {
  const result = schema.validate(value);
  if (result instanceof Promise) throw new Error("expected an answer at once");
  return result;
}

function paths(result: ValidationResult): readonly string[] {
  return result.ok ? [] : result.issues.map(({ path }) => path);
}

const LIBRARIES: Readonly<Record<string, SchemaInput>> = {
  zod: z.object({ name: z.string(), tags: z.array(z.number()).optional() }),
  valibot: toStandardJsonSchema(v.object({ name: v.string(), tags: v.optional(v.array(v.number())) })),
  arktype: type({ name: "string", "tags?": "number[]" }),
  "raw shape of zod": { name: z.string(), tags: z.array(z.number()).optional() },
  "raw shape of valibot": {
    name: toStandardJsonSchema(v.string()),
    tags: toStandardJsonSchema(v.optional(v.array(v.number()))),
  },
};

describe.each(Object.entries(LIBRARIES))("%s", (_name, source) => {
  const schema = compileSchema(source, "input");

  it("gives JSON Schema without $schema, frozen", () => {
    expect(schema.jsonSchema).toMatchObject({
      type: "object",
      properties: { name: { type: "string" }, tags: { type: "array", items: { type: "number" } } },
      required: ["name"],
    });
    expect(JSON.stringify(schema.jsonSchema)).not.toContain("$schema");
    expect(Object.isFrozen(schema.jsonSchema.properties)).toBe(true);
    expect(() => assertObjectRoot(schema.jsonSchema, "inputSchema of tool t")).not.toThrow();
  });

  it("validates, with JSON Pointers as paths", () => {
    expect(check(schema, { name: "a", tags: [1] })).toEqual({ ok: true, value: { name: "a", tags: [1] } });
    expect(check(schema, { name: "a" })).toEqual({ ok: true, value: { name: "a" } });
    expect(paths(check(schema, { name: 1, tags: [1, "x"] }))).toContain("/name");
    expect(paths(check(schema, { name: "a", tags: [1, "x"] }))).toEqual(["/tags/1"]);
    expect(check(schema, null).ok).toBe(false);
    expect(check(schema, [] as unknown).ok).toBe(false);
  });
});

describe("Standard Schema", () => {
  it("shows the side that is asked for", () => {
    const source = z.object({ limit: z.number().default(10) });
    expect(compileSchema(source, "input").jsonSchema.required).toBeUndefined();
    expect(compileSchema(source, "output").jsonSchema.required).toEqual(["limit"]);
    expect(check(compileSchema(source, "output"), {})).toEqual({ ok: true, value: { limit: 10 } });
  });
  it.each(["Named", "a/b~c d"])("puts a schema with the name %s at the root, where tools need its type", (id) => {
    const Tree = z
      .object({
        name: z.string(),
        get children(): z.ZodOptional<z.ZodArray<typeof Tree>> {
          return z.array(Tree).optional();
        },
      })
      .meta({ id });
    const schema = compileSchema(Tree, "input");
    expect(() => assertObjectRoot(schema.jsonSchema, "inputSchema of tool t")).not.toThrow();
    expect(schema.jsonSchema).toMatchObject({ properties: { name: { type: "string" } }, required: ["name"] });
    // What is shown judges as the library does, the reference to itself included.
    const shown = new Ajv2020({ strict: false }).compile(schema.jsonSchema);
    for (const value of [{ name: "a" }, { name: "a", children: [{ name: "b" }] }, { name: "a", children: [{}] }, {}]) {
      expect(shown(value)).toBe(check(schema, value).ok);
    }
  });
  it("transforms values", () => {
    const schema = compileSchema(z.object({ id: z.string().transform(Number) }), "input");
    expect(schema.jsonSchema.properties).toEqual({ id: { type: "string" } });
    expect(check(schema, { id: "7" })).toEqual({ ok: true, value: { id: 7 } });
  });
  it("waits for asynchronous schemas", async () => {
    const schema = compileSchema(z.object({ id: z.string().refine(async (id) => id === "a", "not a") }), "input");
    expect(await schema.validate({ id: "a" })).toEqual({ ok: true, value: { id: "a" } });
    expect(await schema.validate({ id: "b" })).toEqual({ ok: false, issues: [{ path: "/id", message: "not a" }] });
  });
  it("explains a schema that JSON Schema cannot express", () => {
    const attempt = () => compileSchema(z.object({ when: z.date() }), "input");
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(/zod cannot express this schema as JSON Schema \(input\)/);
  });
  it("uses toJSONSchema or toJsonSchema of older versions", () => {
    const calls: unknown[] = [];
    const standard: StandardSchema["~standard"] = { version: 1, vendor: "old", validate: (value) => ({ value }) };
    const toJSONSchema = (options: unknown): object => {
      calls.push(options);
      return { type: "object" };
    };
    const upper = { "~standard": standard, toJSONSchema };
    const lower = { "~standard": standard, toJsonSchema: () => ({ type: "object", title: "lower" }) };
    expect(compileSchema(upper, "output").jsonSchema).toEqual({ type: "object" });
    expect(calls).toEqual([{ io: "output", target: "draft-2020-12" }]);
    expect(compileSchema(lower, "input").jsonSchema).toEqual({ type: "object", title: "lower" });
  });
  it.each([
    ["valibot", v.object({ a: v.string() }), /toStandardJsonSchema/],
    ["zod mini", mini.object({ a: mini.string() }), /by its main entry: zod\/mini/],
    ["zod", { "~standard": { version: 1, vendor: "zod", validate: () => ({ value: 1 }) } }, /zod 4\.2/],
    ["arktype", { "~standard": { version: 1, vendor: "arktype", validate: () => ({ value: 1 }) } }, /2\.1\.28/],
    ["other", { "~standard": { version: 1, vendor: "other", validate: () => ({ value: 1 }) } }, /Standard JSON Schema/],
  ])("says what to do when %s gives no JSON Schema", (_vendor, source, advice) => {
    expect(() => compileSchema(source as SchemaInput, "input")).toThrow(advice);
    expect(() => compileSchema({ property: source } as SchemaInput, "input")).toThrow(advice);
  });
  it("keeps draft-07 marked and refuses other dialects of a library", () => {
    const of = ($schema: string) => ({
      "~standard": { version: 1, vendor: "x", validate: () => ({ value: 1 }) },
      toJsonSchema: () => ({ $schema, type: "object" }),
    });
    const draft07 = "http://json-schema.org/draft-07/schema#";
    expect(compileSchema(of(draft07), "input").jsonSchema).toEqual({ $schema: draft07, type: "object" });
    expect(compileSchema(of("https://json-schema.org/draft/2020-12/schema"), "input").jsonSchema).toEqual({
      type: "object",
    });
    expect(() => compileSchema(of("https://json-schema.org/draft/2019-09/schema"), "input")).toThrow(
      /2019-09.*supported/,
    );
  });
  it("bounds what a library generates", () => {
    const of = (jsonSchema: object) => ({
      "~standard": { version: 1, vendor: "x", validate: () => ({ value: 1 }) },
      toJsonSchema: () => jsonSchema,
    });
    const self: Record<string, unknown> = { type: "object" };
    self.not = self;
    expect(() => compileSchema(of(self), "input")).toThrow(/nested deeper/);
    expect(() => compileSchema(of({ default: new Date() }), "input")).toThrow(/no JSON: an instance of Date/);
    expect(() => compileSchema(of({ default: Number.NaN }), "input")).toThrow(/no JSON: NaN/);
  });
  it("refuses what is no schema", () => {
    for (const source of [null, undefined, 1, "x", [], true, () => 1, new Map(), { "~standard": {} }]) {
      expect(() => compileSchema(source as unknown as SchemaInput, "input")).toThrow(TypeError);
    }
    expect(() => compileSchema({ a: z.string(), b: { type: "string" } }, "input")).toThrow(/no schemas: b/);
  });
});

describe("raw shape", () => {
  it("drops unknown keys and requires what refuses undefined", () => {
    const shape = { a: z.string(), b: z.number().default(1), c: z.string().optional(), d: z.string().nullable() };
    const schema = compileSchema(shape, "input");
    expect(schema.jsonSchema.required).toEqual(["a", "d"]);
    expect(check(schema, { a: "x", d: null, extra: 1 })).toEqual({ ok: true, value: { a: "x", b: 1, d: null } });
    expect(paths(check(schema, {}))).toEqual(["/a", "/d"]);
    expect(compileSchema(shape, "output").jsonSchema.required).toEqual(["a", "b", "d"]);
  });
  it("takes {} as an object without properties", () => {
    const schema = compileSchema({}, "input");
    expect(schema.jsonSchema).toEqual({ type: "object", properties: {} });
    expect(check(schema, { stray: 1 })).toEqual({ ok: true, value: {} });
    expect(check(schema, 1).ok).toBe(false);
  });
  it("moves the references of a property to where the property is", async () => {
    const tree: z.ZodType = z.object({ name: z.string(), kids: z.array(z.lazy(() => tree)) }).meta({ title: "T" });
    const shape = { "a/b c": tree, plain: z.string() };
    const { jsonSchema } = compileSchema(shape, "input");
    // Compiling what is shown proves that every reference resolves; using it, that it resolves to the same thing.
    const shown = compileSchema(jsonSchema, "input");
    const good = { "a/b c": { name: "r", kids: [{ name: "k", kids: [] }] }, plain: "x" };
    const bad = { "a/b c": { name: "r", kids: [{ name: 1, kids: [] }] }, plain: "x" };
    expect((await shown.validate(good)).ok).toBe(true);
    expect(paths(await shown.validate(bad))).toEqual(["/a~1b c/kids/0/name"]);
  });
  it("waits for asynchronous properties and takes them as required", async () => {
    const schema = compileSchema({ a: z.string().refine(async (a) => a !== "x", "is x"), b: z.number() }, "input");
    expect(schema.jsonSchema.required).toEqual(["a", "b"]);
    expect(await schema.validate({ a: "y", b: 1 })).toEqual({ ok: true, value: { a: "y", b: 1 } });
    expect(paths(await schema.validate({ a: "x", b: "1" }))).toEqual(["/a", "/b"]);
  });
  it("keeps names such as __proto__ inert", () => {
    const shape = Object.fromEntries(
      ["__proto__", "constructor", "toString"].map((name) => [name, z.string().optional()]),
    );
    const schema = compileSchema(shape, "input");
    expect(Object.keys(schema.jsonSchema.properties as object)).toEqual(["__proto__", "constructor", "toString"]);
    expect(check(schema, {})).toEqual({ ok: true, value: {} });
    const result = check(schema, JSON.parse('{"__proto__":"p","constructor":"c","extra":1}'));
    if (!result.ok) throw new Error(describeIssues(result.issues));
    expect(JSON.stringify(result.value)).toBe('{"__proto__":"p","constructor":"c"}');
    expect(Object.getPrototypeOf(result.value)).toBe(Object.prototype);
    expect(paths(check(schema, JSON.parse('{"__proto__":1}')))).toEqual(["/__proto__"]);
  });
});

describe("assertObjectRoot", () => {
  it.each([
    {},
    { type: "string" },
    { type: ["object"] },
    { anyOf: [{ type: "object" }] },
    Object.create({ type: "object" }),
  ])("refuses %j", (jsonSchema) => {
    expect(() => assertObjectRoot(jsonSchema, "inputSchema of tool t")).toThrow(/^inputSchema of tool t must be/);
  });
});

describe("issues", () => {
  it("are bounded in number and length", () => {
    const schema = compileSchema(z.array(z.string(`no ${"x".repeat(5000)}`)), "input");
    const result = check(
      schema,
      Array.from({ length: 1000 }, (_, index) => index),
    );
    if (result.ok) throw new Error("expected issues");
    expect(result.issues).toHaveLength(MAX_ISSUES);
    expect(result.issues.every(({ message }) => message.length <= MAX_ISSUE_LENGTH)).toBe(true);
  });
  it("read as one line", () => {
    const issues = [
      { path: "", message: "bad" },
      { path: "/a", message: "worse" },
    ];
    expect(describeIssues(issues)).toBe("bad; /a: worse");
  });
});

describe("properties", () => {
  it("what a raw shape shows and what it does agree, on any JSON object", async () => {
    const shape = { s: z.string(), n: z.number().optional(), b: z.boolean().nullable() };
    const schema = compileSchema(shape, "input");
    const shown = compileSchema(schema.jsonSchema, "input");
    const member = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant({}));
    const value = fc.dictionary(fc.constantFrom("s", "n", "b", "x", "__proto__"), member);
    await fc.assert(
      fc.asyncProperty(value, async (given) => {
        const text = JSON.stringify(given);
        expect(check(schema, given).ok).toBe((await shown.validate(given)).ok);
        expect(JSON.stringify(given)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
