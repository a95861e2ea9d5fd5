import type { Requirement } from "../auth/permissions.js";
import type { Principal } from "../auth/principal.js";
import type { Operation } from "../operations/types.js";
import type { ProtocolVersion } from "../protocol/revisions/index.js";
import type {
  Annotations,
  CacheScope,
  CallToolResult,
  ContentBlock,
  CreateMessageParams,
  CreateMessageResult,
  ElicitResult,
  GetPromptResult,
  Icon,
  Meta,
  ReadResourceResult,
  Resource,
  Root,
  ToolAnnotations,
} from "../protocol/types.js";
import type { ClientFacts, TransportName } from "./peer.js";
import type { InferInput, InferOutput, RawShape, SchemaInput, StandardSchema } from "./schema/types.js";

/** How long and by whom an answer may be reused (2026-07-28, caching). */
export interface CacheHint {
  readonly ttlMs?: number;
  readonly cacheScope?: CacheScope;
}

/** Decides whether a caller sees a tool, resource or prompt at all; what is not visible cannot be called either. */
export type Visible = boolean | ((viewer: Viewer) => boolean | Promise<boolean>);
/** Who asks for a list, and how: what `visible` decides by. */
export interface Viewer {
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly revision: ProtocolVersion;
  readonly transport: TransportName;
}

/**
 * What happens to callers who lack what `requires` asks for.
 * - `"challenge"`: lists leave the entry out; a call by name is refused with the permissions it needs (403 with a
 *   challenge over Streamable HTTP, so that clients can ask their user for more; words elsewhere).
 * - `"listed"`: the same, and lists show it, so that models know what could be asked for.
 * - `"hidden"`: as if it did not exist.
 */
export type WhenDenied = "challenge" | "listed" | "hidden";

/** How often one caller may call: `limit` times at once, and one more time every `windowMs / limit` from then on. */
export interface RateLimit {
  /** A whole number of calls. */
  readonly limit: number;
  readonly windowMs: number;
}

/** Keys every registration shares. */
export interface CommonConfig {
  readonly title?: string;
  readonly description?: string;
  readonly icons?: readonly Icon[];
  readonly _meta?: Meta;
  /** Permissions the caller needs; evaluated on every list and every call. */
  readonly requires?: Requirement;
  readonly visible?: Visible;
  /** What callers without the permissions get. Default: the server's `whenDenied`. */
  readonly whenDenied?: WhenDenied;
  /** How often one caller may call this; several hold together. Default: as often as the server's `rateLimit` has it. */
  readonly rateLimit?: RateLimit | readonly RateLimit[];
  /** How many calls of this one caller may have running at a time, over all processes that share the store. */
  readonly concurrency?: number;
}

/** Configuration of a tool: the official SDK's keys and Holdfast's own. */
export interface ToolConfig<Input extends SchemaInput | undefined, Output extends SchemaInput | undefined>
  extends CommonConfig {
  readonly inputSchema?: Input;
  readonly outputSchema?: Output;
  readonly annotations?: ToolAnnotations;
  /** After this many milliseconds `ctx.signal` aborts and the caller is told. Default: `limits.callTimeoutMs`. */
  readonly timeoutMs?: number;
  /**
   * What may be done with a call that a crash cut off after its handler began. Default: nothing, its outcome is
   * reported as unknown (with `idempotentHint`: run again). `"rerun"`: run again with the same `ctx.operation.id`;
   * steps already journaled are not repeated. A function finds out: a result, `"not-done"` (run), or `"unknown"`.
   */
  readonly recover?: "rerun" | ((operation: CutOffOperation) => Recovered | Promise<Recovered>);
  /**
   * When calls become tasks, for clients that declare `io.modelcontextprotocol/tasks` (2026-07-28): `"slow"` (default)
   * when they last longer than `limits.slowCallMs`, `"always"` at once, `"never"`.
   */
  readonly task?: TaskStart | TaskConfig;
  /** The key of a call that brings none, e.g. an order number: calls with the same key are the same work. */
  idempotencyKey?(args: Input extends SchemaInput ? InferOutput<Input> : Record<string, unknown>): string;
  /** Default `true`: a call without a key joins an equal one that is running or whose answer did not arrive. */
  readonly dedupe?: boolean;
  readonly enabled?: boolean;
}

