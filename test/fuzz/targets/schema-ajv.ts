/** Schemas that every evaluator understands alike, and the same judgement of their values by ajv. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { compileSchema } from "../../../src/server/schema/index.js";
import type { JsonSchema } from "../../../src/server/schema/types.js";
import { loadEvaluator } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { type Case, plainSchema, plainValue, values } from "../kit/schemas.js";
import { must, type Target } from "../kit/target.js";

/** ajv keeps something of every schema it has compiled; after so many it is thrown away. */
const MOST_COMPILED = 500;
let ajv: Ajv2020 | undefined;
let compiledByAjv = 0;

function compiledReference(source: JsonSchema): (value: unknown) => boolean {
  if (compiledByAjv % MOST_COMPILED === 0) ajv = undefined;
  compiledByAjv += 1;
  ajv ??= new Ajv2020({ strict: false, addUsedSchema: false, validateSchema: false });
  return ajv.compile<unknown>(source);
}

export const schemaAjv: Target<Case> = {
  name: "schema-ajv",
  weight: 6,
  generate: (dice: Dice): Case => {
    const inner = plainSchema(dice, 3);
    const $defs = { a: plainSchema(dice, 1), b: { properties: { a: { $ref: "#/$defs/b" } }, minimum: 1 } };
    return { schema: { allOf: [inner], $defs }, values: values(dice, plainValue) };
  },
  size: ({ values }) => values.length,
  open: loadEvaluator,
  run: async ({ schema: source, values: given }) => {
    const compiled = compiledOrEndless(source);
    if (compiled === undefined) return;
    const reference = compiledReference(source);
    for (const value of given) {
      const { ok } = await compiled.validate(value);
      must(ok === reference(value), () => `${JSON.stringify(source)} finds ${JSON.stringify(value)} ${ok}`);
    }
  },
};

/** A schema may apply itself to its own value, which ajv only finds out by running out of stack. */
function compiledOrEndless(source: JsonSchema): ReturnType<typeof compileSchema> | undefined {
  try {
    return compileSchema(source, "input");
  } catch (error) {
    must(String(error).includes("refers to itself without end"), () => `${JSON.stringify(source)}: ${String(error)}`);
    return undefined;
  }
}
