/** Schemas that evaluators agree on, and values for them. */
import type { JsonSchema } from "../../../src/server/schema/types.js";
import type { Dice } from "./dice.js";
import { setOwn } from "./json.js";

export interface Case {
  readonly schema: JsonSchema;
  readonly values: readonly unknown[];
}

/** None of them is slow on any text. */
export const PATTERNS = ["^a", "b$", "[0-9]+", "\\p{L}", "^.{2}$", "("] as const;
export const TYPES = ["string", "number", "integer", "boolean", "null", "array", "object"] as const;
const MOST_VALUES = 3;

export function values(dice: Dice, one: (dice: Dice) => unknown): readonly unknown[] {
  return Array.from({ length: dice.between(1, MOST_VALUES) }, () => one(dice));
}

export function plainValue(dice: Dice, depth = 3): unknown {
  switch (dice.below(depth > 0 ? 8 : 5)) {
    case 0:
      return dice.pick([0, 1, 2, -1, 0.5, 3]);
    case 1:
      return dice.pick(["", "a", "ab", "abc", "b", "7"]);
    case 2:
      return dice.flip(2);
    case 3:
      return null;
    case 4:
      return dice.pick([10, "é", "\u{1f600}", "2024-02-30"]);
    case 5:
      return dice.several(3, () => plainValue(dice, depth - 1));
    default: {
      const object = {};
      dice.several(3, () => setOwn(object, dice.pick(["a", "b", "c"]), plainValue(dice, depth - 1)));
      return object;
    }
  }
}

/** Keywords on which evaluators agree; ajv 8 needs `minItems` beside `contains` to be right about empty arrays. */
export function plainSchema(dice: Dice, depth: number): JsonSchema {
  const sub = (): JsonSchema => plainSchema(dice, depth - 1);
  const map = (): object => Object.fromEntries(dice.several(3, () => [dice.pick(["a", "b", "c"]), sub()]));
  switch (dice.below(depth > 0 ? 17 : 9)) {
    case 0:
      return { type: dice.pick(TYPES) };
    case 1:
      return { [dice.pick(["minimum", "maximum", "exclusiveMaximum"])]: dice.between(-1, 2) };
    case 2:
      return { [dice.pick(["minLength", "maxLength", "minItems", "maxItems", "minProperties"])]: dice.below(3) };
    case 3:
      return {
        enum: [plainValue(dice, 2), plainValue(dice, 1)].filter((one, index, all) => all.indexOf(one) === index),
      };
    case 4:
      return { const: plainValue(dice, 2) };
    case 5:
      return { required: dice.pick([["a"], ["a", "b"], []]) };
    case 6:
      return { uniqueItems: true };
    case 7:
      return { pattern: dice.pick(PATTERNS.slice(0, 5)) };
    case 8:
      return { $ref: dice.pick(["#/$defs/a", "#/$defs/b"]) };
    case 9:
    case 10:
      return { [dice.pick(["allOf", "anyOf", "oneOf"])]: [sub(), sub()] };
    case 11:
      return { not: sub() };
    case 12:
      // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword.
      return { if: sub(), then: sub(), else: sub() };
    case 13:
      return { items: sub() };
    case 14:
      return { contains: sub(), minItems: 1 };
    case 15:
      return { propertyNames: sub() };
    default:
      return { properties: map(), [dice.pick(["additionalProperties", "unevaluatedProperties"])]: sub() };
  }
}
