import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compileSchema, type JsonSchema } from "../../src/server/schema/index.js";
import { paramHeaders } from "../../src/server/schema/param-headers.js";

const REGION = { type: "string", "x-mcp-header": "Region" };

describe("paramHeaders", () => {
  it("finds annotated properties at any depth of properties", () => {
    const schema = {
      type: "object",
      properties: {
        region: REGION,
        query: { type: "string" },
        options: { type: "object", properties: { dry: { type: "boolean", "x-mcp-header": "Dry-Run" } } },
        __page: { type: "integer", "x-mcp-header": "PAGE" },
      },
    };
    expect(paramHeaders(schema)).toEqual([
      { header: "mcp-param-region", path: ["region"], type: "string" },
      { header: "mcp-param-dry-run", path: ["options", "dry"], type: "boolean" },
      { header: "mcp-param-page", path: ["__page"], type: "integer" },
    ]);
    expect(paramHeaders({ type: "object" })).toEqual([]);
  });

  it("works with what zod emits", () => {
    const source = z.object({ region: z.enum(["eu", "us"]).meta({ "x-mcp-header": "Region" }), n: z.int() });
    expect(paramHeaders(compileSchema(source, "input").jsonSchema)).toEqual([
      { header: "mcp-param-region", path: ["region"], type: "string" },
    ]);
    const shape = { region: z.string().meta({ "x-mcp-header": "Region" }) };
    expect(paramHeaders(compileSchema(shape, "input").jsonSchema)).toHaveLength(1);
  });

  it("reads names and data as such, not as annotations", () => {
    const schema = {
      type: "object",
      properties: {
        "x-mcp-header": { type: "number" },
        a: { default: REGION, enum: [REGION], const: REGION, examples: [REGION] },
      },
      $defs: { "x-mcp-header": { type: "number" } },
      dependentRequired: { "x-mcp-header": ["a"] },
    };
    expect(paramHeaders(schema)).toEqual([]);
    const hostile: JsonSchema = JSON.parse('{"properties":{"__proto__":{"type":"string","x-mcp-header":"P"}}}');
    expect(paramHeaders(hostile)).toEqual([{ header: "mcp-param-p", path: ["__proto__"], type: "string" }]);
  });

  it.each(["", " ", "a b", "a:b", "a\r\nb", "a\u0000", "é", "(a)", "a/b", 1, null, true, ["a"]])(
    "refuses the name %j",
    (name) => {
      expect(() => paramHeaders({ properties: { a: { type: "string", "x-mcp-header": name } } })).toThrow(TypeError);
      expect(() => paramHeaders({ properties: { a: { type: "string", "x-mcp-header": name } } })).toThrow(
        /properties\/a.*token/,
      );
    },
  );

  it.each(["number", "object", "array", "null", ["string"], ["string", "null"], undefined])(
    "refuses the type %j",
    (type) => {
      expect(() => paramHeaders({ properties: { a: { type, "x-mcp-header": "A" } } })).toThrow(
        /string, integer or boolean/,
      );
    },
  );

  it("refuses two names that differ in case only", () => {
    const schema = {
      properties: { a: REGION, b: { properties: { c: { type: "string", "x-mcp-header": "rEGION" } } } },
    };
    expect(() => paramHeaders(schema)).toThrow(/\/properties\/b\/properties\/c.*\/a has the header/);
  });

  it.each<[string, JsonSchema]>([
    ["the root", REGION],
    ["items", { properties: { a: { items: REGION } } }],
    ["properties below items", { properties: { a: { items: { properties: { b: REGION } } } } }],
    ["prefixItems", { prefixItems: [REGION] }],
    ["items of draft-07", { items: [REGION] }],
    ["contains", { contains: REGION }],
    ["additionalProperties", { additionalProperties: REGION }],
    ["patternProperties", { patternProperties: { a: REGION } }],
    ["propertyNames", { propertyNames: REGION }],
    ["unevaluatedProperties", { unevaluatedProperties: REGION }],
    ["unevaluatedItems", { unevaluatedItems: REGION }],
    ["additionalItems", { additionalItems: REGION }],
    ["dependentSchemas", { dependentSchemas: { a: REGION } }],
    ["dependencies", { dependencies: { a: REGION } }],
    ["allOf", { allOf: [{ properties: { a: REGION } }] }],
    ["anyOf", { properties: { a: { anyOf: [REGION] } } }],
    ["oneOf", { oneOf: [{ properties: { a: REGION } }] }],
    ["not", { not: { properties: { a: REGION } } }],
    ["if", { if: { properties: { a: REGION } } }],
    ["then", JSON.parse(JSON.stringify({ next: { properties: { a: REGION } } }).replace("next", "then"))],
    ["else", { else: { properties: { a: REGION } } }],
    ["$defs", { $defs: { a: REGION } }],
    ["definitions", { definitions: { a: { properties: { b: REGION } } } }],
    ["contentSchema", { contentSchema: REGION }],
    ["an unknown keyword", { "x-form": { properties: { a: REGION } } }],
    ["a list in an unknown keyword", { "x-form": [[REGION]] }],
  ])("refuses an annotation under %s", (_name, schema) => {
    expect(() => paramHeaders({ type: "object", ...schema })).toThrow(/"properties" alone/);
    expect(() => paramHeaders({ type: "object", ...schema })).toThrow(TypeError);
  });

  it("is bounded in depth", () => {
    const self: Record<string, unknown> = {};
    self.properties = { self };
    expect(() => paramHeaders(self)).toThrow(/nested too deep/);
  });
});
