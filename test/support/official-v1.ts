/** The official SDK 1.x client: 2025-11-25 and older, on stdio, HTTP+SSE and Streamable HTTP. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  type ClientCapabilities,
  CreateMessageRequestSchema,
  type CreateMessageResult,
  ElicitRequestSchema,
  type ElicitResult,
  ListRootsRequestSchema,
  type ListRootsResult,
  type LoggingLevel,
} from "@modelcontextprotocol/sdk/types.js";
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
} from "./official-types.js";
import { Queue } from "./queue.js";
import type { WireObject } from "./wire-schema.js";

export function v1Driver(transport: OfficialTransport): OfficialDriver {
  const label = `v1 legacy ${transport}`;
  return {
    label,
    sdk: "v1",
    era: "legacy",
    transport,
    connect: async (target, options = {}) => ({ label, ...(await connect(target, options, transport)) }),
  };
}

async function connect(
  target: OfficialTarget,
  options: ConnectOptions,
  kind: OfficialTransport,
): Promise<Omit<OfficialClient, "label">> {
  const info = options.clientInfo ?? { name: `official-v1-${kind}`, version: "1.32.2" };
  const capabilities = (options.capabilities ?? CAPABILITIES) as ClientCapabilities;
  const client = new Client(info, { capabilities });
  const errors: Error[] = [];
  client.onerror = (error) => void errors.push(error);
  answerWith(client, capabilities, options);
  const notifications = new Queue<OfficialNotification>();
  client.fallbackNotificationHandler = async ({ method, params }) => {
    notifications.push({ method, ...(params && { params: params as WireObject }) });
  };
  const transport = transportFor(target, options, kind);
  const recorder = recordTransport(transport, `v1 ${kind}`);
  const stderr = collectStderr(transport);
  await client.connect(transport);
  return {
    era: "legacy",
    transport: kind,
    revision: recorder.revision,
    serverInfo: client.getServerVersion(),
    capabilities: client.getServerCapabilities(),
    instructions: client.getInstructions(),
    notifications,
    errors,
    recorder,
    stderr,
    ...verbs(client),
    close: async () => {
      try {
        if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession();
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
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => (await answers.elicit(params)) as ElicitResult);
  }
  if (capabilities.sampling !== undefined) {
    client.setRequestHandler(CreateMessageRequestSchema, async ({ params }) => {
      return (await answers.sample(params)) as CreateMessageResult;
    });
  }
  if (capabilities.roots !== undefined) {
    client.setRequestHandler(ListRootsRequestSchema, async () => (await answers.roots()) as ListRootsResult);
  }
}

function verbs(client: Client): OfficialVerbs {
  return {
    listTools: async () => (await client.listTools()).tools as NamedItem[],
    callTool: async (name, args = {}, options = {}) => {
      const params = { name, arguments: args, ...(options.meta && { _meta: options.meta }) };
      return (await client.callTool(params, undefined, requestOptions(options))) as ToolResult;
    },
    listResources: async () => (await client.listResources()).resources as NamedItem[],
    listResourceTemplates: async () => (await client.listResourceTemplates()).resourceTemplates as NamedItem[],
    readResource: async (uri) => (await client.readResource({ uri })).contents,
    listPrompts: async () => (await client.listPrompts()).prompts as NamedItem[],
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
    subscribe: async ({ uris = [] }) => {
      for (const uri of uris) await client.subscribeResource({ uri });
      return async () => {
        for (const uri of uris) await client.unsubscribeResource({ uri });
      };
    },
    setLogLevel: async (level) => void (await client.setLoggingLevel(level as LoggingLevel)),
  };
}

function transportFor(target: OfficialTarget, options: ConnectOptions, kind: OfficialTransport): Transport {
  if (kind === "stdio") return new StdioClientTransport(stdioParameters(target, getDefaultEnvironment()));
  const { url, http } = httpParameters(target, options, kind);
  return kind === "sse" ? new SSEClientTransport(url, http) : new StreamableHTTPClientTransport(url, http);
}
