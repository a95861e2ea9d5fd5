/** Is a JSON Schema valid in its dialect? Checked before use, because an evaluator trusts it. */
import { isObject } from "../../util/json.js";
import { pointer } from "./issues.js";
import { type Dialect, KEYWORDS, type Kind } from "./keywords.js";
import type { JsonSchema } from "./types.js";

const TYPES = new Set<unknown>(["array", "boolean", "integer", "null", "number", "object", "string"]);

const isString = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number";
const isCount = (value: unknown): boolean => typeof value === "number" && Number.isInteger(value) && value >= 0;
const isSchema = (value: unknown): boolean => typeof value === "boolean" || isObject(value);
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString);
const isSchemas = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isSchema);
const isMapOf = (value: unknown, test: (member: unknown) => boolean): boolean =>
  isObject(value) && Object.values(value).every(test);

/** ECMA-262 with the `u` flag is what JSON Schema asks for; a pattern that only works without it fails here. */
function isPattern(value: unknown): boolean {
  try {
    new RegExp(value as string, "u");
    return typeof value === "string";
  } catch {
    return false;
  }
}

const CHECKS: Readonly<Record<Kind, { readonly must: string; readonly test: (value: unknown) => boolean }>> = {
  string: { must: "a string", test: isString },
  strings: { must: "an array of strings", test: isStrings },
  types: {
    must: "one or several of array, boolean, integer, null, number, object, string",
    test: (value) =>
      Array.isArray(value) ? value.length > 0 && value.every((one) => TYPES.has(one)) : TYPES.has(value),
  },
  number: { must: "a number", test: isNumber },
  positive: { must: "a number above 0", test: (value) => typeof value === "number" && value > 0 },
  count: { must: "a whole number from 0", test: isCount },
  boolean: { must: "true or false", test: (value) => typeof value === "boolean" },
  array: { must: "an array", test: Array.isArray },
  any: { must: "anything", test: () => true },
  pattern: { must: "a regular expression that is valid with the u flag", test: isPattern },
  "strings-map": { must: "an object of arrays of strings", test: (value) => isMapOf(value, isStrings) },
  schema: { must: "a schema", test: isSchema },
  schemas: { must: "an array of at least one schema", test: isSchemas },
  "schema-map": { must: "an object of schemas", test: (value) => isMapOf(value, isSchema) },
  "pattern-map": {
    must: "an object of schemas whose keys are regular expressions valid with the u flag",
    test: (value) => isMapOf(value, isSchema) && isObject(value) && Object.keys(value).every(isPattern),
  },
  items: { must: "a schema, or in draft-07 an array of schemas (2020-12: prefixItems)", test: isSchema },
  dependencies: {
    must: "an object of schemas or arrays of strings",
    test: (value) => isMapOf(value, (member) => isSchema(member) || isStrings(member)),
  },
};

/** True when `name` has a meaning in `schema`: draft-07 ignores everything beside `$ref` but the places it points to. */
export function isEffective(name: string, schema: JsonSchema, dialect: Dialect): boolean {
  const keyword = KEYWORDS.get(name);
  if (keyword === undefined || (keyword.only !== undefined && keyword.only !== dialect)) return false;
  return dialect !== "draft-07" || !Object.hasOwn(schema, "$ref") || name === "$ref";
}

/**
 * Checks the keywords of one schema object, not of its subschemas.
 *
 * @throws TypeError that begins with `what` and says where and why.
 */
export function checkKeywords(schema: JsonSchema, keys: readonly string[], dialect: Dialect, what: string): void {
  for (const name of Object.keys(schema)) {
    const kind = KEYWORDS.get(name)?.kind;
    if (kind === undefined || !isEffective(name, schema, dialect)) continue;
    const value = schema[name];
    const { must, test } = CHECKS[kind];
    const tuple = kind === "items" && dialect === "draft-07" && Array.isArray(value) && value.every(isSchema);
    if (!tuple && !test(value))
      throw new TypeError(`${what}: ${pointer([...keys, name])} must be ${must} (${dialect})`);
  }
}
