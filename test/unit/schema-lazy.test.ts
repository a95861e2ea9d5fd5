import { expect, it, vi } from "vitest";
import { z } from "zod";

const loads = vi.hoisted(() => ({ count: 0 }));
vi.mock("@cfworker/json-schema", async (original) => {
  loads.count++;
  return original();
});

it("loads the JSON Schema evaluator with the first schema or value that needs it, not before", async () => {
  const { compileSchema } = await import("../../src/server/schema/index.js");
  await compileSchema(z.object({ a: z.string() }), "input").validate({ a: "x" });
  await compileSchema({ a: z.string() }, "input").validate({ a: "x" });
  const simple = compileSchema({ type: "object", properties: { a: { type: "number" } }, required: ["a"] }, "input");
  expect(simple.validate({ a: 1 })).toEqual({ ok: true, value: { a: 1 } });
  expect(loads.count).toBe(0);

  const early = simple.validate({ a: "x" });
  expect(early).toBeInstanceOf(Promise);
  expect(await early).toEqual({ ok: false, issues: [{ path: "/a", message: expect.stringContaining("number") }] });
  expect(loads.count).toBe(1);
  // From now on answers come at once.
  expect(simple.validate({})).toMatchObject({ ok: false });
  expect(compileSchema({ format: "uri" }, "input").validate("x:y")).toEqual({ ok: true, value: "x:y" });
});

it("has the evaluator on its way when a schema is compiled that is not simple", async () => {
  vi.resetModules();
  const loaded = new Promise<void>((resolve) => {
    vi.doMock("@cfworker/json-schema", async (original) => {
      resolve();
      return original();
    });
  });
  const { compileSchema } = await import("../../src/server/schema/index.js");
  const schema = compileSchema({ type: "string", format: "uri" }, "input");
  await loaded;
  expect(await schema.validate("x:y")).toEqual({ ok: true, value: "x:y" });
});
