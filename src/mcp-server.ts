import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Implementation } from "./protocol/types.js";
import type { RunHandle } from "./runtimes/run.js";
import { RUN_OPTIONS, type RunOptions, resolveRunOptions } from "./runtimes/run-options.js";
import { compilePrompt, compileResource, compileTemplate, compileTool } from "./server/compile.js";
import { Definition } from "./server/definition.js";
import type { McpServerOptions } from "./server/options.js";
import { ResourceTemplate } from "./server/resource-template.js";
import type { SchemaInput } from "./server/schema/index.js";
import type {
  InferOutput,
  Middleware,
  PromptConfig,
  PromptHandler,
  PromptReturn,
  ReadResource,
  ReadTemplate,
  Registered,
  RequestContext,
  ResourceConfig,
  ToolConfig,
  ToolReturn,
} from "./server/types.js";
import { announceRun } from "./util/announce-run.js";
import { decideOutput } from "./util/early-output.js";

type AnyToolConfig = ToolConfig<SchemaInput | undefined, SchemaInput | undefined>;
type Awaitable<T> = T | Promise<T>;

/**
 * A server: its tools, resources and prompts, written once and served over every transport to clients of every
 * protocol revision.
 *
 * @example
 * ```ts
 * import { McpServer } from "holdfast";
 * import { z } from "zod";
 *
 * const mcp = new McpServer({ name: "greeter", version: "1.0.0" });
 * mcp.registerTool(
 *   "greet",
 *   { description: "Greets somebody.", inputSchema: z.object({ name: z.string() }), annotations: { readOnlyHint: true } },
 *   ({ name }) => `Hello, ${name}!`,
 * );
 * await mcp.run();
 * ```
 */
export class McpServer {
  readonly #definition: Definition;
  #mounting: Promise<Mounted> | undefined;
  #mounted: Mounted | undefined;

