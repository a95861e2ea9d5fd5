/** Words of a command line as arguments of a tool. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argumentsOf, missingIn } from "../../src/cli/arguments.js";
import { CliError } from "../../src/cli/errors.js";
import { signatureOf } from "../../src/cli/signature.js";

const inputSchema = {
  type: "object",
  $defs: { size: { type: "object", properties: { w: { type: "integer" }, h: { type: "integer" } } } },
  properties: {
    text: { type: "string" },
    count: { type: "integer" },
    ratio: { type: "number" },
    on: { type: "boolean" },
    tags: { type: "array", items: { type: "string" } },
    ports: { type: "array", items: { type: "integer" } },
    level: { enum: ["low", "high"] },
    maybe: { anyOf: [{ type: "number" }, { type: "null" }] },
    either: { type: ["integer", "string"] },
    size: { $ref: "#/$defs/size" },
    free: { type: "object", additionalProperties: { type: "number" } },
    any: {},
    "a.b": { type: "string" },
  },
  required: ["text", "count"],
};
const tool = { name: "demo", inputSchema };
const parse = (...words: string[]) => argumentsOf(words, tool);

describe("by the schema", () => {
  it.each([
    [["text=2"], { text: "2" }],
    [["text="], { text: "" }],
    [["text=a=b"], { text: "a=b" }],
    [["count=-3"], { count: -3 }],
    [["ratio=1e3"], { ratio: 1000 }],
    [["on=yes"], { on: true }],
    [["on=0"], { on: false }],
    [["tags=a", "tags=b,c"], { tags: ["a", "b,c"] }],
    [['tags=["a"]'], { tags: ["a"] }],
    [["ports=1", "ports=2"], { ports: [1, 2] }],
    [["level=high"], { level: "high" }],
    [["maybe=null"], { maybe: null }],
    [["maybe=4"], { maybe: 4 }],
    [["either=4"], { either: 4 }],
    [["either=04"], { either: "04" }],
    [["size.w=1", "size.h=2"], { size: { w: 1, h: 2 } }],
    [['size={"w":1}', "size.h=2"], { size: { w: 1, h: 2 } }],
    [["free.x=1"], { free: { x: 1 } }],
    [["any=1"], { any: "1" }],
    [["a.b=x"], { "a.b": "x" }],
    [["text:=5"], { text: 5 }],
    [['unlisted:={"a":[1]}'], { unlisted: { a: [1] } }],
    [['{"text":"a","count":1}', "count=2"], { text: "a", count: 2 }],
  ])("%j is %j", (words, expected) => {
    expect(parse(...words)).toEqual(expected);
  });

  it.each([
    ["count=1.5", /count: "1.5" is no integer/],
    ["count=one", /is no integer/],
    ["ratio=0x10", /is no number/],
    ["on=maybe", /is no boolean/],
    ["level=hihg", /none of its values/, /Did you mean high\?/],
    ["txt=a", /no argument txt/, /Did you mean text\? demo\(text: string, count: integer/],
    ["size.x=1", /no argument size.x/],
    ["text:=oops", /this is no JSON/],
    ["{oops", /this is no JSON/],
    ["text", /is no argument of demo/, /key=value, key:=JSON or/],
    ["=x", /is no argument/],
  ])("%s is refused", (word, message, hint?: RegExp) => {
    const error = thrownBy(() => parse(word));
    expect(error).toBeInstanceOf(CliError);
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(message);
    if (hint !== undefined) expect(error.hint).toMatch(hint);
  });

  it("anything goes where the schema says nothing", () => {
    expect(argumentsOf(["a=1", "b.c=x"], { name: "open", inputSchema: { type: "object" } })).toEqual({
      a: "1",
      b: { c: "x" },
    });
    const schema = { type: "object", properties: {}, additionalProperties: true };
    expect(argumentsOf(["a=1"], { name: "open", inputSchema: schema })).toEqual({ a: "1" });
  });

  it("what is required and missing is known", () => {
    expect(missingIn(parse("text=a"), tool)).toEqual(["count"]);
    expect(missingIn(parse("text=a", "count=1"), tool)).toEqual([]);
  });
});

describe("[S29] names of the prototype are names", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("%s", (name) => {
    const open = { name: "open", inputSchema: { type: "object" } };
    for (const words of [[`${name}:=1`], [`${name}.polluted=1`], [`{${JSON.stringify(name)}:{"polluted":1}}`]]) {
      const found = argumentsOf(words, open);
      expect(Object.keys(found)).toEqual([name]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }
    expect(() => parse(`${name}=1`)).toThrow(/no argument/);
  });
});

describe("properties", () => {
  it("any JSON arrives as it is by key:=JSON, and by {…}", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z_]{1,12}$/), fc.jsonValue(), (key, value) => {
        const json = JSON.stringify(value);
        expect(JSON.stringify(parse(`${key}:=${json}`)[key])).toBe(json);
        expect(JSON.stringify(parse(`{${JSON.stringify(key)}:${json}}`)[key])).toBe(json);
      }),
    );
  });

  it("whatever is typed, it is arguments or a CliError", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { maxLength: 4 }), (words) => {
        try {
          expect(typeof parse(...words)).toBe("object");
        } catch (error) {
          expect(error).toBeInstanceOf(CliError);
        }
      }),
    );
  });

  it("a schema that refers to itself has a short signature", () => {
    const node = { type: "object", properties: { children: { type: "array", items: { $ref: "#" } } } };
    expect(signatureOf(node)).toBe("(children?: object[])");
    const lists = {
      type: "object",
      properties: { a: { $ref: "#/$defs/l" } },
      $defs: { l: { type: "array", items: { $ref: "#/$defs/l" } } },
    };
    expect(signatureOf(lists).length).toBeLessThan(60);
    expect(signatureOf({ $ref: "#" })).toBe("()");
  });
});

function thrownBy(work: () => unknown): CliError {
  try {
    work();
  } catch (error) {
    return error as CliError;
  }
  throw new Error("nothing was thrown");
}
