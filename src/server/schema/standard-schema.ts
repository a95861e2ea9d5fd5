/** Standard Schemas (zod, ArkType, Valibot...): what they are, their JSON Schema, their verdict. */
import { isObject } from "../../util/json.js";
import { isThenable, type MaybePromise } from "../../util/maybe-promise.js";
import { failed, pointer, unescapeToken } from "./issues.js";
import { copyJson } from "./json-copy.js";
import { dialectOf } from "./keywords.js";
import type { JsonSchema, SchemaDirection, StandardResult, StandardSchema, ValidationResult } from "./types.js";

/** True for a Standard Schema v1. Libraries define `~standard` on prototypes and on functions, so both are looked at. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  if (!("~standard" in value)) return false;
  const standard = value["~standard"];
  return isObject(standard) && standard.version === 1 && typeof standard.validate === "function";
}

/** What to do when a library gives no JSON Schema, by the vendor name it gives. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["zod", "Use zod 4.2 or newer by its main entry: zod/mini and zod/v4-mini cannot say what they are."],
  ["arktype", "Upgrade to ArkType 2.1.28 or newer."],
  ["valibot", "Wrap it: toStandardJsonSchema(schema) from @valibot/to-json-schema."],
  ["effect", "Wrap it: Schema.toStandardJSONSchemaV1(Schema.toStandardSchemaV1(schema))."],
]);
const OTHER_ADVICE = "Use a version that implements Standard JSON Schema, or pass plain JSON Schema.";

/**
 * The JSON Schema of `schema` as a copy, without the `$schema` that the library wrote.
 *
 * @throws TypeError when the library has none, or cannot express this schema.
 */
export function jsonSchemaOf(schema: StandardSchema, direction: SchemaDirection): Record<string, unknown> {
  const { vendor } = schema["~standard"];
  const what = `The JSON Schema of a ${vendor} schema`;
  let generated: unknown;
  try {
    generated = generate(schema, direction);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`${vendor} cannot express this schema as JSON Schema (${direction}): ${reason}`, { cause });
  }
  if (generated === undefined) {
    throw new TypeError(`A ${vendor} schema gives no JSON Schema. ${ADVICE.get(vendor) ?? OTHER_ADVICE}`);
  }
  if (!isObject(generated)) throw new TypeError(`${what} is not an object`);
  const { $schema, ...rest } = copyJson(generated, what) as Record<string, unknown>;
  // 2020-12 is what no `$schema` means; for draft-07 it has to stay.
  return dialectOf($schema, what) === "2020-12" ? withRoot(rest) : { $schema, ...withRoot(rest) };
}

/**
 * A schema with a name (`.meta({ id })` of zod, an identifier of Effect) is generated as a reference to `$defs`. Tools
 * need `type: "object"` at the root (2026-07-28, tools), so what is referred to is put there; `$defs` stays, because
 * other references may lead to it.
 */
function withRoot(document: Record<string, unknown>): Record<string, unknown> {
  const { $ref, $defs, ...others } = document;
  if (typeof $ref !== "string" || !$ref.startsWith("#/$defs/") || !isObject($defs) || Object.keys(others).length > 0) {
    return document;
  }
  const written = $ref.slice("#/$defs/".length);
  // As it is, too: libraries write names into references without the escapes.
  const name = [written, unescapeToken(written)].find((one) => Object.hasOwn($defs, one));
  const target = name === undefined ? undefined : $defs[name];
  // With a base or another reference of its own it is not the same in another place.
  if (!isObject(target) || Object.hasOwn(target, "$id") || Object.hasOwn(target, "$defs")) return document;
  return { ...target, $defs };
}

function generate(schema: StandardSchema, direction: SchemaDirection): unknown {
  const standard = schema["~standard"].jsonSchema;
  if (standard !== undefined) return standard[direction]({ target: "draft-2020-12" });
  const older = schema as { toJSONSchema?: unknown; toJsonSchema?: unknown };
  // Zod 4.1 takes the direction here; libraries that take no options ignore them.
  if (typeof older.toJSONSchema === "function") return older.toJSONSchema({ io: direction, target: "draft-2020-12" });
  if (typeof older.toJsonSchema === "function") return older.toJsonSchema();
  return undefined;
}

/** Validates `value` with a Standard Schema. */
export function validateStandard(schema: StandardSchema, value: unknown): MaybePromise<ValidationResult> {
  const result = schema["~standard"].validate(value);
  return isThenable(result) ? Promise.resolve(result).then(toResult) : toResult(result);
}

function toResult(result: StandardResult<unknown>): ValidationResult {
  if (result.issues === undefined) return { ok: true, value: result.value };
  return failed(
    Array.from(result.issues, ({ message, path }) => ({
      path: pointer((path ?? []).map((segment) => (typeof segment === "object" ? segment.key : segment))),
      message,
    })),
  );
}

/** A Standard Schema compiled: its library validates, its JSON Schema is shown. */
export function standardParts(
  schema: StandardSchema,
  direction: SchemaDirection,
): { readonly jsonSchema: JsonSchema; readonly validate: (value: unknown) => MaybePromise<ValidationResult> } {
  return { jsonSchema: jsonSchemaOf(schema, direction), validate: (value) => validateStandard(schema, value) };
}
