import { expect, it, vi } from "vitest";
import { z } from "zod";

const loads = vi.hoisted(() => ({ count: 0 }));
vi.mock("@cfworker/json-schema", async (original) => {
  loads.count++;
  return original();
});

it("loads the JSON Schema evaluator with the first plain schema, not before", async () => {
  const { compileSchema } = await import("../../src/server/schema/index.js");
  await compileSchema(z.object({ a: z.string() }), "input").validate({ a: "x" });
  await compileSchema({ a: z.string() }, "input").validate({ a: "x" });
  expect(loads.count).toBe(0);

  const schema = compileSchema({ type: "object", required: ["a"] }, "input");
  const early = schema.validate({ a: 1 });
  expect(early).toBeInstanceOf(Promise);
  expect(await early).toEqual({ ok: true, value: { a: 1 } });
  expect(loads.count).toBe(1);
  // From now on answers come at once.
  expect(schema.validate({})).toMatchObject({ ok: false });
  expect(compileSchema({ type: "string" }, "input").validate("x")).toEqual({ ok: true, value: "x" });
});
