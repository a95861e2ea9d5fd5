/**
 * Whether a value fits a JSON Schema, yes or no, for the keywords that most schemas are made of. The evaluator says what
 * is wrong and where, and knows every keyword, but a yes of it costs several microseconds and its first use six
 * milliseconds. So values are asked here first, and go to it only when the answer is no or the schema says more.
 */
import { isObject, type JsonObject } from "../../util/json.js";
import type { Lowered, ProgramSchema } from "./json-schema-form.js";

export type Accepts = (value: unknown) => boolean;

const anything: Accepts = () => true;
const nothing: Accepts = () => false;

/**
 * A check for `schema`, or undefined when it has a keyword that is left to the evaluator: references, formats,
 * `unevaluated...`, patterns of keys and the like. Both agree on every value, whatever the dialect.
 */
export function quickCheck(schema: Lowered): Accepts | undefined {
  if (typeof schema === "boolean") return schema ? anything : nothing;
  const checks: Accepts[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined) continue;
    const accepts = RULES.get(keyword)?.(value, schema);
    if (accepts === undefined) return undefined;
    if (accepts !== anything) checks.push(accepts);
  }
  return allOf(checks);
}

/** Makes the check of one keyword; undefined for a value of it that is left to the evaluator. */
type Rule = (value: unknown, schema: ProgramSchema) => Accepts | undefined;

/** `checkKeywords` has seen to it that `value` is of this type. */
const rule =
  <T>(make: (value: T, schema: ProgramSchema) => Accepts | undefined): Rule =>
  (value, schema) =>
    make(value as T, schema);
const ofNumber = (fits: (value: number, bound: number) => boolean): Rule =>
  rule((bound: number) => (value) => typeof value !== "number" || fits(value, bound));
const ofString = (fits: (value: string, bound: number) => boolean): Rule =>
  rule((bound: number) => (value) => typeof value !== "string" || fits(value, bound));
const ofArray = (fits: (value: readonly unknown[], bound: number) => boolean): Rule =>
  rule((bound: number) => (value) => !Array.isArray(value) || fits(value, bound));
const ofObject = (fits: (value: JsonObject, bound: number) => boolean): Rule =>
  rule((bound: number) => ifObject((value) => fits(value, bound)));
const ifObject =
  (fits: (value: JsonObject) => boolean): Accepts =>
  (value) =>
    !isObject(value) || fits(value);

const RULES: ReadonlyMap<string, Rule> = new Map([
  ["type", rule((types: string | readonly string[]) => anyOf([types].flat().map(ofType)))],
  ["const", rule((wanted) => (isScalar(wanted) ? (value) => value === wanted : undefined))],
  ["enum", rule((wanted: readonly unknown[]) => (wanted.every(isScalar) ? oneOfValues(new Set(wanted)) : undefined))],
  ["not", rule((schema: Lowered) => every([schema], noneOf))],
  ["allOf", rule((schemas: readonly Lowered[]) => every(schemas, allOf))],
  ["anyOf", rule((schemas: readonly Lowered[]) => every(schemas, anyOf))],
  ["oneOf", rule((schemas: readonly Lowered[]) => every(schemas, oneOf))],
  ["if", rule((schema: Lowered, { then = true, else: other = true }) => every([schema, then, other], choice))],
  // Both stand in `if`, and mean nothing without it.
  ["then", rule(() => anything)],
  ["else", rule(() => anything)],
  ["minimum", ofNumber((value, least) => value >= least)],
  ["maximum", ofNumber((value, most) => value <= most)],
  ["exclusiveMinimum", ofNumber((value, least) => value > least)],
  ["exclusiveMaximum", ofNumber((value, most) => value < most)],
  ["minLength", ofString((value, least) => lengthOf(value) >= least)],
  ["maxLength", ofString((value, most) => lengthOf(value) <= most)],
  ["pattern", rule(matching)],
  ["minItems", ofArray((value, least) => value.length >= least)],
  ["maxItems", ofArray((value, most) => value.length <= most)],
  ["items", rule(items)],
  ["required", rule((keys: readonly string[]) => ifObject((value) => keys.every((key) => Object.hasOwn(value, key))))],
  ["minProperties", ofObject((value, least) => Object.keys(value).length >= least)],
  ["maxProperties", ofObject((value, most) => Object.keys(value).length <= most)],
  ["properties", rule(properties)],
  ["additionalProperties", rule(additionalProperties)],
]);

