/** What TypeScript knows inside a handler, by the schema it was registered with. `npm run types` checks this file. */

import type { CallToolResult as OfficialResult } from "@modelcontextprotocol/sdk/types.js";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { McpServer, type RequestContext } from "../../src/index.js";

/** Registered here so that mistakes show at run time too. */
const server = (): McpServer => new McpServer({ name: "types", version: "1.0.0" });

describe("arguments of tools", () => {
  it("from zod: output types, with defaults filled in and transforms applied", () => {
    const inputSchema = z.object({
      site: z.string(),
      count: z.number().default(1),
      note: z.string().optional(),
      when: z.string().transform((text) => new Date(text)),
      kind: z.enum(["a", "b"]),
    });
    server().registerTool("zod", { inputSchema }, (args, ctx) => {
      expectTypeOf(args).toEqualTypeOf<{
        site: string;
        count: number;
        note?: string | undefined;
        when: Date;
        kind: "a" | "b";
      }>();
      expectTypeOf(ctx).toEqualTypeOf<RequestContext>();
      return args.site;
    });
  });

  it("from zod, through destructuring and an asynchronous handler", () => {
    const inputSchema = z.object({ endpoint: z.string(), params: z.record(z.string(), z.string()).default({}) });
    server().registerTool("query", { inputSchema, requires: "netbox:read" }, async ({ endpoint, params }) => {
      expectTypeOf(endpoint).toEqualTypeOf<string>();
      expectTypeOf(params).toEqualTypeOf<Record<string, string>>();
      return { endpoint };
    });
  });

  it("from zod: unions, narrowed by what they are told apart by", () => {
    const by = z.discriminatedUnion("by", [
      z.object({ by: z.literal("name"), name: z.string() }),
      z.object({ by: z.literal("id"), id: z.number() }),
    ]);
    server().registerTool("union", { inputSchema: z.object({ device: by }) }, ({ device }) => {
      if (device.by === "id") expectTypeOf(device.id).toEqualTypeOf<number>();
      else expectTypeOf(device.name).toEqualTypeOf<string>();
      return device.by;
    });
  });

  it("from Valibot", () => {
    const schema = v.object({ site: v.string(), count: v.optional(v.number(), 1), note: v.optional(v.string()) });
    server().registerTool("valibot", { inputSchema: toStandardJsonSchema(schema) }, (args) => {
      expectTypeOf(args).toEqualTypeOf<{ site: string; count: number; note?: string | undefined }>();
      return args.site;
    });
  });

  it("from ArkType", () => {
    const inputSchema = type({ site: "string", "note?": "string", count: "number = 1", kind: "'a' | 'b'" });
    server().registerTool("arktype", { inputSchema }, (args) => {
      expectTypeOf(args).toEqualTypeOf<{ site: string; note?: string; count: number; kind: "a" | "b" }>();
      return args.site;
    });
  });

  it("from a raw shape, as the official SDK takes them", () => {
    const inputSchema = { site: z.string(), count: z.number().default(1), note: z.string().optional() };
    server().registerTool("shape", { inputSchema }, (args) => {
      expectTypeOf(args).toEqualTypeOf<{ site: string; count: number; note?: string | undefined }>();
      return args.site;
    });
  });

  it("from plain JSON Schema: nothing but a record", () => {
    const inputSchema = { type: "object", properties: { site: { type: "string" } }, required: ["site"] };
    server().registerTool("json", { inputSchema }, (args) => {
      expectTypeOf(args).toEqualTypeOf<Record<string, unknown>>();
      return String(args.site);
    });
  });

  it("without a schema: the context alone, or whatever came and the context", () => {
    server().registerTool("context", {}, (ctx) => {
      expectTypeOf(ctx).toEqualTypeOf<RequestContext>();
      return ctx.principal.subject;
    });
    // Named, because TypeScript takes the types of parameters from the first overload, which has one.
    server().registerTool("any", {}, (args: Readonly<Record<string, unknown>>, ctx: RequestContext) => {
      return `${ctx.request.method} ${Object.keys(args)}`;
    });
  });

  it("refuses what the schema does not have, and what is no schema", () => {
    const inputSchema = z.object({ site: z.string() });
    const typesOnly = () => {
      // @ts-expect-error there is no argument of this name
      server().registerTool("unknown", { inputSchema }, ({ place }) => place);
      // @ts-expect-error site is a string
      server().registerTool("wrong", { inputSchema }, ({ site }) => site.toFixed());
      // @ts-expect-error text is no schema
      server().registerTool("text", { inputSchema: "object" }, () => "");
      // @ts-expect-error a key that no tool has
      server().registerTool("key", { inputShcema: inputSchema }, () => "");
    };
    expectTypeOf(typesOnly).toBeFunction();
  });
});

