/** The keywords of the two JSON Schema dialects that are understood, and where subschemas can be. */
import { isObject } from "../../util/json.js";
import { pointer } from "./issues.js";
import type { JsonSchema } from "./types.js";

export type Dialect = "2020-12" | "draft-07";

/** What a keyword's value must be. Kinds from `schema` on hold subschemas. */
export type Kind =
  | "string"
  | "strings"
  | "types"
  | "number"
  | "positive"
  | "count"
  | "boolean"
  | "array"
  | "any"
  | "pattern"
  | "strings-map"
  | "schema"
  | "schemas"
  | "schema-map"
  | "pattern-map"
  | "items"
  | "dependencies";

interface Keyword {
  readonly kind: Kind;
  /** The only dialect that has the keyword; elsewhere it is unknown and has no effect. */
  readonly only?: Dialect;
}

const BOTH: Readonly<Partial<Record<Kind, string>>> = {
  string: "$id $ref $schema $comment title description format",
  strings: "required",
  types: "type",
  number: "minimum maximum exclusiveMinimum exclusiveMaximum",
  positive: "multipleOf",
  count: "minLength maxLength minItems maxItems minProperties maxProperties",
  boolean: "uniqueItems",
  array: "enum examples",
  any: "const default",
  pattern: "pattern",
  schema: "additionalProperties propertyNames contains not if then else",
  schemas: "allOf anyOf oneOf",
  // Each dialect renamed the other's; both are places that references name, so both are read in both.
  "schema-map": "properties $defs definitions",
  "pattern-map": "patternProperties",
  items: "items",
  // Split in two in 2019-09, but still in the 2020-12 meta-schema, and authors who write it mean it.
  dependencies: "dependencies",
};
const ONLY_2020: Readonly<Partial<Record<Kind, string>>> = {
  string: "$anchor $dynamicAnchor $dynamicRef",
  count: "minContains maxContains",
  "strings-map": "dependentRequired",
  schema: "unevaluatedProperties unevaluatedItems contentSchema",
  schemas: "prefixItems",
  "schema-map": "dependentSchemas",
};
const ONLY_07: Readonly<Partial<Record<Kind, string>>> = { schema: "additionalItems" };

/** Every keyword by name. A Map, because names come from documents: `constructor` is no keyword. */
export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ...entries(BOTH),
  ...entries(ONLY_2020, "2020-12"),
  ...entries(ONLY_07, "draft-07"),
]);

function entries(table: Readonly<Partial<Record<Kind, string>>>, only?: Dialect): [string, Keyword][] {
  return Object.entries(table).flatMap(([kind, names]) =>
    names.split(" ").map((name): [string, Keyword] => [name, { kind: kind as Kind, ...(only && { only }) }]),
  );
}

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ["json-schema.org/draft/2020-12/schema", "2020-12"],
  ["json-schema.org/draft-07/schema", "draft-07"],
]);

/**
 * The dialect that `$schema` names; 2020-12 without one (2026-07-28, basic, "Schema Dialect").
 *
 * @throws TypeError for any other dialect.
 */
export function dialectOf($schema: unknown, what: string): Dialect {
  if ($schema === undefined) return "2020-12";
  const name = typeof $schema === "string" ? $schema.replace(/^https?:\/\//, "").replace(/#$/, "") : "";
  const dialect = DIALECTS.get(name);
  if (dialect === undefined) {
    const supported = "https://json-schema.org/draft/2020-12/schema, http://json-schema.org/draft-07/schema#";
    throw new TypeError(`${what}: the dialect ${JSON.stringify($schema)} is not supported; supported: ${supported}`);
  }
  return dialect;
}

/** A subschema and the keys that lead to it from its parent. */
export interface Subschema {
  readonly schema: JsonSchema | boolean;
  readonly keys: readonly string[];
}

/** The direct subschemas of `schema`, in any dialect. Values that can be no schema are passed over. */
export function subschemasOf(schema: JsonSchema): Subschema[] {
  const found: Subschema[] = [];
  const add = (value: unknown, ...keys: string[]): void => {
    if (typeof value === "boolean" || isObject(value)) found.push({ schema: value, keys });
  };
  for (const name of Object.keys(schema)) {
    const kind = KEYWORDS.get(name)?.kind;
    const value = schema[name];
    if (kind === "schema") add(value, name);
    else if (kind === "schemas" || (kind === "items" && Array.isArray(value))) {
      if (Array.isArray(value)) for (const [index, item] of value.entries()) add(item, name, String(index));
    } else if (kind === "items") add(value, name);
    else if (kind === "schema-map" || kind === "pattern-map" || kind === "dependencies") {
      if (isObject(value)) for (const key of Object.keys(value)) add(value[key], name, key);
    }
  }
  return found;
}

/** Levels of subschemas in subschemas; generated schemas of real APIs stay below 20. */
export const MAX_SCHEMA_DEPTH = 64;
/** Subschemas of one schema; a whole OpenAPI document turned into one tool fits. */
export const MAX_SUBSCHEMAS = 10_000;

/**
 * Visits `root` and every subschema below it, parents first.
 *
 * @throws TypeError that begins with `what` at the bounds (2026-07-28, basic, "Composition-Keyword Resource Use").
 */
export function walkSchema(
  root: JsonSchema | boolean,
  what: string,
  visit: (schema: JsonSchema, keys: readonly string[], parent: JsonSchema | undefined) => void,
): void {
  let count = 0;
  const step = (schema: JsonSchema | boolean, keys: readonly string[], parent?: JsonSchema, depth = 0): void => {
    if (++count > MAX_SUBSCHEMAS) throw new TypeError(`${what} has more than ${MAX_SUBSCHEMAS} subschemas`);
    if (depth > MAX_SCHEMA_DEPTH) {
      throw new TypeError(`${what} has subschemas nested deeper than ${MAX_SCHEMA_DEPTH} levels, at ${pointer(keys)}`);
    }
    if (typeof schema === "boolean") return;
    visit(schema, keys, parent);
    for (const sub of subschemasOf(schema)) step(sub.schema, [...keys, ...sub.keys], schema, depth + 1);
  };
  step(root, []);
}