/** When a call becomes a task. */
export type TaskStart = "slow" | "always" | "never";

/** How calls of a tool become tasks. */
export interface TaskConfig {
  /** Default `"slow"`. */
  readonly start?: TaskStart;
  /** Default `false`. Clients that do not declare the extension are refused (-32021): the work is too long for a call. */
  readonly required?: boolean;
  /** How long a task and its result can be asked for, from its creation. Default: `limits.taskTtlMs`. */
  readonly ttlMs?: number;
  /** What clients are told to wait between two looks. Default: `limits.taskPollMs`. */
  readonly pollIntervalMs?: number;
}

/** An operation whose server died after the handler began. */
export interface CutOffOperation extends Operation {
  /** Results of its journaled steps (`step:<name>`) and answers of the client, by key. */
  readonly journal: ReadonlyMap<string, unknown>;
}
/** What a `recover` function found: what the tool would have returned, or that it did nothing, or that nobody knows. */
export type Recovered = ToolReturn | "not-done" | "unknown";

/** Log messages to the client, at the severities of RFC 5424. */
export interface ContextLog {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void;
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  notice(message: string, data?: Readonly<Record<string, unknown>>): void;
  warning(message: string, data?: Readonly<Record<string, unknown>>): void;
  error(message: string, data?: Readonly<Record<string, unknown>>): void;
  critical(message: string, data?: Readonly<Record<string, unknown>>): void;
  alert(message: string, data?: Readonly<Record<string, unknown>>): void;
  emergency(message: string, data?: Readonly<Record<string, unknown>>): void;
}

/** A form the user fills in: a flat object of strings, numbers, booleans and enums. */
export interface FormElicitation<S extends SchemaInput = SchemaInput> {
  readonly mode?: "form";
  readonly message: string;
  readonly requestedSchema: S;
  /** Names this question over replays of the handler; by default its number. Unique within the call. */
  readonly key?: string;
}
/** A page the user opens, for what must not pass through the client (2025-11-25 and later). */
export interface UrlElicitation {
  readonly mode: "url";
  readonly message: string;
  readonly url: string;
  readonly key?: string;
}
/** The answer to a form: `content` fits the schema when `action` is `"accept"`. */
export type FormResult<S extends SchemaInput> =
  | { readonly action: "accept"; readonly content: InferOutput<S> }
  | { readonly action: "decline" | "cancel"; readonly content?: undefined };

/** The request as it came in. */
export interface RequestInfo {
  readonly id: string | number;
  readonly method: string;
  readonly meta: Meta;
  /** A request header by lower-case name; undefined off HTTP. */
  header(name: string): string | undefined;
}

/**
 * What a handler gets: the same on every transport and every revision. All members can be destructured.
 *
 * `elicit`, `sample`, `roots` and `step` are journaled. On 2026-07-28 a question ends the run and the handler is called
 * again from its start with the answers so far (specification, "Multi Round-Trip Requests"), so put effects after the
 * last question or inside `step`, and let the error these calls throw pass.
 */
export interface RequestContext {
  /** Aborts when the client cancels or (on 2026-07-28) disconnects, on timeout and on shutdown. Never on success. */
  readonly signal: AbortSignal;
  /** Reports progress if the client asked for it; values that do not increase are left out, as the protocol demands. */
  progress(done: number, total?: number, message?: string): void;
  /** Sends log messages at or above the level the client asked for. */
  readonly log: ContextLog;
  readonly principal: Principal;
  /** Throws a `PermissionError` unless the caller has all of the permissions. */
  require(...permissions: readonly string[]): void;
  /** Asks the user. Throws `MissingClientCapabilityError` when the client cannot. */
  elicit<const S extends SchemaInput>(request: FormElicitation<S>): Promise<FormResult<S>>;
  elicit(request: UrlElicitation): Promise<ElicitResult>;
  /** Asks the client's model. Throws `MissingClientCapabilityError` when the client cannot. */
  sample(request: CreateMessageParams & { readonly key?: string }): Promise<CreateMessageResult>;
  /** Asks for the client's root directories. Throws `MissingClientCapabilityError` when the client cannot. */
  roots(request?: { readonly key?: string }): Promise<readonly Root[]>;
  /** Runs `work` once per call, however often the handler is replayed: its result (JSON) is kept in the journal. */
  step<T>(name: string, work: () => T | Promise<T>): Promise<T>;
  /** The work this call asks for; `operation.id` is the same in every replay. */
  readonly operation: Operation;
  readonly client: ClientFacts;
  readonly revision: ProtocolVersion;
  readonly transport: TransportName;
  readonly request: RequestInfo;
  /** Ends the connection of a resumable response stream, so that the client comes back for the rest later. */
  closeStream(): void;
}

