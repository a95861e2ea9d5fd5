import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileSchema, type JsonSchema, type ValidationResult } from "../../src/server/schema/index.js";
import { MAX_SCHEMA_JSON_DEPTH, MAX_SCHEMA_JSON_VALUES } from "../../src/server/schema/json-copy.js";
import { MAX_IN_PLACE_DEPTH } from "../../src/server/schema/json-schema-form.js";
import { MAX_UNIQUE_ITEMS } from "../../src/server/schema/json-schema-program.js";
import { MAX_VALUE_DEPTH, MAX_VALUE_SIZE, toJsonValue } from "../../src/server/schema/json-value.js";
import { MAX_SCHEMA_DEPTH, MAX_SUBSCHEMAS } from "../../src/server/schema/keywords.js";

const DRAFT_07 = "http://json-schema.org/draft-07/schema#";
const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

async function run(schema: JsonSchema, value: unknown): Promise<ValidationResult> {
  return compileSchema(schema, "input").validate(value);
}
async function ok(schema: JsonSchema, value: unknown): Promise<boolean> {
  return (await run(schema, value)).ok;
}
async function out(schema: JsonSchema, value: unknown): Promise<unknown> {
  const result = await run(schema, value);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
}
async function paths(schema: JsonSchema, value: unknown): Promise<readonly string[]> {
  const result = await run(schema, value);
  return result.ok ? [] : result.issues.map(({ path }) => path);
}

type Sub = JsonSchema | boolean;
/** `if`, `then`, `else`; by entries, because linters take an object with `then` for a promise. */
function when(test: Sub, yes: Sub, no: Sub): JsonSchema {
  const keywords = ["if", "then", "else"];
  return Object.fromEntries([test, yes, no].map((schema, index) => [keywords[index], schema]));
}

