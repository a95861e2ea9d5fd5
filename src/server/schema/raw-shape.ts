/** Raw shapes, `{ name: z.string() }`: an object schema made of the schemas of its properties. */
import { isObject, own } from "../../util/json.js";
import { isThenable, type MaybePromise } from "../../util/maybe-promise.js";
import { escapeToken, failed, pointer } from "./issues.js";
import { setOwn } from "./json-copy.js";
import { walkSchema } from "./keywords.js";
import { isStandardSchema, jsonSchemaOf, validateStandard } from "./standard-schema.js";
import type { Issue, JsonSchema, RawShape, SchemaDirection, StandardSchema, ValidationResult } from "./types.js";

/**
 * True for an object whose values are all Standard Schemas, and for `{}`: that is how authors who come from the official
 * SDK say "no arguments", while the JSON Schema `{}` would say "anything".
 *
 * @throws TypeError when only some values are.
 */
export function isRawShape(source: { readonly [key: string]: unknown }): source is RawShape {
  const keys = Object.keys(source);
  const others = keys.filter((key) => !isStandardSchema(source[key]));
  if (others.length === 0) return true;
  if (others.length === keys.length) return false;
  throw new TypeError(`A schema made of properties has some that are no schemas: ${others.join(", ")}`);
}

/** Compiles a raw shape. */
export function shapeParts(
  shape: RawShape,
  direction: SchemaDirection,
): { readonly jsonSchema: JsonSchema; readonly validate: (value: unknown) => MaybePromise<ValidationResult> } {
  // A Map, so that what is validated stays as it was compiled and every name is only a name.
  const properties = new Map<string, StandardSchema>(Object.entries(shape));
  const shown = {};
  const required: string[] = [];
  for (const [name, schema] of properties) {
    const json = jsonSchemaOf(schema, direction);
    moveReferences(json, name);
    setOwn(shown, name, json);
    if (isRequired(schema, direction)) required.push(name);
  }
  return {
    jsonSchema: { type: "object", properties: shown, ...(required.length > 0 && { required }) },
    validate: (value) => validateShape(properties, value),
  };
}

/**
 * Required is what cannot be left out: for input, when `undefined` is refused; for output, when it comes out as a value
 * (a default). A schema that only answers later is taken as required: clients are told to send what may be optional.
 */
function isRequired(schema: StandardSchema, direction: SchemaDirection): boolean {
  try {
    const result = validateStandard(schema, undefined);
    if (isThenable(result)) {
      Promise.resolve(result).catch(() => {});
      return true;
    }
    return !result.ok || (direction === "output" && result.value !== undefined);
  } catch {
    return true;
  }
}

/** A property's schema was generated as a document of its own; its local references now start one level deeper. */
function moveReferences(document: Record<string, unknown>, name: string): void {
  if (Object.hasOwn(document, "$id")) return;
  const place = `#/properties/${encodeURIComponent(escapeToken(name))}`;
  walkSchema(document, `The JSON Schema of property ${name}`, (schema) => {
    const reference = own(schema, "$ref");
    if (reference === "#") setOwn(schema, "$ref", place);
    else if (typeof reference === "string" && reference.startsWith("#/")) {
      setOwn(schema, "$ref", place + reference.slice(1));
    }
  });
}

function validateShape(
  properties: ReadonlyMap<string, StandardSchema>,
  value: unknown,
): MaybePromise<ValidationResult> {
  if (!isObject(value)) return failed([{ path: "", message: "Expected an object." }]);
  const names = [...properties.keys()];
  const pending = Array.from(properties, ([name, schema]) => validateStandard(schema, own(value, name)));
  const finish = (results: readonly ValidationResult[]): ValidationResult => assemble(names, results, value);
  if (pending.some(isThenable)) return Promise.all(pending).then(finish);
  return finish(pending as readonly ValidationResult[]);
}

function assemble(names: readonly string[], results: readonly ValidationResult[], given: JsonSchema): ValidationResult {
  const issues: Issue[] = [];
  const value = {};
  for (const [index, name] of names.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    if (!result.ok) {
      for (const { path, message } of result.issues) issues.push({ path: pointer([name]) + path, message });
    } else if (result.value !== undefined || Object.hasOwn(given, name)) {
      setOwn(value, name, result.value);
    }
  }
  return issues.length === 0 ? { ok: true, value } : failed(issues);
}
