/** One client on each transport and revision, with the same few verbs, so that one test runs over all of them. */
import type { McpServer } from "../../../src/index.js";
import { SseClient } from "../../support/raw-http.js";
import { isWireObject, type Revision, type WireObject } from "../../support/wire-schema.js";
import type { Served } from "./server.js";
import { StdioClient } from "./stdio-client.js";
import { cancelled, expectAccepted, type Id, isAnswer, only, requestText, type Talk, WAIT } from "./talk.js";
import { http, modernHttp } from "./talks-http.js";

export { requestText, type Talk } from "./talk.js";

export interface TalkKind {
  readonly name: string;
  readonly revision: Revision;
  readonly transport: "http" | "sse" | "stdio";
  start(served: Served): Promise<Talk>;
}

/** The tools that talks use; the server over stdio has its own of these names. */
export function registerWaiting(mcp: McpServer): void {
  const waiting: (() => void)[] = [];
  mcp.registerTool("wait", {}, async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return "released";
  });
  mcp.registerTool("release", {}, () => {
    for (const resolve of waiting.splice(0)) resolve();
    return "ok";
  });
}

/** What a process may take to start on a busy machine. */
const STARTED_MS = 15_000;
/** Longer ones are no ids. */
const MAX_ID_LENGTH = 1024;
const LEGACY: readonly Revision[] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

export const TALKS: readonly TalkKind[] = [
  ...LEGACY.map((revision): TalkKind => {
    return {
      name: `Streamable HTTP, ${revision}`,
      revision,
      transport: "http",
      start: (served) => http(served, revision),
    };
  }),
  { name: "Streamable HTTP, 2026-07-28", revision: "2026-07-28", transport: "http", start: modernHttp },
  ...LEGACY.map((revision): TalkKind => {
    return { name: `HTTP+SSE, ${revision}`, revision, transport: "sse", start: (served) => httpSse(served, revision) };
  }),
  { name: "stdio, 2025-11-25", revision: "2025-11-25", transport: "stdio", start: () => stdio(true) },
  { name: "stdio, 2026-07-28", revision: "2026-07-28", transport: "stdio", start: () => stdio(false) },
];

/** The answer to this very text: by its id where it has one that can be read, else an error without an id. */
const isReplyTo = (text: string) => {
  const id = idOf(text);
  return id === undefined ? (message: WireObject) => !("id" in message) && "error" in message : isAnswer(id);
};

async function httpSse(served: Served, revision: Revision): Promise<Talk> {
  const client = new SseClient(served.sseUrl, {});
  await client.resume();
  await client.initialize(revision);
  return {
    ask: async (text) => {
      const accepted = await client.send(text);
      if (accepted.status !== 202) return await only(Promise.resolve(accepted));
      return await client.messages.expect(isReplyTo(text));
    },
    tell: async (text) => expectAccepted(await client.send(text)),
    begin: async (id) => expectAccepted(await client.send(client.message("tools/call", WAIT, id))),
    cancel: async (id) => expectAccepted(await client.send(cancelled(id))),
    answers: (id) => client.messages.all.filter(isAnswer(id)),
    close: async () => client.close(),
  };
}

async function stdio(initialized: boolean): Promise<Talk> {
  const client = new StdioClient("pipe");
  if (initialized) await client.initialize();
  const send = (text: string) => {
    const message: unknown = JSON.parse(text);
    if (isWireObject(message)) client.note(message);
    client.write(`${text}\n`);
  };
  return {
    ask: async (text) => {
      send(text);
      // The first answer comes when the process has started.
      return await client.messages.expect(isReplyTo(text), STARTED_MS);
    },
    tell: async (text) => send(text),
    begin: async (id) => {
      const revision = initialized ? "2025-11-25" : "2026-07-28";
      send(requestText(revision, JSON.stringify(id), "tools/call", WAIT));
    },
    cancel: async (id) => client.send(cancelled(id)),
    answers: (id) => client.messages.all.filter(isAnswer(id)),
    close: async () => {
      client.child.stdin.end();
      await client.exited;
    },
  };
}

function idOf(text: string): Id | undefined {
  const message: unknown = JSON.parse(text);
  const id = isWireObject(message) ? message.id : undefined;
  return (typeof id === "string" && id.length <= MAX_ID_LENGTH) || Number.isSafeInteger(id) ? (id as Id) : undefined;
}