describe("results of tools", () => {
  const inputSchema = z.object({ a: z.string() });
  const outputSchema = z.object({
    n: z.number(),
    kind: z.enum(["a", "b"]),
    pair: z.tuple([z.string(), z.number()]).optional(),
    tags: z.array(z.string()).default([]),
  });

  it("fit the outputSchema as it takes them in, or are full results, also those of the official SDK", () => {
    const rows: { readonly n: number; readonly kind: "a"; readonly tags: readonly string[] } = {
      n: 1,
      kind: "a",
      tags: [],
    };
    server().registerTool("literals", { inputSchema, outputSchema }, () => ({ n: 1, kind: "a", pair: ["x", 1] }));
    server().registerTool("context", { outputSchema }, async (ctx) => ({ n: ctx.revision.length, kind: "b" }));
    server().registerTool("read-only", { outputSchema }, () => rows);
    server().registerTool("full", { inputSchema, outputSchema }, async ({ a }) => {
      if (a === "") return { content: [{ type: "text", text: "a is empty" }], isError: true };
      return { structuredContent: { n: 1, kind: "a" }, _meta: { a } };
    });
    server().registerTool("official", { outputSchema }, async (): Promise<OfficialResult> => ({ content: [] }));
    server().registerTool("throws", { outputSchema }, () => {
      throw new Error("never");
    });
    server().registerTool("shape", { outputSchema: { n: z.number(), o: z.string().optional() } }, () => ({ n: 1 }));
    server().registerTool("arktype", { outputSchema: type({ n: "number", "k?": "'a'|'b'" }) }, () => ({
      n: 1,
      k: "a",
    }));
    const valibot = toStandardJsonSchema(v.object({ n: v.number(), o: v.optional(v.string(), "x") }));
    server().registerTool("valibot", { outputSchema: valibot }, () => ({ n: 1 }));
    server().registerTool("json", { outputSchema: { type: "object" } }, () => rows);
    const made = <O extends z.ZodObject>(schema: O, make: () => Promise<OfficialResult>) =>
      server().registerTool("made", { inputSchema, outputSchema: schema }, make);
    made(outputSchema, async () => ({ content: [] }));
  });

  it("are refused when they do not", () => {
    const typesOnly = () => {
      // @ts-expect-error n is missing
      server().registerTool("missing", { inputSchema, outputSchema }, () => ({ kind: "a" }));
      // @ts-expect-error n is a number
      server().registerTool("wrong", { outputSchema }, async (ctx) => ({ n: ctx.revision, kind: "a" }));
      // @ts-expect-error there is no kind c
      server().registerTool("literal", { outputSchema }, () => ({ n: 1, kind: "c" }));
      // @ts-expect-error a text is none
      server().registerTool("text", { inputSchema, outputSchema }, () => "text");
      // @ts-expect-error nor is nothing
      server().registerTool("nothing", { outputSchema }, () => {});
      // @ts-expect-error n is a number
      server().registerTool("shape", { outputSchema: { n: z.number() } }, () => ({ structuredContent: { n: "1" } }));
    };
    expectTypeOf(typesOnly).toBeFunction();
  });
});

describe("arguments of prompts", () => {
  it("come from the schema, and completers from nothing but text", () => {
    const argsSchema = z.object({ name: z.string(), style: z.string().optional() });
    const complete = { name: (value: string) => [value] };
    server().registerPrompt("greet", { argsSchema, complete }, (args) => {
      expectTypeOf(args).toEqualTypeOf<{ name: string; style?: string | undefined }>();
      return { messages: [] };
    });
    server().registerPrompt("plain", {}, (ctx) => {
      expectTypeOf(ctx).toEqualTypeOf<RequestContext>();
      return { messages: [] };
    });
  });
});

describe("ctx.elicit", () => {
  it("knows the content of an accepted form, and that others have none", () => {
    server().registerTool("ask", {}, async (ctx) => {
      const requestedSchema = z.object({ name: z.string(), age: z.number().default(0), note: z.string().optional() });
      const answer = await ctx.elicit({ message: "Who?", requestedSchema });
      expectTypeOf(answer.action).toEqualTypeOf<"accept" | "decline" | "cancel">();
      if (answer.action !== "accept") {
        expectTypeOf(answer.content).toEqualTypeOf<undefined>();
        return answer.action;
      }
      expectTypeOf(answer.content).toEqualTypeOf<{ name: string; age: number; note?: string | undefined }>();
      return answer.content.name;
    });
  });

  it("takes every kind of schema", () => {
    server().registerTool("ask", {}, async (ctx) => {
      const ark = await ctx.elicit({ message: "", requestedSchema: type({ ok: "boolean" }) });
      if (ark.action === "accept") expectTypeOf(ark.content).toEqualTypeOf<{ ok: boolean }>();
      const valibot = toStandardJsonSchema(v.object({ ok: v.optional(v.boolean(), false) }));
      const val = await ctx.elicit({ message: "", requestedSchema: valibot });
      if (val.action === "accept") expectTypeOf(val.content).toEqualTypeOf<{ ok: boolean }>();
      const shape = await ctx.elicit({ message: "", requestedSchema: { ok: z.boolean() } });
      if (shape.action === "accept") expectTypeOf(shape.content).toEqualTypeOf<{ ok: boolean }>();
      const json = { type: "object", properties: { ok: { type: "boolean" } } };
      const plain = await ctx.elicit({ message: "", requestedSchema: json });
      if (plain.action === "accept") expectTypeOf(plain.content).toEqualTypeOf<Record<string, unknown>>();
      const page = await ctx.elicit({ mode: "url", message: "", url: "https://example.com/" });
      expectTypeOf(page.action).toEqualTypeOf<"accept" | "decline" | "cancel">();
      return "";
    });
  });

  it("keeps the type of a step", () => {
    server().registerTool("step", {}, async (ctx) => {
      const made = await ctx.step("make", async () => ({ id: 1, tags: ["a"] }));
      expectTypeOf(made).toEqualTypeOf<{ id: number; tags: string[] }>();
      return made;
    });
  });
});