  /** @throws TypeError or HoldfastError when the options cannot be used. */
  constructor(info: Implementation, options: McpServerOptions = {}) {
    this.#definition = new Definition(info, options);
    DEFINITIONS.set(this, this.#definition);
  }

  /**
   * Registers a tool. The keys of `config` are those of the official SDK; `requires`, `visible` and `timeoutMs` are
   * Holdfast's. Arguments are validated and typed by `inputSchema`; without one the handler gets `(ctx)`.
   *
   * @throws HoldfastError `ERR_DUPLICATE_NAME`; TypeError for a bad name or schema.
   */
  registerTool<const O extends SchemaInput | undefined = undefined, const R extends ToolReturn<O> = ToolReturn<O>>(
    name: string,
    config: ToolConfig<undefined, O>,
    handler: (ctx: RequestContext) => Awaitable<R>,
  ): Registered<AnyToolConfig>;
  registerTool<const O extends SchemaInput | undefined = undefined, const R extends ToolReturn<O> = ToolReturn<O>>(
    name: string,
    config: ToolConfig<undefined, O>,
    handler: (args: Readonly<Record<string, unknown>>, ctx: RequestContext) => Awaitable<R>,
  ): Registered<AnyToolConfig>;
  // The last is the one that the compiler explains when nothing matches, so it has room for every tool.
  registerTool<
    const I extends SchemaInput | undefined = undefined,
    const O extends SchemaInput | undefined = undefined,
    const R extends ToolReturn<O> = ToolReturn<O>,
  >(
    name: string,
    config: ToolConfig<I, O>,
    handler: (args: I extends SchemaInput ? InferOutput<I> : RequestContext, ctx: RequestContext) => Awaitable<R>,
  ): Registered<AnyToolConfig>;
  registerTool(name: string, config: AnyToolConfig, handler: (...args: never[]) => unknown): Registered<AnyToolConfig> {
    return this.#definition.register<AnyToolConfig>({
      kind: "tools",
      name,
      key: name,
      config,
      compile: (changed) => ({ of: "tool", entry: compileTool(name, changed, handler) }),
    });
  }

  /**
   * Registers a resource at a URI, or many behind a `ResourceTemplate`.
   *
   * @throws HoldfastError `ERR_DUPLICATE_NAME`; TypeError when the URI is no URI.
   */
  registerResource(name: string, uri: string, config: ResourceConfig, read: ReadResource): Registered<ResourceConfig>;
  registerResource(
    name: string,
    template: ResourceTemplate,
    config: ResourceConfig,
    read: ReadTemplate,
  ): Registered<ResourceConfig>;
  registerResource(
    name: string,
    at: string | ResourceTemplate,
    config: ResourceConfig,
    read: ReadResource | ReadTemplate,
  ): Registered<ResourceConfig> {
    const key = typeof at === "string" ? at : `template ${name}`;
    return this.#definition.register<ResourceConfig>({
      kind: "resources",
      name,
      key,
      config,
      compile: (changed) =>
        at instanceof ResourceTemplate
          ? { of: "template", entry: compileTemplate(name, at, changed, read as ReadTemplate) }
          : { of: "resource", entry: compileResource(name, at, changed, read as ReadResource) },
    });
  }

  /**
   * Registers a prompt. Its arguments are the properties of `argsSchema`; without one the handler gets `(ctx)`.
   *
   * @throws HoldfastError `ERR_DUPLICATE_NAME`; TypeError for a bad schema.
   */
  registerPrompt(
    name: string,
    config: PromptConfig<undefined>,
    handler: (ctx: RequestContext) => PromptReturn,
  ): Registered<PromptConfig<SchemaInput | undefined>>;
  registerPrompt<const A extends SchemaInput>(
    name: string,
    config: PromptConfig<A> & { readonly argsSchema: A },
    handler: PromptHandler<A>,
  ): Registered<PromptConfig<SchemaInput | undefined>>;
  registerPrompt(
    name: string,
    config: PromptConfig<SchemaInput | undefined>,
    handler: (...args: never[]) => unknown,
  ): Registered<PromptConfig<SchemaInput | undefined>> {
    return this.#definition.register<PromptConfig<SchemaInput | undefined>>({
      kind: "prompts",
      name,
      key: name,
      config,
      compile: (changed) => ({ of: "prompt", entry: compilePrompt(name, changed, handler) }),
    });
  }

  /** Adds a middleware around every request, in the order of the calls. */
  use(middleware: Middleware): this {
    this.#definition.middleware.push(middleware);
    return this;
  }

  /** Tells subscribed clients that a resource has changed. */
  sendResourceUpdated(params: { readonly uri: string }): void {
    this.#definition.hub.resourceUpdated(params.uri);
  }

  /** Tells clients that the list of tools has changed; registering and changing tools does so by itself. */
  sendToolListChanged(): void {
    this.#definition.hub.listChanged("tools");
  }

  /** Tells clients that the list of resources has changed, e.g. what a template lists. */
  sendResourceListChanged(): void {
    this.#definition.hub.listChanged("resources");
  }

  /** Tells clients that the list of prompts has changed. */
  sendPromptListChanged(): void {
    this.#definition.hub.listChanged("prompts");
  }

  /**
   * Serves: over stdio by default, or as `options` and the environment (`MCP_TRANSPORT`, `MCP_HOST`, `MCP_PORT`,
   * `MCP_PATH`) say. Resolves when the server is ready.
   *
   * @throws HoldfastError `ERR_UNKNOWN_TRANSPORT`, `ERR_ADDRESS_IN_USE`, `ERR_PUBLIC_WITHOUT_AUTH`, `ERR_CONFIG`.
   */
  async run(options: RunOptions = {}): Promise<RunHandle> {
    const resolved = resolveRunOptions(options);
    // Before the first await: what was printed so far must not reach a stdout that carries the protocol.
    decideOutput(resolved.transports.includes("stdio") ? "stderr" : "stdout");
    const started = import("./runtimes/run.js").then(({ run }) => run(this.#definition, resolved));
    announceRun(started);
    return started;
  }

  /**
   * Serves one `node:http` request on `/mcp`, `/sse`, `/messages`, `/health` and `/ready`: mount it in any framework.
   * A body that the framework has already parsed is read from `request.body`.
   */
  readonly node = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    if (this.#mounted !== undefined) this.#mounted.node(request, response);
    else
      void this.#mount().then(
        (mounted) => mounted.node(request, response),
        (error) => failed(response, error),
      );
  };

  /** Serves one web-standard request, e.g. in Hono, Next.js, or a worker. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const mounted = await this.#mount();
    return mounted.fetch(request);
  };

  /**
   * Stops a mounted server (`node`, `fetch`) as `RunHandle.shutdown` stops one that `run` serves: `/ready` says no, new
   * work is refused with `Retry-After`, calls in flight get `graceMs` (default 10 s) to end, then streams end. Call it
   * before the server around it is closed. Does nothing on a server that was never mounted.
   */
  async shutdown({ graceMs = RUN_OPTIONS.graceMs.default }: { readonly graceMs?: number } = {}): Promise<void> {
    if (this.#mounting === undefined) return;
    const mounted = await this.#mounting;
    await mounted.shutdown(graceMs);
  }

  async #mount(): Promise<Mounted> {
    this.#mounting ??= import("./runtimes/mount.js").then(({ mount }) => mount(this.#definition));
    this.#mounted = await this.#mounting;
    return this.#mounted;
  }
}

/** The server could not be set up at all: said to this caller, and thrown for the operator to see. */
function failed(response: ServerResponse | Http2ServerResponse, error: unknown): never {
  response.writeHead(500);
  response.end("The MCP server could not be started.\n");
  throw error;
}

type Mounted = import("./runtimes/mount.js").Mounted;

/** The definition behind a server, for rooms that use what a third party could not (testing, tools). Not semver. */
const DEFINITIONS = new WeakMap<McpServer, Definition>();

/** The definition behind a server. Internal. */
export function definitionOf(server: McpServer): Definition {
  const definition = DEFINITIONS.get(server);
  if (definition === undefined) throw new TypeError("not a Holdfast McpServer");
  return definition;
}
