/** What authors may pass as a schema, what the server makes of it, and the types that handlers get from it. */
import type { MaybePromise } from "../../util/maybe-promise.js";

/** A JSON Schema object: 2020-12 unless `$schema` names draft-07. */
export type JsonSchema = { readonly [key: string]: unknown };

/** Which side of a schema is meant: what may be sent to it, or what comes out of it. */
export type SchemaDirection = "input" | "output";

/** One problem of a value. */
export interface Issue {
  /** Where, as a JSON Pointer (RFC 6901): `""` is the whole value, `"/tags/0"` the first tag. */
  readonly path: string;
  readonly message: string;
}
export interface ValidationOk {
  readonly ok: true;
  /** The value as the schema gives it out: defaults filled in, transformations done. */
  readonly value: unknown;
}
export interface ValidationFailed {
  readonly ok: false;
  readonly issues: readonly Issue[];
}
export type ValidationResult = ValidationOk | ValidationFailed;

/** A schema ready for use by every request. */
export interface CompiledSchema {
  /** What clients are shown; deeply frozen, shared, JSON only. */
  readonly jsonSchema: JsonSchema;
  /** Checks `value` without changing it. A promise when the schema is asynchronous, or its validator still loads. */
  validate(value: unknown): MaybePromise<ValidationResult>;
}

/** What a Standard Schema's `validate` gives (https://standardschema.dev, v1). */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };
/** One problem of a value, as a Standard Schema tells it. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Standard Schema v1, and the JSON Schema side of it where the library has one. Structural: no dependency. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly jsonSchema?: StandardJsonSchema | undefined;
  };
}
/** Standard JSON Schema v1: how zod >= 4.2, ArkType >= 2.1.28 and wrapped Valibot schemas give their JSON Schema. */
export interface StandardJsonSchema {
  input(options: { readonly target: "draft-2020-12" }): Record<string, unknown>;
  output(options: { readonly target: "draft-2020-12" }): Record<string, unknown>;
}

/** Properties by name, as the official SDK v1 takes them: `{ name: z.string() }`. `{}` is an object without properties. */
export type RawShape = { readonly [name: string]: StandardSchema };

/**
 * What authors may pass as `inputSchema`, `outputSchema` or `argsSchema`.
 *
 * @example
 * ```ts
 * const schemas: SchemaInput[] = [
 *   z.object({ name: z.string() }), // any Standard Schema that gives JSON Schema
 *   { name: z.string() }, // its properties
 *   { type: "object", properties: { name: { type: "string" } }, required: ["name"] }, // JSON Schema
 * ];
 * ```
 */
export type SchemaInput = StandardSchema | RawShape | JsonSchema;

type Types<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>;
type Optional<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];
/** A property that may be undefined may be left out. */
type Loosen<T> = Flat<
  { -readonly [K in Exclude<keyof T, Optional<T>>]: T[K] } & { -readonly [K in Optional<T>]?: T[K] }
>;
type Flat<T> = { [K in keyof T]: T[K] };

/** What may be sent to a schema: what a client writes for `inputSchema`, what a handler returns for `outputSchema`. */
export type InferInput<S> = S extends StandardSchema
  ? Types<S>["input"]
  : S extends RawShape
    ? Loosen<{ [K in keyof S]: Types<S[K]>["input"] }>
    : Record<string, unknown>;

/** What comes out of a schema: the arguments a handler gets. */
export type InferOutput<S> = S extends StandardSchema
  ? Types<S>["output"]
  : S extends RawShape
    ? Loosen<{ [K in keyof S]: Types<S[K]>["output"] }>
    : Record<string, unknown>;