/** A schema that has `prefixItems` too goes to the evaluator, because that keyword has no rule. */
function items(schema: Lowered | readonly Lowered[]): Accepts | undefined {
  if (Array.isArray(schema)) return undefined;
  const accepts = quickCheck(schema as Lowered);
  return accepts && ((value) => !Array.isArray(value) || value.every(accepts));
}

function properties(schemas: Readonly<Record<string, Lowered>>): Accepts | undefined {
  const keys = Object.keys(schemas);
  return every(Object.values(schemas), (checks) => ifObject((value) => membersFit(value, keys, checks)));
}

/** A schema that has `patternProperties` too goes to the evaluator, because that keyword has no rule. */
function additionalProperties(schema: Lowered, { properties = {} }: ProgramSchema): Accepts | undefined {
  const accepts = quickCheck(schema);
  const known = new Set(Object.keys(properties as object));
  return accepts && ifObject((value) => Object.keys(value).every((key) => known.has(key) || accepts(value[key])));
}

function matching(source: string): Accepts {
  const pattern = new RegExp(source, "u");
  return (value) => typeof value !== "string" || pattern.test(value);
}

function oneOfValues(values: ReadonlySet<unknown>): Accepts {
  return (value) => values.has(value);
}

/** Each of `keys` that the object has holds what the check at the same index accepts. */
function membersFit(object: JsonObject, keys: readonly string[], checks: readonly Accepts[]): boolean {
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    if (Object.hasOwn(object, key) && !(checks[index] as Accepts)(object[key])) return false;
  }
  return true;
}

/** What `combine` makes of the checks of all `schemas`; undefined when one of them is left to the evaluator. */
function every(schemas: readonly Lowered[], combine: (checks: readonly Accepts[]) => Accepts): Accepts | undefined {
  const checks: Accepts[] = [];
  for (const schema of schemas) {
    const accepts = quickCheck(schema);
    if (accepts === undefined) return undefined;
    checks.push(accepts);
  }
  return combine(checks);
}

function allOf(checks: readonly Accepts[]): Accepts {
  if (checks.length < 2) return checks[0] ?? anything;
  return (value) => {
    for (let index = 0; index < checks.length; index++) if (!(checks[index] as Accepts)(value)) return false;
    return true;
  };
}

function anyOf(checks: readonly Accepts[]): Accepts {
  return checks.length === 1 ? (checks[0] as Accepts) : (value) => checks.some((accepts) => accepts(value));
}

function noneOf(checks: readonly Accepts[]): Accepts {
  return (value) => !checks.some((accepts) => accepts(value));
}

function oneOf(checks: readonly Accepts[]): Accepts {
  return (value) => checks.filter((accepts) => accepts(value)).length === 1;
}

function choice([condition, then, otherwise]: readonly Accepts[]): Accepts {
  return (value) => ((condition as Accepts)(value) ? (then as Accepts) : (otherwise as Accepts))(value);
}

function ofType(type: string): Accepts {
  if (type === "object") return isObject;
  if (type === "array") return Array.isArray;
  if (type === "null") return (value) => value === null;
  if (type === "integer") return Number.isInteger;
  // Of string, number and boolean, which is all that `checkKeywords` lets through.
  return (value) => typeof value === type;
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

/** Characters, not UTF-16 units (2020-12 validation §6.3). */
function lengthOf(text: string): number {
  let length = text.length;
  for (let index = 1; index < text.length; index++) {
    if (isLow(text.charCodeAt(index)) && isHigh(text.charCodeAt(index - 1))) length--;
  }
  return length;
}

const isHigh = (unit: number): boolean => (unit & 0xfc00) === 0xd800;
const isLow = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;