describe("plain JSON Schema", () => {
  it("shows a frozen copy and keeps the author's $schema", () => {
    const source = { $schema: DRAFT_2020, type: "object", properties: { a: { type: "string" } }, "x-own": [1] };
    const { jsonSchema } = compileSchema(source, "input");
    expect(jsonSchema).toEqual(source);
    source.properties.a.type = "number";
    expect(jsonSchema).toMatchObject({ properties: { a: { type: "string" } } });
    expect(Object.isFrozen(jsonSchema.properties)).toBe(true);
    expect(Object.isFrozen(source)).toBe(false);
  });

  it.each<[string, JsonSchema, unknown, unknown]>([
    ["$defs", { $ref: "#/$defs/n", $defs: { n: { type: "number" } } }, 1, "1"],
    ["siblings of $ref", { $ref: "#/$defs/n", minimum: 5, $defs: { n: { type: "number" } } }, 5, 4],
    ["definitions", { $ref: "#/definitions/n", definitions: { n: { type: "number" } } }, 1, "1"],
    ["$anchor", { $ref: "#num", $defs: { n: { $anchor: "num", type: "number" } } }, 1, "1"],
    [
      "$dynamicRef",
      { $dynamicAnchor: "t", type: "object", properties: { k: { $dynamicRef: "#t" } } },
      { k: {} },
      { k: 1 },
    ],
    ["$id", { $ref: "https://e.example/n", $defs: { n: { $id: "https://e.example/n", type: "number" } } }, 1, "1"],
    [
      "relative $id",
      { $id: "https://e.example/a/", $ref: "n#/$defs/m", $defs: { n: { $id: "n", $defs: { m: { type: "number" } } } } },
      1,
      "1",
    ],
    ["urn $id", { $id: "urn:x:y", $ref: "#/$defs/n", $defs: { n: { type: "number" } } }, 1, "1"],
    ["escaped pointer", { $ref: "#/$defs/a~1b%25~0", $defs: { "a/b%~": { type: "number" } } }, 1, "1"],
    ["pointer through an unknown keyword", { $ref: "#/x-types/n", "x-types": { n: { type: "number" } } }, 1, "1"],
    ["pointer into an array", { $ref: "#/allOf/0", allOf: [{ type: "number" }] }, 1, "1"],
    ["boolean target", { properties: { a: { $ref: "#/$defs/no" } }, $defs: { no: false } }, {}, { a: 1 }],
    ["recursion", { type: "object", properties: { kid: { $ref: "#" } } }, { kid: { kid: {} } }, { kid: { kid: 1 } }],
    ["allOf", { allOf: [{ type: "number" }, { minimum: 2 }] }, 2, 1],
    ["anyOf", { anyOf: [{ type: "number" }, { type: "null" }] }, null, "x"],
    ["oneOf", { oneOf: [{ type: "number" }, { minimum: 2 }] }, 1, 2],
    ["not", { not: { type: "string" } }, 1, "x"],
    ["if then", when({ required: ["a"] }, { required: ["b"] }, { required: ["c"] }), { a: 1, b: 1 }, { a: 1 }],
    ["if else", when({ required: ["a"] }, { required: ["b"] }, { required: ["c"] }), { c: 1 }, {}],
    ["prefixItems", { prefixItems: [{ type: "string" }], items: { type: "number" } }, ["a", 1], ["a", "b"]],
    [
      "unevaluatedProperties",
      { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
      { a: 1 },
      { b: 1 },
    ],
    [
      "unevaluatedProperties blind to what neighbours evaluate",
      { properties: { a: true }, ...when({ properties: { b: true } }, { unevaluatedProperties: false }, true) },
      {},
      { b: 1 },
    ],
    [
      "unevaluatedItems blind to what a reference beside evaluates",
      { $ref: "#/$defs/t", allOf: [{ unevaluatedItems: false }], $defs: { t: { prefixItems: [true] } } },
      [],
      [1],
    ],
    ["dependentRequired", { dependentRequired: { a: ["b"] } }, { a: 1, b: 1 }, { a: 1 }],
    ["dependentSchemas", { dependentSchemas: { a: { required: ["b"] } } }, { a: 1, b: 1 }, { a: 1 }],
    ["dependencies", { dependencies: { a: ["b"] } }, { a: 1, b: 1 }, { a: 1 }],
    ["propertyNames", { propertyNames: { maxLength: 1 } }, { a: 1 }, { ab: 1 }],
    ["patternProperties", { patternProperties: { "^n": { type: "number" } } }, { n1: 1 }, { n1: "1" }],
    ["contains", { contains: { type: "number" }, minContains: 2 }, [1, "a", 2], [1, "a"]],
    ["contains in items", { items: { contains: { type: "number" } } }, [[1], [2]], [[1], []]],
    ["const", { const: { a: [1] } }, { a: [1] }, { a: [2] }],
    ["uniqueItems", { uniqueItems: true }, [1, "1", { a: 1 }], [{ a: 1 }, { a: 1 }]],
    ["format", { format: "ipv4" }, "10.0.0.1", "10.0.0.256"],
    ["multipleOf", { multipleOf: 0.1 }, 0.3, 0.35],
  ])("%s", async (_name, schema, good, bad) => {
    expect(await ok(schema, good)).toBe(true);
    expect(await ok(schema, bad)).toBe(false);
  });

  it.each<[string, JsonSchema, unknown, unknown]>([
    ["definitions", { $ref: "#/definitions/n", definitions: { n: { type: "number" } } }, 1, "1"],
    [
      "ignores what stands beside $ref",
      { properties: { a: { $ref: "#/definitions/n", minimum: 5 } }, definitions: { n: { type: "number" } } },
      { a: 1 },
      { a: "1" },
    ],
    ["tuples", { items: [{ type: "string" }], additionalItems: { type: "number" } }, ["a", 1], ["a", "b"]],
    ["$id as anchor", { $ref: "#num", definitions: { n: { $id: "#num", type: "number" } } }, 1, "1"],
    ["does not know prefixItems", { prefixItems: [{ type: "string" }], items: { type: "number" } }, [1], ["a"]],
    ["if", when({ minimum: 5 }, { multipleOf: 2 }, true), 6, 7],
  ])("draft-07: %s", async (_name, schema, good, bad) => {
    for (const $schema of [DRAFT_07, "https://json-schema.org/draft-07/schema"]) {
      expect(await ok({ $schema, ...schema }, good)).toBe(true);
      expect(await ok({ $schema, ...schema }, bad)).toBe(false);
    }
  });

  it.each([
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-04/schema#",
    "https://e.example/meta",
    7,
  ])("refuses the dialect %j and names those it knows", ($schema) => {
    expect(() => compileSchema({ $schema, type: "object" }, "input")).toThrow(/2020-12\/schema, .*draft-07\/schema/);
    expect(() => compileSchema({ $schema, type: "object" }, "input")).toThrow(TypeError);
  });

  it("asserts no format it does not know, above all none that takes exponential time", async () => {
    for (const format of ["url", "unheard-of", "constructor", "__proto__", "hasOwnProperty"]) {
      expect(await ok({ format }, `http://${"a".repeat(60)}!`)).toBe(true);
    }
  });
});

describe("invalid schemas", () => {
  it.each<[JsonSchema, RegExp]>([
    [{ $ref: "https://e.example/schema.json" }, /not in this document, and references are never fetched/],
    [{ $ref: DRAFT_2020 }, /never fetched/],
    [{ $defs: { unused: { $ref: "https://e.example/schema.json" } } }, /never fetched/],
    [{ "x-types": { a: { $ref: "urn:b" } }, $ref: "#/x-types/a" }, /urn:b.*never fetched/],
    [{ properties: { a: { items: { $ref: "other.json#/a" } } } }, /other\.json.*never fetched/],
    [{ $ref: "#/$defs/missing" }, /names nothing/],
    [{ $ref: "#missing" }, /names nothing/],
    [{ $ref: "#/type", type: "object" }, /names nothing/],
    [{ $ref: "#/constructor", title: "x" }, /names nothing/],
    [{ $ref: "#/__proto__", title: "x" }, /names nothing/],
    [{ $ref: "#/%zz" }, /no URI reference/],
    [{ $ref: "http://[" }, /no URI reference/],
    [{ $ref: "#" }, /without end/],
    [{ anyOf: [{ $ref: "#/$defs/a" }], $defs: { a: { not: { $ref: "#" } } } }, /without end/],
    [{ $defs: { a: { $anchor: "x" }, b: { $anchor: "x" } } }, /given twice/],
    [
      { $defs: { a: { $id: "urn:a" }, b: { $dynamicRef: "#b", $dynamicAnchor: "b" } } },
      /\$dynamicRef is not supported/,
    ],
    [{ $id: "https://e.example/#frag" }, /\$anchor/],
    [{ $defs: { a: { $schema: DRAFT_07 } } }, /changes the dialect/],
    [{ type: "objekt" }, /\/type must be one or several of array/],
    [{ properties: [] }, /\/properties must be an object of schemas/],
    [{ properties: { a: { required: "a" } } }, /\/properties\/a\/required must be an array of strings/],
    [{ properties: { a: "string" } }, /\/properties must be/],
    [{ allOf: [] }, /\/allOf must be an array of at least one schema/],
    [{ items: [{}] }, /prefixItems/],
    [{ minLength: -1 }, /\/minLength must be/],
    [{ exclusiveMinimum: true }, /\/exclusiveMinimum must be a number/],
    [{ pattern: "(" }, /\/pattern must be a regular expression/],
    [{ patternProperties: { "[": true } }, /\/patternProperties must be/],
    [{ default: () => 1 }, /no JSON: function/],
  ])("%j", (schema, message) => {
    expect(() => compileSchema(schema, "input")).toThrow(TypeError);
    expect(() => compileSchema(schema, "input")).toThrow(message);
  });

  it("is bounded in depth, in number and in what applies to one value", () => {
    const nest = (levels: number): JsonSchema => (levels === 0 ? { type: "string" } : { not: nest(levels - 1) });
    expect(() => compileSchema(nest(MAX_SCHEMA_DEPTH), "input")).not.toThrow();
    expect(() => compileSchema(nest(MAX_SCHEMA_DEPTH + 1), "input")).toThrow(/subschemas nested deeper/);
    expect(() => compileSchema(nest(MAX_SCHEMA_JSON_DEPTH + 1), "input")).toThrow(/nested deeper than/);
    const wide = (count: number): JsonSchema => ({ anyOf: Array.from({ length: count }, () => ({ minimum: 1 })) });
    expect(() => compileSchema(wide(MAX_SUBSCHEMAS - 1), "input")).not.toThrow();
    expect(() => compileSchema(wide(MAX_SUBSCHEMAS), "input")).toThrow(/more than 10000 subschemas/);
    const big = { type: "object", enum: Array.from({ length: MAX_SCHEMA_JSON_VALUES }, (_, index) => index) };
    expect(() => compileSchema(big, "input")).toThrow(/more than 100000 values/);
    const chain = (length: number): JsonSchema => ({
      $ref: "#/$defs/d0",
      $defs: Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `d${index}`,
          index + 1 < length ? { $ref: `#/$defs/d${index + 1}` } : {},
        ]),
      ),
    });
    expect(() => compileSchema(chain(MAX_IN_PLACE_DEPTH - 1), "input")).not.toThrow();
    expect(() => compileSchema(chain(MAX_IN_PLACE_DEPTH + 1), "input")).toThrow(/to one value/);
  });

  it("is bounded when an object shares its parts exponentially, or contains itself", () => {
    let shared: JsonSchema = { minimum: 1 };
    for (let level = 0; level < 60; level++) shared = { allOf: [shared, shared] };
    expect(() => compileSchema(shared, "input")).toThrow(/more than 100000 values/);
    const self: Record<string, unknown> = { type: "object" };
    self.properties = { self };
    expect(() => compileSchema(self, "input")).toThrow(/nested deeper/);
  });
});

