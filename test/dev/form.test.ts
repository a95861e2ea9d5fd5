/** What the page makes of schemas, templates and complaints. */
import { describe, expect, it } from "vitest";
import { failureOf } from "../../src/dev/failure.js";
import { withoutSecrets } from "../../src/dev/hide.js";
import { fieldErrorsOf } from "../../src/dev/page/messages.js";
import { formOf, initialOf, plainSchema } from "../../src/dev/page/schema.js";
import { templateSchema, uriOf } from "../../src/dev/page/template.js";
import type { Json } from "../../src/dev/page-types.js";

const kindOf = (schema: Json) => formOf(plainSchema(schema, schema), schema).kind;

describe("a field", () => {
  it.each<[Json, string]>([
    [{ type: "string" }, "text"],
    [{ type: "integer" }, "number"],
    [{ type: ["number", "null"] }, "number"],
    [{ anyOf: [{ type: "boolean" }, { type: "null" }] }, "boolean"],
    [{ enum: ["a", 2, null] }, "choice"],
    [{ oneOf: [{ const: "a", title: "A" }, { const: "b" }] }, "choice"],
    [{ type: "array", items: { enum: ["a"] } }, "choices"],
    [{ type: "array", items: { type: "string" } }, "list"],
    [{ type: "array", prefixItems: [{}] }, "json"],
    [{ type: "object", properties: { a: {} } }, "object"],
    [{ type: "object", additionalProperties: { type: "string" } }, "json"],
    [{ oneOf: [{ type: "string" }, { type: "number" }] }, "json"],
    [{ $ref: "#/$defs/part", $defs: { part: { type: "string" } } }, "text"],
    [{ $ref: "#/$defs/loop", $defs: { loop: { $ref: "#/$defs/loop" } } }, "json"],
    [{ $ref: "https://elsewhere.example/schema" }, "json"],
    [{}, "json"],
  ])("for %j is %s", (schema, kind) => expect(kindOf(schema)).toBe(kind));

  it("begins with the default, and with what it must have", () => {
    const properties = {
      name: { type: "string", default: "Ada" },
      sure: { type: "boolean" },
      tags: { type: "array", items: { type: "string" } },
      part: { type: "object", properties: { size: { default: 3 } }, required: ["size"] },
      more: { type: "object", properties: { size: { default: 3 } } },
    };
    const schema = { type: "object", properties, required: ["sure", "tags", "part"] };
    expect(initialOf(schema, schema, true)).toEqual({ name: "Ada", sure: false, tags: [], part: { size: 3 } });
  });

  it("that holds itself can be asked for its beginning", () => {
    const node: Json = { type: "object", properties: { next: { $ref: "#" } } };
    expect(initialOf(node, node, true)).toEqual({});
  });
});

describe("what a server says is wrong", () => {
  const failed = (text: string) => fieldErrorsOf({ isError: true, content: [{ type: "text", text }] }, undefined);

  it("is at its field, in our own words and in those of validators", () => {
    const ours = failed("Invalid arguments for tool x: /a: is required; no really; /b/0: must be /x/: y");
    expect([...ours]).toEqual([
      ["/a", "is required; no really"],
      ["/b/0", "must be /x/: y"],
    ]);
    const zod = failed('Invalid arguments: [ { "path": ["a", 1], "message": "no" }, { "code": "x" } ]');
    expect([...zod]).toEqual([["/a/1", "no"]]);
    expect([...fieldErrorsOf(undefined, { message: "Invalid arguments for prompt p: /who: no" })]).toEqual([
      ["/who", "no"],
    ]);
    for (const other of ["boom", "at /etc/hosts: no", "[1, 2]", '[{"path":', "[{} not JSON]"]) {
      expect([...failed(other)].filter(([path]) => path.startsWith("/a"))).toEqual([]);
    }
  });
});

describe("a template", () => {
  it("is filled", () => {
    const template = "x://{+path}/{name}{?q,r}";
    expect(templateSchema(template)).toMatchObject({ required: ["path", "name"] });
    expect(uriOf(template, { path: "a/b", name: "c/d", r: "e f" })).toBe("x://a/b/c%2Fd?r=e%20f");
  });
});

describe("what is shown", () => {
  it("has no credentials, by their name or by their looks", () => {
    const shown = withoutSecrets({
      params: {
        _meta: { progressToken: 7 },
        arguments: { apiKey: "k-123456", accessToken: "t", user: "ada", passwords: ["a"], note: "Bearer abcdefgh" },
      },
      schema: { properties: { password: { type: "string" } } },
    });
    expect(shown).toEqual({
      params: {
        _meta: { progressToken: 7 },
        arguments: {
          apiKey: "[redacted]",
          accessToken: "[redacted]",
          user: "ada",
          passwords: "[redacted]",
          note: "Bearer [redacted]",
        },
      },
      schema: { properties: { password: { type: "string" } } },
    });
  });
});

describe("why a server does not start", () => {
  it("is one line and a place in the user's own files", () => {
    const here = import.meta.filename;
    const printed = `node:internal/x:1\n  throw y\n\nError: no port\n    at f (/a/node_modules/b/c.js:1:2)\n    at g (file://${here}:12:3)\n`;
    expect(failureOf(printed, 1)).toMatchObject({ summary: "Error: no port", file: here, line: 12, column: 3 });
    expect(failureOf("", 3)).toMatchObject({ summary: "the process ended with code 3", text: "" });
    expect(failureOf("\u001b[31merror:\u001b[39m There is no server.", 2).summary).toBe("There is no server.");
  });
});
