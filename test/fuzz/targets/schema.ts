/** Schemas of authors and values of clients: compiling anything, validating anything. */
import { compileSchema } from "../../../src/server/schema/index.js";
import type { JsonSchema } from "../../../src/server/schema/types.js";
import { loadEvaluator } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { mutateJson, oddString, oddValue } from "../kit/json.js";
import { type Case, PATTERNS, plainValue, TYPES, values } from "../kit/schemas.js";
import { must, type Target } from "../kit/target.js";

const KEYS = ["a", "b", "c", "__proto__"] as const;
const FORMATS = [
  "date",
  "date-time",
  "uri",
  "email",
  "ipv4",
  "ipv6",
  "uuid",
  "regex",
  "hostname",
  "duration",
  "url",
  "x",
];
const REFS = [
  "#",
  "#/$defs/a",
  "#/$defs/b",
  "#a",
  "#/properties/a",
  "#/$defs/~1",
  "other.json",
  "https://x.test/#",
  "",
  "#/%zz",
];

/** Any document, mostly close to a schema. */
export const schema: Target<Case> = {
  name: "schema",
  weight: 60,
  generate: (dice: Dice): Case => {
    const made = {
      ...anySchema(dice, 3),
      ...(dice.flip(4) && { $defs: { a: anySchema(dice, 2), b: anySchema(dice, 1) } }),
    };
    const mutated = dice.flip(3) ? mutateJson(dice, made) : made;
    const source = typeof mutated === "object" && mutated !== null ? mutated : { const: mutated };
    return { schema: source as JsonSchema, values: values(dice, oddOrPlain) };
  },
  size: ({ values }) => 1 + values.length,
  open: loadEvaluator,
  run: async ({ schema: source, values: given }) => {
    let compiled: ReturnType<typeof compileSchema>;
    try {
      compiled = compileSchema(source, "input");
    } catch (error) {
      must(error instanceof TypeError, () => `compiling ${JSON.stringify(source)} threw ${String(error)}`);
      return;
    }
    for (const value of given) {
      const result = await compiled.validate(value);
      must(typeof result.ok === "boolean", "neither right nor wrong");
    }
  },
};

function oddOrPlain(dice: Dice): unknown {
  return dice.flip(2) ? oddValue(dice) : plainValue(dice);
}

/** Keywords of both dialects with values that mostly fit them. */
function anySchema(dice: Dice, depth: number): JsonSchema {
  const made = {};
  for (let left = dice.between(0, 3); left > 0; left -= 1) Object.assign(made, keyword(dice, depth));
  return made;
}

function keyword(dice: Dice, depth: number): object {
  const sub = (): unknown => (depth > 0 ? anySchema(dice, depth - 1) : dice.pick([true, false, {}]));
  const subs = (): unknown[] => [sub(), ...dice.several(2, sub)];
  const map = (): object => Object.fromEntries(dice.several(3, () => [dice.pick(KEYS), sub()]));
  switch (dice.below(depth > 0 ? 16 : 9)) {
    case 0:
      return { type: dice.flip(4) ? dice.several(3, () => dice.pick(TYPES)) : dice.pick(TYPES) };
    case 1:
      return {
        [dice.pick(["minimum", "maximum", "exclusiveMinimum", "multipleOf"])]: dice.pick([0, 1, -1, 0.1, 1e-7]),
      };
    case 2:
      return {
        [dice.pick(["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxContains"])]: dice.below(4),
      };
    case 3:
      return { pattern: dice.pick(PATTERNS) };
    case 4:
      return { format: dice.pick(FORMATS) };
    case 5:
      return { [dice.pick(["const", "default", "examples"])]: oddValue(dice, 2) };
    case 6:
      return { enum: dice.several(3, () => oddValue(dice, 1)) };
    case 7:
      return { [dice.pick(["$ref", "$dynamicRef"])]: dice.pick(REFS) };
    case 8:
      return dice.pick([
        { required: ["a", "__proto__"] },
        { uniqueItems: true },
        { $anchor: "a" },
        { $id: "https://x.test/" },
        { $schema: "http://json-schema.org/draft-07/schema#" },
        { dependentRequired: { a: ["b"] } },
        { [oddString(dice).slice(0, 40)]: 1 },
      ]);
    case 9:
      return { [dice.pick(["allOf", "anyOf", "oneOf", "prefixItems"])]: subs() };
    case 10:
      return { [dice.pick(["not", "if", "then", "else", "contains", "propertyNames"])]: sub() };
    case 11:
      return { [dice.pick(["items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems"])]: sub() };
    case 12:
      return { [dice.pick(["patternProperties"])]: { [dice.pick(PATTERNS)]: sub() } };
    case 13:
      return { [dice.pick(["dependentSchemas", "dependencies", "$defs", "definitions"])]: map() };
    default:
      return { properties: map() };
  }
}