describe("defaults", () => {
  const schema = {
    type: "object",
    properties: {
      limit: { type: "integer", default: 10 },
      tags: { type: "array", default: ["a"] },
      page: { type: "object", properties: { size: { default: 50 }, after: { type: "string" } } },
      options: { type: "object", default: {}, properties: { deep: { type: "boolean", default: true } } },
      nothing: { default: null },
    },
    required: ["limit"],
  };

  it("fill what is absent, recursively through properties, before validation", async () => {
    const given = { page: { after: "x" } };
    const text = JSON.stringify(given);
    expect(await out(schema, given)).toEqual({
      limit: 10,
      tags: ["a"],
      page: { after: "x", size: 50 },
      options: { deep: true },
      nothing: null,
    });
    expect(JSON.stringify(given)).toBe(text);
    expect(await out(schema, { limit: 1 })).toMatchObject({ limit: 1, options: { deep: true } });
    expect(await out(schema, {})).not.toHaveProperty("page");
  });
  it("are fresh for every value", async () => {
    const compiled = compileSchema(schema, "input");
    const first = await compiled.validate({});
    if (first.ok) (first.value as { tags: string[] }).tags.push("changed");
    const second = await compiled.validate({});
    expect(second).toMatchObject({ ok: true, value: { tags: ["a"] } });
  });
  it("do not copy a value that needs none", async () => {
    const given = { limit: 1, tags: [], options: { deep: false }, nothing: 1 };
    expect(await out(schema, given)).toBe(given);
  });
  it("are checked, apply to no other type, and not below items, anyOf or a draft-07 $ref", async () => {
    expect(await paths({ properties: { a: { type: "string", default: 1 } } }, {})).toEqual(["/a"]);
    expect(await out({ properties: { a: { properties: { b: { default: 1 } } } } }, { a: [] })).toEqual({ a: [] });
    expect(await out({ items: { properties: { a: { default: 1 } } } }, [{}])).toEqual([{}]);
    expect(await out({ anyOf: [{ properties: { a: { default: 1 } } }] }, {})).toEqual({});
    const beside = { properties: { a: { $ref: "#/definitions/a", default: 1 } }, definitions: { a: {} } };
    expect(await out({ $schema: DRAFT_07, ...beside }, {})).toEqual({});
    expect(await out(beside, {})).toEqual({ a: 1 });
  });
});