/**
 * What a tool may return. A string is text, a plain object structured content, an array of blocks content. With an
 * `outputSchema` (zod, ArkType...; plain JSON Schema has no types): what fits it, or a full result.
 */
export type ToolReturn<Output extends SchemaInput | undefined = undefined> =
  | CallToolResult
  // Parts are not looked at: helpers make results, of wide types and those of the official SDK, also for errors.
  | { readonly content: readonly object[]; readonly isError?: boolean | undefined }
  | (Output extends StandardSchema | RawShape
      ? AsReadonly<InferInput<Output>> | { readonly structuredContent: AsReadonly<InferInput<Output>> }
      : string | readonly ContentBlock[] | object | undefined | null | number | boolean);
/** `T`, or the same that nobody may change: what a tool returns is only written down. */
export type AsReadonly<T> = T extends object ? { readonly [K in keyof T]: AsReadonly<T[K]> } : T;

type Awaitable<T> = T | Promise<T>;
/** Arguments as the handler sees them: after validation, with defaults. */
export type ToolArgs<S> = S extends SchemaInput ? InferOutput<S> : Record<string, unknown>;
/** Does the work of a tool that has an `inputSchema`; without one it gets `(ctx)`. */
export type ToolHandler<S extends SchemaInput, Output extends SchemaInput | undefined = undefined> = (
  args: InferOutput<S>,
  ctx: RequestContext,
) => Awaitable<ToolReturn<Output>>;

/** Completes one argument: given what was typed and the arguments known so far. */
export type Completer = (
  value: string,
  context: { readonly arguments: Readonly<Record<string, string>>; readonly principal: Principal },
) => Awaitable<readonly string[]>;

/** What is said of a resource when it is registered. */
export interface ResourceConfig extends CommonConfig {
  readonly mimeType?: string;
  readonly size?: number;
  readonly annotations?: Annotations;
  readonly cache?: CacheHint;
}
/** Reads a resource. */
export type ReadResource = (uri: URL, ctx: RequestContext) => Awaitable<ReadResourceResult>;
/** Reads a resource that a template stands for; `variables` are those of the URI. */
export type ReadTemplate = (
  uri: URL,
  variables: Readonly<Record<string, string | string[]>>,
  ctx: RequestContext,
) => Awaitable<ReadResourceResult>;
/** Lists the resources a template stands for. */
export type ListTemplate = (ctx: RequestContext) => Awaitable<{ readonly resources: readonly Resource[] }>;

/** What is said of a prompt when it is registered. */
export interface PromptConfig<Args extends SchemaInput | undefined> extends CommonConfig {
  readonly argsSchema?: Args;
  /** Completers by argument name. */
  readonly complete?: Readonly<Record<string, Completer>>;
}
/** What a handler of a prompt gives back. */
export type PromptReturn = Awaitable<GetPromptResult>;
/** Makes the messages of a prompt that has an `argsSchema`; without one it gets `(ctx)`. */
export type PromptHandler<S extends SchemaInput> = (args: InferOutput<S>, ctx: RequestContext) => PromptReturn;

/** A request on its way to its handler, as middleware sees it. */
export interface MiddlewareRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly revision: ProtocolVersion;
  readonly transport: TransportName;
}
/**
 * Runs around every request. Return what `next()` gives, something else, or throw (`McpError` for a JSON-RPC error).
 * Called in the order of `use`.
 */
export type Middleware = (request: MiddlewareRequest, next: () => Promise<object>) => object | Promise<object>;

/** A handle on a registration: change it at run time; clients are told by `list_changed`. */
export interface Registered<Config> {
  readonly name: string;
  enable(): void;
  disable(): void;
  update(changes: Partial<Config>): void;
  remove(): void;
}

export type { InferInput, InferOutput, SchemaInput };
