import { assertRequirement } from "../auth/permissions.js";
import type { Recovery } from "../operations/types.js";
import type { Prompt, PromptArgument, Resource, ResourceTemplateInfo, Tool } from "../protocol/types.js";
import { isObject, type JsonObject, ownObject, pick } from "../util/json.js";
import { assertKnownKeys, PROMPT_KEYS, RESOURCE_CONFIG_KEYS, TOOL_KEYS } from "./config-keys.js";
import type { Entry, PromptEntry, ResourceEntry, TemplateEntry, ToolEntry } from "./entries.js";
import { limited } from "./limited.js";
import { compileLimits } from "./rate-limits.js";
import type { ResourceTemplate } from "./resource-template.js";
import { toCallResult } from "./results.js";
import { assertObjectRoot, type CompiledSchema, compileSchema, type SchemaInput } from "./schema/index.js";
import { paramHeaders } from "./schema/param-headers.js";
import { OWN_ENTRY } from "./tasks/record.js";
import type {
  CommonConfig,
  PromptConfig,
  ReadResource,
  ReadTemplate,
  RequestContext,
  ResourceConfig,
  ToolConfig,
} from "./types.js";

/** What a tool without parameters accepts: anything, so that clients that send stray arguments are not refused. */
const ANY_OBJECT: JsonObject = { type: "object" };
/** The specification's rule for names (2026-07-28, tools, "Tool Names"); models and clients trip over others. */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

type AnyHandler = (...args: never[]) => unknown;

function commonOf(name: string, config: CommonConfig): Entry {
  const { visible = true, requires, whenDenied = "challenge" } = config;
  if (requires !== undefined) assertRequirement(requires, name);
  assertWhenDenied(whenDenied, name);
  return { name, visible, requires, whenDenied };
}

/** Throws a TypeError for a word that is none of ours: a misspelt "hidden" must not show anything. */
export function assertWhenDenied(value: unknown, of: string): void {
  if (value === "challenge" || value === "listed" || value === "hidden") return;
  throw new TypeError(`${of}: whenDenied is ${JSON.stringify(value)}; use "challenge", "listed" or "hidden"`);
}

/** Compiles a tool; throws a TypeError for a bad name or key, a schema that is no object, or a bad `x-mcp-header`. */
export function compileTool(
  name: string,
  config: ToolConfig<SchemaInput | undefined, SchemaInput | undefined>,
  handler: AnyHandler,
): ToolEntry {
  if (!TOOL_NAME.test(name)) {
    throw new TypeError(`Tool name ${JSON.stringify(name)}: use 1 to 128 of A-Z a-z 0-9 _ . - (specification, tools)`);
  }
  if (typeof handler !== "function") throw new TypeError(`Tool ${name} needs a handler function`);
  assertKnownKeys(config, TOOL_KEYS, `Tool ${name}`);
  const input = config.inputSchema === undefined ? undefined : compileSchema(config.inputSchema, "input");
  const output = config.outputSchema === undefined ? undefined : compileSchema(config.outputSchema, "output");
  const inputSchema = input?.jsonSchema ?? ANY_OBJECT;
  assertObjectRoot(inputSchema, `inputSchema of tool ${name}`);
  const info = {
    ...pick(config, ["title", "description", "icons", "annotations", "_meta"]),
    name,
    inputSchema,
    ...(output && { outputSchema: output.jsonSchema }),
  } as Tool;
  return {
    ...commonOf(name, config),
    info,
    input,
    output,
    paramHeaders: paramHeaders(inputSchema),
    timeoutMs: config.timeoutMs,
    limits: compileLimits(`tool ${name}`, config),
    readOnly: config.annotations?.readOnlyHint === true,
    recovery: recoveryOf(config),
    task: taskOf(name, config.task),
    dedupe: config.dedupe ?? true,
    idempotencyKey: config.idempotencyKey as ToolEntry["idempotencyKey"],
    invoke: invoker(handler, input),
  };
}