describe("issues", () => {
  it("name every problem by its JSON Pointer", async () => {
    const schema = {
      type: "object",
      properties: { a: { type: "string" }, "x/y": { items: { properties: { "50%": { type: "number" } } } } },
      required: ["b"],
      additionalProperties: false,
    };
    const value = { a: 1, "x/y": [{}, { "50%": "n" }], è: 1 };
    expect([...(await paths(schema, value))].sort()).toEqual(["", "/a", "/x~1y/1/50%", "/è"]);
    const result = await run(schema, value);
    if (result.ok) throw new Error("expected issues");
    expect(result.issues.find(({ path }) => path === "/è")?.message).toBe("This is not allowed here.");
    expect(result.issues.find(({ path }) => path === "")?.message).toContain('"b"');
  });
});

describe("hostile names", () => {
  it("in a schema are names like any other", async () => {
    const schema: JsonSchema = JSON.parse(`{
      "type": "object",
      "properties": { "__proto__": { "type": "string" }, "constructor": { "type": "number", "default": 1 } },
      "required": ["toString"], "additionalProperties": { "type": "boolean" }
    }`);
    expect(await paths(schema, {})).toEqual([""]);
    expect(await out(schema, { toString: true })).toEqual({ toString: true, constructor: 1 });
    expect(await paths(schema, JSON.parse('{"__proto__":1,"toString":true}'))).toEqual(["/__proto__"]);
    const kept = await out(schema, JSON.parse('{"__proto__":"x","toString":true}'));
    expect(Object.keys(kept as object)).toEqual(["__proto__", "toString", "constructor"]);
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
    expect(JSON.stringify(compileSchema(schema, "input").jsonSchema)).toBe(JSON.stringify(schema));
  });
  it("as keywords change nothing", async () => {
    const schema: JsonSchema = JSON.parse(
      '{"__proto__":{"type":"string"},"constructor":{"$ref":"#"},"__absolute_ref__":"x"}',
    );
    expect(await ok(schema, 1)).toBe(true);
    expect(({} as Record<string, unknown>).type).toBeUndefined();
  });
  it("in a value count for additionalProperties and unevaluatedProperties", async () => {
    for (const keyword of ["additionalProperties", "unevaluatedProperties"]) {
      const schema = { type: "object", properties: { a: true }, [keyword]: false };
      expect(await ok(schema, JSON.parse('{"a":1}'))).toBe(true);
      expect(await paths(schema, JSON.parse('{"__proto__":{"a":1}}'))).toEqual(["/__proto__"]);
      expect(await paths(schema, JSON.parse('{"constructor":1}'))).toEqual(["/constructor"]);
    }
  });
});

