/**
 * A checked JSON Schema in the form the evaluator works on. Lowering settles once what would otherwise be found out on
 * every call, or go wrong in one: references are resolved, keywords of another dialect and unknown formats are gone,
 * and every keyword is an own field, so that nothing is read from a prototype.
 */
import { isEffective } from "./json-schema-check.js";
import { assertEnds, type Lowered, ProgramSchema } from "./json-schema-form.js";
import { References } from "./json-schema-references.js";
import { type Dialect, KEYWORDS } from "./keywords.js";
import type { JsonSchema } from "./types.js";

/**
 * Formats that are checked. `url` is missing on purpose: it is no standard format, and the evaluator's expression for it
 * takes exponential time.
 */
const FORMATS = new Set<unknown>(
  "date time date-time duration uri uri-reference uri-template email hostname ipv4 ipv6 regex uuid json-pointer relative-json-pointer".split(
    " ",
  ),
);
/**
 * Longest array for which `uniqueItems` is checked; a longer one is refused. The evaluator compares every pair, so the
 * body limit alone would allow minutes of work.
 */
export const MAX_UNIQUE_ITEMS = 1024;
export interface Program {
  readonly root: Lowered;
  /** Targets of references by the name that `$ref` fields hold. */
  readonly targets: ReadonlyMap<string, Lowered>;
}

/**
 * Lowers `document` (a copy that nobody changes).
 *
 * @throws TypeError that begins with `what` when the schema is invalid, unbounded, or refers to something outside.
 */
export function lowerSchema(document: JsonSchema, dialect: Dialect, what: string): Program {
  const lowering = new Lowering(document, dialect, what);
  const root = lowering.lower(document);
  const targets = lowering.lowerAll();
  assertEnds([root, ...targets.values()], targets, what);
  return { root, targets };
}

class Lowering {
  readonly #dialect: Dialect;
  readonly #what: string;
  readonly #references: References;
  readonly #names = new Map<JsonSchema | boolean, string>();
  readonly #lowered = new Map<JsonSchema, ProgramSchema>();

  constructor(document: JsonSchema, dialect: Dialect, what: string) {
    this.#dialect = dialect;
    this.#what = what;
    this.#references = new References(document, dialect, what);
  }

  /** Lowers what the root does not reach too, because clients get it: no reference in it may lead outside. */
  lowerAll(): ReadonlyMap<string, Lowered> {
    for (const schema of this.#references.schemas()) this.lower(schema);
    return new Map(Array.from(this.#names, ([schema, name]) => [name, this.#lowerInPlace(schema)]));
  }

  lower(schema: JsonSchema | boolean): Lowered {
    if (typeof schema === "boolean") return schema;
    const known = this.#lowered.get(schema);
    if (known !== undefined) return known;
    const lowered = new ProgramSchema();
    this.#lowered.set(schema, lowered);
    for (const name of Object.keys(schema)) {
      if (!isEffective(name, schema, this.#dialect)) continue;
      const value = schema[name];
      if (name === "$ref") this.#refer(lowered, this.#references.resolve(schema, value as string));
      else if (name === "$dynamicRef") this.#refer(lowered, this.#references.resolveDynamic(schema, value as string));
      else if (name === "format") lowered.format = FORMATS.has(value) ? value : undefined;
      else if (name !== "uniqueItems" && Object.hasOwn(lowered, name)) {
        (lowered as unknown as Record<string, unknown>)[name] = this.#lowerValue(name, value);
      }
    }
    if (lowered.pattern !== undefined && lowered.maxLength !== undefined) boundPattern(lowered);
    if (schema.uniqueItems === true && isEffective("uniqueItems", schema, this.#dialect)) addUniqueItems(lowered);
    return lowered;
  }

  #refer(lowered: ProgramSchema, target: JsonSchema | boolean): void {
    if (lowered.$ref !== undefined)
      throw new TypeError(`${this.#what}: $ref and $dynamicRef side by side are not supported`);
    let name = this.#names.get(target);
    if (name === undefined) {
      name = String(this.#names.size);
      this.#names.set(target, name);
    }
    lowered.$ref = name;
  }

  #lowerValue(name: string, value: unknown): unknown {
    const kind = KEYWORDS.get(name)?.kind;
    const lower = (one: JsonSchema | boolean): Lowered =>
      IN_PLACE.has(name) ? this.#lowerInPlace(one) : this.lower(one);
    if (kind === "schema" || kind === "schemas" || kind === "items") {
      return Array.isArray(value) ? value.map(lower) : lower(value as JsonSchema);
    }
    if (kind !== "schema-map" && kind !== "pattern-map" && kind !== "dependencies") return value;
    const map: Record<string, unknown> = Object.create(null);
    for (const [key, one] of Object.entries(value as JsonSchema)) {
      map[key] = Array.isArray(one) ? one : lower(one as JsonSchema);
    }
    return map;
  }

  /**
   * A subschema that judges the value of its parent. Its `unevaluated...` must not see what its neighbours evaluated
   * (2020-12 core §11), but the evaluator hands that down, except to `if`: so `if` the schema fits, well; `else` it
   * is applied again, for its messages, beside a schema that nothing fits.
   */
  #lowerInPlace(schema: JsonSchema | boolean): Lowered {
    const lowered = this.lower(schema);
    if (typeof lowered === "boolean") return lowered;
    if (lowered.unevaluatedItems === undefined && lowered.unevaluatedProperties === undefined) return lowered;
    const isolated = new ProgramSchema();
    isolated.if = lowered;
    isolated.else = new ProgramSchema();
    isolated.else.allOf = [lowered, false];
    return isolated;
  }
}

/** Keywords whose subschemas judge the same value and share what it evaluated. `not` and `if` keep to themselves. */
const IN_PLACE = new Set(["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas", "dependencies"]);

/**
 * `if` the text is short enough `then` its pattern is tried: the evaluator tries it on any text when it gathers every
 * problem, and an author who names a length has bounded what an expression of exponential time can cost.
 */
function boundPattern(lowered: ProgramSchema): void {
  const short = new ProgramSchema();
  short.maxLength = lowered.maxLength;
  const matching = new ProgramSchema();
  matching.pattern = lowered.pattern;
  const gate = new ProgramSchema();
  gate.if = short;
  // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword; its value is a schema, never a function.
  gate.then = matching;
  lowered.pattern = undefined;
  lowered.allOf = [...(lowered.allOf ?? []), gate];
}

/** `if` the array is short enough `then` its items are compared, `else` it is too long. */
function addUniqueItems(lowered: ProgramSchema): void {
  const short = new ProgramSchema();
  short.maxItems = MAX_UNIQUE_ITEMS;
  const unique = new ProgramSchema();
  unique.uniqueItems = true;
  const gate = new ProgramSchema();
  gate.if = short;
  // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword; its value is a schema, never a function.
  gate.then = unique;
  gate.else = short;
  lowered.allOf = [...(lowered.allOf ?? []), gate];
}
