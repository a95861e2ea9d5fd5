/** `x-mcp-header` (2026-07-28, streamable HTTP, "Custom Headers from Tool Parameters"). */
import { isObject, own } from "../../util/json.js";
import { pointer } from "./issues.js";
import { MAX_SCHEMA_JSON_DEPTH } from "./json-copy.js";
import { KEYWORDS, subschemasOf } from "./keywords.js";
import type { JsonSchema } from "./types.js";

/** One parameter that clients repeat in a header. */
export interface ParamHeader {
  /** The whole header name, in lower case: `mcp-param-region`. */
  readonly header: string;
  /** The keys that lead to the value in the arguments. */
  readonly path: readonly string[];
  readonly type: "string" | "integer" | "boolean";
}

const ANNOTATION = "x-mcp-header";
const HEADER_PREFIX = "mcp-param-";
/** RFC 9110 §5.6.2; control characters are no tchar. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The headers that the input schema of a tool asks for.
 *
 * @example
 * ```ts
 * paramHeaders({ type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } });
 * // [{ header: "mcp-param-region", path: ["region"], type: "string" }]
 * ```
 *
 * @throws TypeError when an annotation breaks a rule of the specification: clients would drop the whole tool.
 */
export function paramHeaders(jsonSchema: JsonSchema): readonly ParamHeader[] {
  const found = new Map<string, ParamHeader>();
  visit({ schema: jsonSchema, place: [], path: [] }, found);
  return [...found.values()];
}

interface Visit {
  readonly schema: JsonSchema;
  /** Keys in the schema document, for messages. */
  readonly place: readonly string[];
  /** Keys in the arguments, or undefined where the way was not through `properties` alone. */
  readonly path: readonly string[] | undefined;
}

function visit(at: Visit, found: Map<string, ParamHeader>): void {
  const { schema, place, path } = at;
  if (place.length > MAX_SCHEMA_JSON_DEPTH) throw new TypeError(`The schema is nested too deep at ${pointer(place)}`);
  if (Object.hasOwn(schema, ANNOTATION)) add(at, found);
  for (const { schema: sub, keys } of subschemasOf(schema)) {
    const [keyword, name] = keys;
    const below = keyword === "properties" && name !== undefined && path !== undefined ? [...path, name] : undefined;
    if (isObject(sub)) visit({ schema: sub, place: [...place, ...keys], path: below }, found);
  }
  // A client may look everywhere for annotations, so one inside a keyword nobody knows counts as misplaced too.
  for (const key of Object.keys(schema)) {
    if (!KEYWORDS.has(key)) visitUnknown(schema[key], [...place, key], found);
  }
}

function visitUnknown(value: unknown, place: readonly string[], found: Map<string, ParamHeader>): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visitUnknown(item, [...place, String(index)], found);
  } else if (isObject(value)) {
    visit({ schema: value, place, path: undefined }, found);
  }
}

function add({ schema, place, path }: Visit, found: Map<string, ParamHeader>): void {
  const at = `${ANNOTATION} at ${pointer(place) || "the root"}`;
  if (path === undefined || path.length === 0) {
    throw new TypeError(`${at}: it may only stand on a property that is reached through "properties" alone`);
  }
  const name = schema[ANNOTATION];
  if (typeof name !== "string" || !TOKEN.test(name)) {
    throw new TypeError(`${at}: ${JSON.stringify(name)} is no header name (a token of RFC 9110, not empty)`);
  }
  const type = own(schema, "type");
  if (type !== "string" && type !== "integer" && type !== "boolean") {
    throw new TypeError(`${at}: the property's type must be string, integer or boolean, not ${JSON.stringify(type)}`);
  }
  const header = HEADER_PREFIX + name.toLowerCase();
  const other = found.get(header);
  if (other !== undefined) {
    throw new TypeError(`${at}: ${pointer(other.path)} has the header ${name} already (case does not count)`);
  }
  found.set(header, { header, path, type });
}