describe("hostile values", () => {
  it("are bounded in depth and size", async () => {
    let deep: unknown = 1;
    for (let level = 0; level < MAX_VALUE_DEPTH + 1; level++) deep = [deep];
    expect(await ok({ type: "array" }, deep)).toBe(false);
    expect(await ok({ type: "array" }, (deep as unknown[])[0])).toBe(true);
    expect(await ok({ type: "array" }, new Array(MAX_VALUE_SIZE - 1).fill(0))).toBe(true);
    expect(await ok({ type: "array" }, new Array(MAX_VALUE_SIZE).fill(0))).toBe(false);
  });
  it("cannot make uniqueItems compare without end", async () => {
    const items = (count: number) => Array.from({ length: count }, (_, index) => index);
    expect(await ok({ uniqueItems: true }, items(MAX_UNIQUE_ITEMS))).toBe(true);
    const result = await run({ properties: { a: { uniqueItems: true } } }, { a: items(MAX_UNIQUE_ITEMS + 1) });
    expect(result).toMatchObject({
      ok: false,
      issues: [{ path: "/a", message: expect.stringContaining("too many items") }],
    });
  });
  it("cannot make a schema that branches at every level run without end", async () => {
    const node = { properties: { kid: { anyOf: [{ $ref: "#/$defs/n" }, { $ref: "#/$defs/n" }] } } };
    const valid = { $ref: "#/$defs/n", $defs: { n: node } };
    const invalid = { $ref: "#/$defs/n", $defs: { n: { ...node, required: ["never"] } } };
    let value: unknown = {};
    for (let level = 0; level < 100; level++) value = { kid: value };
    // 2^100 steps if nothing stopped them.
    expect(await ok(valid, value)).toBe(false);
    expect(await ok(invalid, value)).toBe(false);
    expect(await ok(valid, { kid: { kid: {} } })).toBe(true);
  });
  it("with a lone surrogate as a key are judged or refused, not thrown", async () => {
    const value: unknown = JSON.parse('{"\\ud800":1}');
    expect(await ok({ additionalProperties: { type: "number" } }, value)).toBe(true);
    expect(await ok({ additionalProperties: { type: "string" } }, value)).toBe(false);
    // No pointer can name the place, which the evaluator needs to judge it.
    expect(await ok({ additionalProperties: { type: "number", multipleOf: 1 } }, value)).toBe(false);
  });
  it("are judged as what JSON makes of them", async () => {
    const schema = { type: "object", properties: { a: { type: "string" }, when: { type: "string" } }, required: ["a"] };
    expect(await out(schema, { a: "x", b: undefined, when: undefined })).toEqual({ a: "x" });
    expect(await ok(schema, { a: undefined })).toBe(false);
    expect(await out(schema, { a: "x", when: new Date(0) })).toEqual({ a: "x", when: "1970-01-01T00:00:00.000Z" });
    expect(await ok(schema, { a: 1n })).toBe(false);
    expect(await ok({}, undefined)).toBe(false);
    expect(await ok({ title: "any" }, undefined)).toBe(false);
    const self: unknown[] = [];
    self.push(self);
    expect(await ok({ type: "array" }, self)).toBe(false);
  });
});