/** How calls of the tool become tasks, with every default filled in. */
function taskOf(name: string, task: ToolConfig<undefined, undefined>["task"]): ToolEntry["task"] {
  const config = typeof task === "string" ? { start: task } : (task ?? {});
  const { required = false, ttlMs, pollIntervalMs } = config;
  const start = config.start ?? "slow";
  if (!["slow", "always", "never"].includes(start)) {
    throw new TypeError(`Tool ${name}: task.start is ${JSON.stringify(start)}; use "slow", "always" or "never"`);
  }
  for (const [key, value] of Object.entries({ ttlMs, pollIntervalMs })) {
    if (value !== undefined && !(value > 0)) throw new TypeError(`Tool ${name}: task.${key} must be a number above 0`);
  }
  return { start, required, ttlMs, pollIntervalMs };
}

/** What may be done with a call that a crash cut off: what the author says, else what the annotations say. */
function recoveryOf({ recover, annotations }: ToolConfig<SchemaInput | undefined, SchemaInput | undefined>): Recovery {
  if (recover === undefined) return annotations?.idempotentHint === true ? "rerun" : "unknown";
  if (recover === "rerun") return recover;
  return async (operation) => {
    const entries = operation.journal.filter(([key]) => !key.startsWith(OWN_ENTRY));
    const journal = new Map(entries.map(([key, json]) => [key, json === "" ? undefined : JSON.parse(json)]));
    const found = await recover({ id: operation.id, fence: operation.fence, journal });
    return found === "not-done" || found === "unknown"
      ? found
      : { json: JSON.stringify({ result: toCallResult(found, false) }) };
  };
}

/**
 * How a handler is called. Without an input schema the official SDK calls `handler(ctx)`; a handler that declares two
 * parameters gets the arguments as they came, then the context.
 */
function invoker(
  handler: AnyHandler,
  input: CompiledSchema | undefined,
): (args: unknown, ctx: RequestContext) => unknown {
  const call = handler as unknown as (...args: unknown[]) => unknown;
  if (input !== undefined || handler.length >= 2) return (args, ctx) => call(args, ctx);
  return (_args, ctx) => call(ctx, ctx);
}

const RESOURCE_KEYS = ["title", "description", "mimeType", "size", "icons", "annotations", "_meta"];

/** Compiles a fixed resource; throws a TypeError when `uri` is no URI, and for a key that resources do not have. */
export function compileResource(name: string, uri: string, config: ResourceConfig, read: ReadResource): ResourceEntry {
  if (!URL.canParse(uri)) throw new TypeError(`Resource ${name}: ${JSON.stringify(uri)} is not an absolute URI`);
  assertKnownKeys(config, RESOURCE_CONFIG_KEYS, `Resource ${name}`);
  const info = { ...pick(config, RESOURCE_KEYS), uri, name } as unknown as Resource;
  return { ...commonOf(name, config), info, cache: config.cache, read: limited(`resource ${uri}`, config, read) };
}

/** Compiles a resource template. */
export function compileTemplate(
  name: string,
  template: ResourceTemplate,
  config: ResourceConfig,
  read: ReadTemplate,
): TemplateEntry {
  assertKnownKeys(config, RESOURCE_CONFIG_KEYS, `Template ${name}`);
  const uriTemplate = template.uriTemplate.template;
  const info = { ...pick(config, RESOURCE_KEYS), uriTemplate, name } as unknown as ResourceTemplateInfo;
  return {
    ...commonOf(name, config),
    info,
    cache: config.cache,
    template,
    read: limited(`template ${name}`, config, read),
  };
}

/** Compiles a prompt; its arguments are the properties of its schema. */
export function compilePrompt(
  name: string,
  config: PromptConfig<SchemaInput | undefined>,
  handler: AnyHandler,
): PromptEntry {
  assertKnownKeys(config, PROMPT_KEYS, `Prompt ${name}`);
  const args = config.argsSchema === undefined ? undefined : compileSchema(config.argsSchema, "input");
  const info = {
    ...pick(config, ["title", "description", "icons", "_meta"]),
    name,
    ...(args && { arguments: promptArguments(args.jsonSchema) }),
  } as Prompt;
  const get = limited(`prompt ${name}`, config, invoker(handler, args));
  return { ...commonOf(name, config), info, args, complete: config.complete ?? {}, get };
}

function promptArguments(schema: JsonObject): readonly PromptArgument[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(ownObject(schema, "properties") ?? {}).map(([name, property]) => ({
    name,
    ...(isObject(property) && pick(property, ["title", "description"])),
    required: required.includes(name),
  }));
}
