/** The official client 2.x: legacy (`initialize`), modern (2026-07-28 pinned) or negotiating, on every transport it has. */
import {
  Client,
  type ClientCapabilities,
  type CreateMessageResult,
  type ElicitResult,
  type ListRootsResult,
  type LoggingLevel,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { ANSWERS, CAPABILITIES } from "./official-answers.js";
import { collectStderr, httpParameters, requestOptions, stdioParameters } from "./official-options.js";
import { recordTransport } from "./official-recording.js";
import type {
  ConnectOptions,
  NamedItem,
  OfficialClient,
  OfficialDriver,
  OfficialNotification,
  OfficialTarget,
  OfficialTransport,
  OfficialVerbs,
  ToolResult,
  Watch,
} from "./official-types.js";
import { Queue } from "./queue.js";
import type { WireObject } from "./wire-schema.js";

/** How the client chooses its era; `auto` asks `server/discover` first and takes the modern one where there is one. */
export type V2Mode = "legacy" | "modern" | "auto";

const NEGOTIATION: Readonly<Record<V2Mode, VersionNegotiationMode>> = {
  legacy: "legacy",
  modern: { pin: "2026-07-28" },
  auto: "auto",
};

export function v2Driver(mode: V2Mode, transport: OfficialTransport): OfficialDriver {
  const label = `v2 ${mode} ${transport}`;
  const era = mode === "legacy" ? "legacy" : "modern";
  return {
    label,
    sdk: "v2",
    era,
    transport,
    connect: async (target, options = {}) => ({ label, ...(await connect(target, options, { mode, transport })) }),
  };
}

interface Kind {
  readonly mode: V2Mode;
  readonly transport: OfficialTransport;
}

async function connect(
  target: OfficialTarget,
  options: ConnectOptions,
  kind: Kind,
): Promise<Omit<OfficialClient, "label">> {
  const info = options.clientInfo ?? { name: `official-v2-${kind.mode}-${kind.transport}`, version: "2.4.0" };
  const capabilities = (options.capabilities ?? CAPABILITIES) as ClientCapabilities;
  const client = new Client(info, { capabilities, versionNegotiation: { mode: NEGOTIATION[kind.mode] } });
  const errors: Error[] = [];
  client.onerror = (error) => void errors.push(error);
  answerWith(client, capabilities, options);
  const notifications = new Queue<OfficialNotification>();
  client.fallbackNotificationHandler = async ({ method, params }) => {
    notifications.push({ method, ...(params && { params: params as WireObject }) });
  };
  const transport = transportFor(target, options, kind.transport);
  const recorder = recordTransport(transport, `v2 ${kind.mode} ${kind.transport}`);
  const stderr = collectStderr(transport);
  await client.connect(transport);
  const era = client.getProtocolEra() ?? "legacy";
  return {
    era,
    transport: kind.transport,
    revision: client.getNegotiatedProtocolVersion() ?? "",
    serverInfo: client.getServerVersion() as WireObject | undefined,
    capabilities: client.getServerCapabilities() as WireObject | undefined,
    instructions: client.getInstructions(),
    notifications,
    errors,
    recorder,
    stderr,
    ...verbs(client, era === "modern"),
    close: async () => {
      try {
        const session = transport instanceof StreamableHTTPClientTransport && era === "legacy" ? transport : undefined;
        await session?.terminateSession();
      } finally {
        await client.close();
      }
      recorder.assertClean();
    },
  };
}

function answerWith(client: Client, capabilities: ClientCapabilities, options: ConnectOptions): void {
  const answers = { ...ANSWERS, ...options.answers };
  if (capabilities.elicitation !== undefined) {
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      return (await answers.elicit(params as WireObject)) as ElicitResult;
    });
  }
  if (capabilities.sampling !== undefined) {
    client.setRequestHandler("sampling/createMessage", async ({ params }) => {
      return (await answers.sample(params as WireObject)) as CreateMessageResult;
    });
  }
  if (capabilities.roots !== undefined) {
    client.setRequestHandler("roots/list", async () => (await answers.roots()) as ListRootsResult);
  }
}

function verbs(client: Client, modern: boolean): OfficialVerbs {
  let logLevel: string | undefined;
  // A list is served from the client's cache while it is fresh; tests mean the server.
  const fresh = { cacheMode: "refresh" } as const;
  const metaOf = (meta: WireObject | undefined) => {
    const level = logLevel === undefined ? {} : { "io.modelcontextprotocol/logLevel": logLevel };
    const all = { ...level, ...meta };
    return Object.keys(all).length === 0 ? {} : { _meta: all };
  };
  return {
    listTools: async () => (await client.listTools(undefined, fresh)).tools as NamedItem[],
    callTool: async (name, args = {}, options = {}) => {
      const params = { name, arguments: args, ...metaOf(options.meta) };
      return (await client.callTool(params, requestOptions(options))) as unknown as ToolResult;
    },
    listResources: async () => (await client.listResources(undefined, fresh)).resources as NamedItem[],
    listResourceTemplates: async () => {
      return (await client.listResourceTemplates(undefined, fresh)).resourceTemplates as NamedItem[];
    },
    readResource: async (uri) => (await client.readResource({ uri }, fresh)).contents,
    listPrompts: async () => (await client.listPrompts(undefined, fresh)).prompts as NamedItem[],
    getPrompt: async (name, args) => {
      return (await client.getPrompt({ name, ...(args && { arguments: args }) })).messages as unknown as WireObject[];
    },
    complete: async (ref, argument, known) => {
      const typed =
        "prompt" in ref
          ? { type: "ref/prompt" as const, name: ref.prompt }
          : { type: "ref/resource" as const, uri: ref.resource };
      const context = known && { context: { arguments: known } };
      return (await client.complete({ ref: typed, argument, ...context })).completion.values;
    },
    subscribe: (watch) => (modern ? listen(client, watch) : subscribe(client, watch)),
    setLogLevel: async (level) => {
      if (modern) logLevel = level;
      else await client.setLoggingLevel(level as LoggingLevel);
    },
  };
}

async function subscribe(client: Client, { uris = [] }: Watch): Promise<() => Promise<void>> {
  for (const uri of uris) await client.subscribeResource({ uri });
  return async () => {
    for (const uri of uris) await client.unsubscribeResource({ uri });
  };
}

async function listen(client: Client, { uris = [], lists = [] }: Watch): Promise<() => Promise<void>> {
  const subscription = await client.listen({
    ...(lists.includes("tools") && { toolsListChanged: true }),
    ...(lists.includes("prompts") && { promptsListChanged: true }),
    ...(lists.includes("resources") && { resourcesListChanged: true }),
    ...(uris.length > 0 && { resourceSubscriptions: [...uris] }),
  });
  return () => subscription.close();
}

function transportFor(target: OfficialTarget, options: ConnectOptions, kind: OfficialTransport): Transport {
  if (kind === "stdio") return new StdioClientTransport(stdioParameters(target, getDefaultEnvironment()));
  const { url, http } = httpParameters(target, options, kind);
  return kind === "sse" ? new SSEClientTransport(url, http) : new StreamableHTTPClientTransport(url, http);
}