describe("properties", () => {
  const keys = fc.constantFrom("a", "b", "c");
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3, depthIdentifier: "json" },
      fc.constantFrom<unknown>(null, true, false, 0, 1, 2, 0.5, "", "a", "abc"),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(keys, tie("json"), { noNullPrototype: true }),
    ),
  }));

  it("toJsonValue is what JSON makes of a value, and the value itself when it is JSON", () => {
    const anything = fc.anything({
      withDate: true,
      withNullPrototype: true,
      withSparseArray: true,
      withMap: true,
      maxDepth: 4,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(toJsonValue(value).value)).toBe(text);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(toJsonValue(value).value).toBe(value);
      }),
    );
  });

  const { schema } = fc.letrec<{ schema: JsonSchema; leaf: JsonSchema; branch: JsonSchema }>((tie) => ({
    schema: fc.oneof({ maxDepth: 3, depthIdentifier: "schema" }, tie("leaf"), tie("branch")),
    leaf: fc.oneof(
      fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object") }),
      fc.record({ minimum: fc.integer({ min: -2, max: 2 }) }),
      fc.record({ maxLength: fc.nat(2) }),
      fc.record({ enum: fc.array(json, { minLength: 1, maxLength: 3 }) }),
      fc.record({ const: json }),
      fc.record({ required: fc.uniqueArray(keys, { maxLength: 2 }) }),
      fc.record({ minItems: fc.nat(2) }),
      fc.constant({ uniqueItems: true }),
      fc.constantFrom<JsonSchema>({ $ref: "#/$defs/a" }, { $ref: "#/$defs/b" }),
    ),
    branch: fc.oneof(
      fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ not: tie("schema") }),
      fc.tuple(tie("schema"), tie("schema"), tie("schema")).map(([test, yes, no]) => when(test, yes, no)),
      fc.record({ items: tie("schema") }),
      // Without minItems ajv 8 accepts an empty array that follows a good one: { items: { contains: X } } on [[x], []].
      fc.record({ contains: tie("schema"), minItems: fc.constant(1) }),
      fc.record({ properties: fc.dictionary(keys, tie("schema")), additionalProperties: tie("schema") }),
      fc.record({ properties: fc.dictionary(keys, tie("schema")), unevaluatedProperties: fc.boolean() }),
      fc.record({ propertyNames: tie("schema") }),
    ),
  }));
  const $defs = { a: { type: ["string", "object"] }, b: { properties: { a: { $ref: "#/$defs/b" } }, minimum: 1 } };

  it("agrees with ajv on any of these schemas and values", async () => {
    const ajv = new Ajv2020({ strict: false, addUsedSchema: false });
    await fc.assert(
      fc.asyncProperty(schema, fc.array(json, { minLength: 1, maxLength: 5 }), async (inner, values) => {
        const root = { allOf: [inner], $defs };
        const reference = ajv.compile(root);
        for (const one of values) expect(await ok(root, one)).toBe(reference(one));
      }),
      { numRuns: 500 },
    );
  });

  it("never throws anything but a TypeError for a document, and never for a value", async () => {
    const names = fc.constantFrom(
      "type",
      "$ref",
      "$id",
      "$anchor",
      "properties",
      "allOf",
      "items",
      "not",
      "enum",
      "required",
      "$defs",
      "a",
    );
    const document = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>("object", "#", "#/a", "#a", "a", true, 1, null, ["a"]),
        fc.dictionary(names, tie("node"), { maxKeys: 3 }),
        fc.array(tie("node"), { maxLength: 2 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, document.node, { minKeys: 1, maxKeys: 4 }),
        fc.jsonValue(),
        async (source, one) => {
          let compiled: ReturnType<typeof compileSchema>;
          try {
            compiled = compileSchema(source, "input");
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            return;
          }
          expect(typeof (await compiled.validate(one)).ok).toBe("boolean");
        },
      ),
      { numRuns: 2000 },
    );
  });
});
