/**
 * Validation by plain JSON Schema: the only module that knows the evaluator, so that it can be swapped.
 *
 * Importing the evaluator takes about 6 ms (Node 20, nine files), a fifth of what starting a stdio server may cost, and
 * most servers never need it: values that fit a simple schema are known without it (`json-schema-quick.ts`). So it is
 * imported with the first schema that is not simple, or the first value that does not fit; until it is there, results are
 * promises. Everything that can be wrong with a schema is found before, without it.
 */
import type { OutputUnit, Schema, validate } from "@cfworker/json-schema";
import { isThenable, type MaybePromise } from "../../util/maybe-promise.js";
import { failed, MAX_ISSUES } from "./issues.js";
import { applyDefaults, planDefaults } from "./json-schema-defaults.js";
import { lowerSchema, type Program } from "./json-schema-program.js";
import { quickCheck } from "./json-schema-quick.js";
import { type JsonValue, NotJsonError, toJsonValue } from "./json-value.js";
import { dialectOf } from "./keywords.js";
import type { Issue, JsonSchema, ValidationResult } from "./types.js";

/**
 * References followed in one validation. Recursion needs references, so this bounds schemas that branch at every level
 * of a deep value; 200,000 steps are about a quarter of a second, and more than a body within its limit needs.
 */
export const MAX_REFERENCE_STEPS = 200_000;

/** Values up to this size are searched for every problem; in larger ones the first is enough. */
const MAX_THOROUGH_SIZE = 5000;

type Evaluate = typeof validate;
type Lookup = Record<string, Schema | boolean>;

let evaluate: Evaluate | undefined;
let loading: Promise<Evaluate> | undefined;

function loadEvaluator(): MaybePromise<Evaluate> {
  if (evaluate !== undefined) return evaluate;
  if (loading === undefined) {
    loading = import("@cfworker/json-schema").then((module) => {
      evaluate = module.validate;
      return evaluate;
    });
    // Whoever validates sees the failure; the next one tries again.
    loading.catch(() => {
      loading = undefined;
    });
  }
  return loading;
}

/**
 * A validator for `document` (a frozen copy): defaults filled in, then everything checked.
 *
 * @throws TypeError that begins with `what` when the schema is invalid, unbounded, or refers to something outside.
 */
export function createJsonSchemaValidator(
  document: JsonSchema,
  what: string,
): (value: unknown) => MaybePromise<ValidationResult> {
  const dialect = dialectOf(document.$schema, what);
  const program = lowerSchema(document, dialect, what);
  const evaluation = new Evaluation(program, dialect === "draft-07" ? "7" : "2020-12");
  const plan = planDefaults(document, dialect);
  const accepts = quickCheck(program.root);
  if (accepts === undefined) void loadEvaluator();
  return (given) => {
    let json: JsonValue;
    try {
      json = toJsonValue(given);
    } catch (error) {
      if (error instanceof NotJsonError) return failed([{ path: "", message: error.message }]);
      throw error;
    }
    if (json.value === undefined) return failed([{ path: "", message: "A value is needed." }]);
    const filled = { value: applyDefaults(plan, json.value), size: json.size };
    if (accepts?.(filled.value) === true) return { ok: true, value: filled.value };
    const ready = loadEvaluator();
    return isThenable(ready) ? ready.then((run) => evaluation.run(run, filled)) : evaluation.run(ready, filled);
  };
}

class TooManySteps extends Error {}

class Evaluation {
  readonly #root: Schema | boolean;
  readonly #draft: "2020-12" | "7";
  readonly #lookup: Lookup;
  #steps = 0;

  constructor(program: Program, draft: "2020-12" | "7") {
    this.#root = program.root as Schema | boolean;
    this.#draft = draft;
    this.#lookup = Object.create(null);
    for (const [name, target] of program.targets) {
      Object.defineProperty(this.#lookup, name, { get: () => this.#follow(target as Schema | boolean) });
    }
  }

  #follow(target: Schema | boolean): Schema | boolean {
    if (++this.#steps > MAX_REFERENCE_STEPS) throw new TooManySteps();
    return target;
  }

  run(evaluator: Evaluate, { value, size }: JsonValue): ValidationResult {
    try {
      const { valid, errors } = this.#evaluate(evaluator, value, true);
      if (valid) return { ok: true, value };
      return failed(size > MAX_THOROUGH_SIZE ? toIssues(errors) : this.#allIssues(evaluator, value, errors));
    } catch (error) {
      if (!isBound(error)) throw error;
      return failed([{ path: "", message: UNCHECKABLE }]);
    }
  }

  #evaluate(evaluator: Evaluate, value: unknown, stopEarly: boolean): { valid: boolean; errors: OutputUnit[] } {
    this.#steps = 0;
    return evaluator(value, this.#root, this.#draft, this.#lookup, stopEarly);
  }

  /** A second run that does not stop at the first problem, so that one answer lets the caller correct everything. */
  #allIssues(evaluator: Evaluate, value: unknown, quick: readonly OutputUnit[]): readonly Issue[] {
    try {
      return toIssues(this.#evaluate(evaluator, value, false).errors);
    } catch (error) {
      if (!isBound(error)) throw error;
      return toIssues(quick);
    }
  }
}

const UNCHECKABLE = "The value cannot be checked: too large, too deeply nested, or a key that is no Unicode text.";

/** Steps, stack (RangeError), or a key with a lone surrogate, which has no place in a pointer (URIError). */
function isBound(error: unknown): boolean {
  return error instanceof TooManySteps || error instanceof RangeError || error instanceof URIError;
}

/** Keywords whose errors only say that there is one of the errors that follow. */
const WRAPPERS = new Set(
  "$ref allOf if dependentSchemas properties patternProperties additionalProperties unevaluatedProperties prefixItems items additionalItems unevaluatedItems".split(
    " ",
  ),
);

function toIssues(errors: readonly OutputUnit[]): readonly Issue[] {
  const issues: Issue[] = [];
  for (const { instanceLocation, keyword, error } of errors) {
    if (WRAPPERS.has(keyword)) continue;
    // "#" and percent-encoding make it a URI fragment (RFC 6901 §6).
    const path = decodeURIComponent(instanceLocation.slice(1));
    if (issues.push({ path, message: MESSAGES.get(keyword) ?? error }) === MAX_ISSUES) break;
  }
  return issues;
}

/** Messages of the evaluator that would mislead: it names the schema `false`, and says "at least" for a maximum. */
const MESSAGES: ReadonlyMap<string, string> = new Map([
  ["false", "This is not allowed here."],
  ["maxProperties", "The object has too many properties."],
]);
