import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { InferInput, InferOutput, JsonSchema, SchemaInput } from "../../src/server/schema/index.js";

/** As `registerTool` does it: the type of the handler's arguments comes from the schema. */
declare function register<const S extends SchemaInput>(schema: S, handler: (args: InferOutput<S>) => void): void;

const zod = z.object({
  a: z.string(),
  n: z.string().transform(Number),
  d: z.number().default(1),
  o: z.string().optional(),
});
const valibot = toStandardJsonSchema(v.object({ a: v.string(), d: v.optional(v.number(), 1) }));
const ark = type({ a: "string", "o?": "number", d: "number = 1" });
const shape = { a: z.string(), n: z.string().transform(Number), d: z.number().default(1), o: z.string().optional() };

describe("types", () => {
  it("of Standard Schemas", () => {
    expectTypeOf<InferOutput<typeof zod>>().toEqualTypeOf<{
      a: string;
      n: number;
      d: number;
      o?: string | undefined;
    }>();
    expectTypeOf<InferInput<typeof zod>>().toEqualTypeOf<{
      a: string;
      n: string;
      d?: number | undefined;
      o?: string | undefined;
    }>();
    expectTypeOf<InferOutput<typeof valibot>>().toEqualTypeOf<{ a: string; d: number }>();
    expectTypeOf<InferInput<typeof valibot>>().toEqualTypeOf<{ a: string; d?: number | undefined }>();
    expectTypeOf<InferOutput<typeof ark>>().toEqualTypeOf<{ a: string; o?: number; d: number }>();
    expectTypeOf<InferInput<typeof ark>>().toEqualTypeOf<{ a: string; o?: number; d?: number }>();
  });

  it("of raw shapes", () => {
    expectTypeOf<InferOutput<typeof shape>>().toEqualTypeOf<{
      a: string;
      n: number;
      d: number;
      o?: string | undefined;
    }>();
    expectTypeOf<InferInput<typeof shape>>().toEqualTypeOf<{
      a: string;
      n: string;
      d?: number | undefined;
      o?: string | undefined;
    }>();
    expectTypeOf<keyof InferOutput<Record<never, never>>>().toEqualTypeOf<never>();
    const mixed = { z: z.string(), a: type("number") };
    expectTypeOf<InferOutput<typeof mixed>>().toEqualTypeOf<{ z: string; a: number }>();
  });

  it("of plain JSON Schema", () => {
    const json = { type: "object", properties: { a: { type: "string" } } } as const;
    expectTypeOf<InferOutput<typeof json>>().toEqualTypeOf<Record<string, unknown>>();
    expectTypeOf<InferInput<JsonSchema>>().toEqualTypeOf<Record<string, unknown>>();
  });

  it("are accepted and inferred at the call", () => {
    const check = (): void => {
      register(zod, (args) => expectTypeOf(args.n).toEqualTypeOf<number>());
      register(valibot, (args) => expectTypeOf(args.d).toEqualTypeOf<number>());
      register(ark, (args) => expectTypeOf(args.a).toEqualTypeOf<string>());
      register(shape, (args) => expectTypeOf(args.o).toEqualTypeOf<string | undefined>());
      register({ type: "object", properties: {} }, (args) =>
        expectTypeOf(args).toEqualTypeOf<Record<string, unknown>>(),
      );
      register({}, (args) => expectTypeOf<keyof typeof args>().toEqualTypeOf<never>());
      // @ts-expect-error a string is no schema
      register("object", () => {});
    };
    expectTypeOf(check).toBeFunction();
  });
});
