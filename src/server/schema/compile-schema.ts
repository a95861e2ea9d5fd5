import { copyJson, freezeJson, isPlainObject } from "./json-copy.js";
import { createJsonSchemaValidator } from "./json-schema-validator.js";
import { walkSchema } from "./keywords.js";
import { isRawShape, shapeParts } from "./raw-shape.js";
import { isStandardSchema, standardParts } from "./standard-schema.js";
import type { CompiledSchema, JsonSchema, SchemaDirection, SchemaInput } from "./types.js";

const WHAT = "A JSON Schema";

/**
 * Compiles what an author passed as a schema, once, at registration: a Standard Schema (zod >= 4.2, ArkType >= 2.1.28,
 * Valibot through `toStandardJsonSchema`), its properties (`{ name: z.string() }`), or plain JSON Schema (2020-12, or
 * draft-07 by `$schema`).
 *
 * `direction` says which side clients are shown: what may be sent to the schema, or what comes out of it. Values go
 * through the schema in both cases. Plain JSON Schema fills in `default`s of properties; `$ref` reaches only what is in
 * the same document; `format` is checked; values have bounds (`MAX_VALUE_DEPTH`, `MAX_VALUE_SIZE`, `MAX_UNIQUE_ITEMS`).
 *
 * @example
 * ```ts
 * const schema = compileSchema({ type: "object", properties: { limit: { type: "integer", default: 10 } } }, "input");
 * await schema.validate({}); // { ok: true, value: { limit: 10 } }
 * await schema.validate({ limit: "x" }); // { ok: false, issues: [{ path: "/limit", message: ... }] }
 * ```
 *
 * @throws TypeError when the schema is none of these, gives no JSON Schema, is invalid, or is over a bound.
 */
export function compileSchema(source: SchemaInput, direction: SchemaDirection): CompiledSchema {
  const { jsonSchema, validate } = partsOf(source, direction);
  walkSchema(jsonSchema, WHAT, () => {});
  return { jsonSchema: freezeJson(jsonSchema), validate };
}

function partsOf(source: SchemaInput, direction: SchemaDirection): CompiledSchema {
  if (isStandardSchema(source)) return standardParts(source, direction);
  if (!isPlainObject(source) || "~standard" in source) {
    throw new TypeError(
      `A schema must be a Standard Schema v1, an object of those, or JSON Schema, not ${kindOf(source)}`,
    );
  }
  if (isRawShape(source)) return shapeParts(source, direction);
  const jsonSchema = copyJson(source, WHAT) as JsonSchema;
  return { jsonSchema, validate: createJsonSchemaValidator(jsonSchema, WHAT) };
}

function kindOf(source: unknown): string {
  if (source === null) return "null";
  if (Array.isArray(source)) return "an array";
  return typeof source === "object" ? "an instance of a class" : `a ${typeof source}`;
}

/**
 * Throws unless the root of `jsonSchema` says `type: "object"`, as the specification asks of tools' input schemas
 * (2026-07-28, tools). A union of objects does not say so; `what` names the schema in the message.
 */
export function assertObjectRoot(jsonSchema: JsonSchema, what: string): void {
  if (Object.hasOwn(jsonSchema, "type") && jsonSchema.type === "object") return;
  throw new TypeError(`${what} must be an object schema (type: "object" at its root); put other values in a property`);
}
