/** Schemas of tools, prompts and forms: what the rest of the server uses. */
export { assertObjectRoot, compileSchema } from "./compile-schema.js";
export { describeIssues } from "./issues.js";
export type {
  CompiledSchema,
  InferInput,
  InferOutput,
  Issue,
  JsonSchema,
  RawShape,
  SchemaDirection,
  SchemaInput,
  StandardSchema,
  ValidationFailed,
  ValidationOk,
  ValidationResult,
} from "./types.js";
