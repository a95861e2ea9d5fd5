/** The form of a JSON Schema that the evaluator works on, and the proof that working on it ends. */

/** Longest chain of `$ref`, `allOf`, `anyOf`... that judge one and the same value. */
export const MAX_IN_PLACE_DEPTH = 128;

/** One subschema for the evaluator. All fields are there, in one order, so that reading them is fast. */
export class ProgramSchema {
  $ref: string | undefined = undefined;
  type: unknown = undefined;
  const: unknown = undefined;
  enum: unknown = undefined;
  required: unknown = undefined;
  not: Lowered | undefined = undefined;
  anyOf: Lowered[] | undefined = undefined;
  allOf: Lowered[] | undefined = undefined;
  oneOf: Lowered[] | undefined = undefined;
  if: Lowered | undefined = undefined;
  // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword; its value is a schema, never a function.
  then: Lowered | undefined = undefined;
  else: Lowered | undefined = undefined;
  format: unknown = undefined;
  properties: unknown = undefined;
  patternProperties: unknown = undefined;
  additionalProperties: unknown = undefined;
  unevaluatedProperties: unknown = undefined;
  minProperties: unknown = undefined;
  maxProperties: unknown = undefined;
  propertyNames: unknown = undefined;
  dependentRequired: unknown = undefined;
  dependentSchemas: Readonly<Record<string, Lowered>> | undefined = undefined;
  dependencies: Readonly<Record<string, Lowered | readonly string[]>> | undefined = undefined;
  prefixItems: unknown = undefined;
  items: unknown = undefined;
  additionalItems: unknown = undefined;
  unevaluatedItems: unknown = undefined;
  contains: unknown = undefined;
  minContains: unknown = undefined;
  maxContains: unknown = undefined;
  minItems: unknown = undefined;
  maxItems: unknown = undefined;
  uniqueItems: unknown = undefined;
  minimum: unknown = undefined;
  maximum: unknown = undefined;
  exclusiveMinimum: unknown = undefined;
  exclusiveMaximum: unknown = undefined;
  multipleOf: unknown = undefined;
  minLength: unknown = undefined;
  maxLength: unknown = undefined;
  pattern: unknown = undefined;
  // Private marks of the evaluator; here so that a document cannot bring its own.
  $recursiveRef: undefined = undefined;
  $recursiveAnchor: undefined = undefined;
  __absolute_ref__: undefined = undefined;
  __absolute_recursive_ref__: undefined = undefined;
}
export type Lowered = ProgramSchema | boolean;

/** Throws when a schema applies itself to the value it is applied to: validation would never end. */
export function assertEnds(schemas: readonly Lowered[], targets: ReadonlyMap<string, Lowered>, what: string): void {
  const done = new Set<ProgramSchema>();
  const path = new Set<ProgramSchema>();
  const visit = (schema: Lowered | undefined): void => {
    if (schema === undefined || typeof schema === "boolean" || done.has(schema)) return;
    if (path.has(schema))
      throw new TypeError(`${what} refers to itself without end: a $ref leads back to its own value`);
    if (path.size >= MAX_IN_PLACE_DEPTH) {
      throw new TypeError(`${what} applies more than ${MAX_IN_PLACE_DEPTH} schemas to one value, one inside the other`);
    }
    path.add(schema);
    for (const next of inPlace(schema)) visit(next);
    if (schema.$ref !== undefined) visit(targets.get(schema.$ref));
    path.delete(schema);
    done.add(schema);
  };
  for (const schema of schemas) visit(schema);
}

function inPlace(schema: ProgramSchema): readonly (Lowered | undefined)[] {
  const dependencies = Object.values(schema.dependencies ?? {}).filter((one): one is Lowered => !Array.isArray(one));
  return [
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...[schema.not, schema.if, schema.then, schema.else],
    ...Object.values(schema.dependentSchemas ?? {}),
    ...dependencies,
  ];
}
