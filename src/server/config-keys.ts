import type { SchemaInput } from "./schema/index.js";
import type { CommonConfig, PromptConfig, ResourceConfig, ToolConfig } from "./types.js";

const COMMON: readonly (keyof CommonConfig | "enabled")[] = [
  "title",
  "description",
  "icons",
  "_meta",
  "requires",
  "visible",
  "whenDenied",
  "rateLimit",
  "concurrency",
  "enabled",
];
/** What may be said of a tool. */
export const TOOL_KEYS: ReadonlySet<string> = new Set<keyof ToolConfig<SchemaInput, SchemaInput>>([
  ...COMMON,
  "inputSchema",
  "outputSchema",
  "annotations",
  "timeoutMs",
  "recover",
  "task",
  "idempotencyKey",
  "dedupe",
]);
/** What may be said of a resource or of a template. */
export const RESOURCE_CONFIG_KEYS: ReadonlySet<string> = new Set<keyof ResourceConfig | "enabled">([
  ...COMMON,
  "mimeType",
  "size",
  "annotations",
  "cache",
]);
/** What may be said of a prompt. */
export const PROMPT_KEYS: ReadonlySet<string> = new Set<keyof PromptConfig<SchemaInput> | "enabled">([
  ...COMMON,
  "argsSchema",
  "complete",
]);

/**
 * Throws a TypeError for a key that nobody reads: a misspelt `requires` must not leave a tool open. The compiler sees
 * it only in an object that is written where it is passed, and not in JavaScript.
 */
export function assertKnownKeys(config: object, known: ReadonlySet<string>, of: string): void {
  const unknown = Object.keys(config).find((key) => !known.has(key));
  if (unknown === undefined) return;
  throw new TypeError(`${of}: unknown key ${unknown}. Keys: ${[...known].join(", ")}`);
}
