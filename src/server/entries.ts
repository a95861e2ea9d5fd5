import type { Requirement } from "../auth/permissions.js";
import type { Recovery } from "../operations/types.js";
import type { Prompt, Resource, ResourceTemplateInfo, Tool } from "../protocol/types.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import type { CallLimits } from "./rate-limits.js";
import type { ResourceTemplate } from "./resource-template.js";
import type { CompiledSchema } from "./schema/index.js";
import type { ParamHeader } from "./schema/param-headers.js";
import type { CacheHint, Completer, RequestContext, Visible, WhenDenied } from "./types.js";

/** What every compiled registration has: who may see it, and its shape per revision, serialised when first asked for. */
export interface Entry {
  readonly name: string;
  readonly visible: Visible;
  readonly requires: Requirement | undefined;
  readonly whenDenied: WhenDenied;
}

/** A tool, compiled at registration: nothing about it is worked out again per call. */
export interface ToolEntry extends Entry {
  readonly info: Tool;
  readonly input: CompiledSchema | undefined;
  readonly output: CompiledSchema | undefined;
  readonly paramHeaders: readonly ParamHeader[];
  readonly timeoutMs: number | undefined;
  /** Of one caller, for this tool alone. */
  readonly limits: CallLimits | undefined;
  /** True when the tool changes nothing: its calls are not recorded. */
  readonly readOnly: boolean;
  readonly recovery: Recovery;
  /** When its calls become tasks, for clients that know them. */
  readonly task: {
    readonly start: "slow" | "always" | "never";
    readonly required: boolean;
    readonly ttlMs: number | undefined;
    readonly pollIntervalMs: number | undefined;
  };
  /** True when calls without a key join one that is open and the same. */
  readonly dedupe: boolean;
  readonly idempotencyKey: ((args: unknown) => unknown) | undefined;
  readonly invoke: (args: unknown, ctx: RequestContext) => unknown;
}

export interface ResourceEntry extends Entry {
  readonly info: Resource;
  readonly cache: CacheHint | undefined;
  readonly read: (uri: URL, ctx: RequestContext) => MaybePromise<unknown>;
}

export interface TemplateEntry extends Entry {
  readonly info: ResourceTemplateInfo;
  readonly cache: CacheHint | undefined;
  readonly template: ResourceTemplate;
  readonly read: (
    uri: URL,
    variables: Readonly<Record<string, string | string[]>>,
    ctx: RequestContext,
  ) => MaybePromise<unknown>;
}

export interface PromptEntry extends Entry {
  readonly info: Prompt;
  readonly args: CompiledSchema | undefined;
  readonly complete: Readonly<Record<string, Completer>>;
  readonly get: (args: unknown, ctx: RequestContext) => MaybePromise<unknown>;
}
