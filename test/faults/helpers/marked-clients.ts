/**
 * Clients that use id 1 for every request and mark each call, one for every way to reach a server. What comes back must
 * carry the mark of its call, the caller and the revision; anything else throws.
 */
import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { expect } from "vitest";
import { modernRequest, post, SseClient } from "../../support/raw-http.js";
import { isWireObject, type Revision, type WireObject, WireRecorder } from "../../support/wire-schema.js";
import { quickSession } from "./quick-session.js";

export type How = "plain" | "progress" | "fail" | "error" | "elicit" | "sample";

export interface Marked {
  readonly marker: string;
  readonly how: How;
  readonly turns: number;
}

export interface MarkedClient {
  readonly label: string;
  /** The caller, revision and transport that the server must see. */
  readonly seenAs: string;
  readonly hows: readonly How[];
  /** Messages that belong to this call: its notifications, and last its answer. */
  call(marked: Marked): Promise<WireObject[]>;
  close(): Promise<void>;
}

export interface Where {
  /** `http://127.0.0.1:port` */
  readonly base: string;
  readonly user: string;
}

/** The one id of all requests. */
const ID = 1;
const ALWAYS: readonly How[] = ["plain", "plain", "progress", "fail", "error"];

const params = ({ marker, how, turns }: Marked): WireObject => ({
  name: "mark",
  arguments: { marker, how, turns },
  _meta: { progressToken: marker },
});

/** What a user or a model says to a question: its own mark back, so that answers cannot be mixed up unseen. */
function answerTo(request: WireObject): WireObject {
  const asked = request.params as WireObject;
  if (request.method === "elicitation/create") {
    return { action: "accept", content: { marker: `answer to ${String(asked.message)}` } };
  }
  const [message] = asked.messages as { content: { text: string } }[];
  return {
    role: "assistant",
    model: "m",
    content: { type: "text", text: `answer to ${message?.content.text ?? ""}` },
  };
}

export async function sessionClient(where: Where, revision: Revision): Promise<MarkedClient> {
  const asks: How = revision === "2025-03-26" ? "sample" : "elicit";
  const capabilities = revision === "2025-03-26" ? { sampling: {} } : { elicitation: {} };
  const session = await quickSession(`${where.base}/mcp`, revision, { user: where.user, capabilities });
  const agent = new Agent({ keepAlive: true });
  return {
    label: `${revision} ${where.user}`,
    seenAs: `${where.user} ${revision} http`,
    hows: [...ALWAYS, asks],
    call: async (marked) => {
      const stream = await session.open(session.message("tools/call", params(marked), ID), { agent });
      const got: WireObject[] = [];
      for await (const message of stream.messages) {
        if (!("method" in message && "id" in message)) got.push(message);
        else {
          expect(JSON.stringify(message)).toContain(marked.marker);
          await session.post({ jsonrpc: "2.0", id: message.id, result: answerTo(message) }, { agent });
        }
      }
      return got;
    },
    close: async () => {
      await session.end();
      agent.destroy();
    },
  };
}

/** A client that never sends a session id: older libraries, scripts, load balancers' probes. */
export function statelessClient(where: Omit<Where, "user">): MarkedClient {
  const agent = new Agent({ keepAlive: true });
  return {
    label: "stateless",
    seenAs: "anonymous 2025-03-26 http",
    hows: ALWAYS,
    call: async (marked) => {
      const message = { jsonrpc: "2.0", id: ID, method: "tools/call", params: params(marked) };
      return (await post(`${where.base}/mcp`, message, { agent })).messages;
    },
    close: async () => agent.destroy(),
  };
}

export function modernClient(where: Where): MarkedClient {
  const agent = new Agent({ keepAlive: true });
  const send = async (marked: Marked, more: WireObject = {}) => {
    const { message, headers } = modernRequest(
      "tools/call",
      { ...params(marked), ...more },
      {
        id: ID,
        capabilities: { elicitation: {}, sampling: {} },
      },
    );
    const { messages } = await post(`${where.base}/mcp`, message, {
      agent,
      headers: { ...headers, "x-user": where.user },
    });
    return messages;
  };
  return {
    label: `2026-07-28 ${where.user}`,
    seenAs: `${where.user} 2026-07-28 http`,
    hows: [...ALWAYS, "elicit", "sample"],
    call: async (marked) => {
      const messages = await send(marked);
      const result = messages.at(-1)?.result;
      if (!isWireObject(result) || result.resultType !== "input_required") return messages;
      expect(JSON.stringify(result.inputRequests)).toContain(marked.marker);
      const asked = Object.entries(result.inputRequests as Record<string, WireObject>);
      const inputResponses = Object.fromEntries(asked.map(([key, request]) => [key, answerTo(request)]));
      return send(marked, { inputResponses, requestState: result.requestState });
    },
    close: async () => agent.destroy(),
  };
}

/** HTTP+SSE: all answers come on one stream under one id, so only their marks tell them apart. */
export async function sseClient(where: Where): Promise<MarkedClient> {
  const client = new SseClient(`${where.base}/sse`, {
    headers: { "x-user": where.user },
    recorder: new WireRecorder("2024-11-05"),
  });
  await client.resume();
  await client.initialize("2024-11-05", { capabilities: { sampling: {} } });
  const answering = answerAll(client);
  return {
    label: `2024-11-05 ${where.user}`,
    seenAs: `${where.user} 2024-11-05 sse`,
    hows: [...ALWAYS, "sample"],
    call: async (marked) => {
      const accepted = await client.send({ jsonrpc: "2.0", id: ID, method: "tools/call", params: params(marked) });
      expect(accepted.status).toBe(202);
      const got: WireObject[] = [];
      for (;;) {
        const message = await client.messages.expect((one) => {
          return !("method" in one && "id" in one) && JSON.stringify(one).includes(marked.marker);
        }, 20_000);
        got.push(message);
        if (!("method" in message)) return got;
      }
    },
    close: async () => {
      client.close();
      client.messages.end();
      await answering;
      // An answer too many, or one that belongs to somebody else, would be left over.
      expect(await client.messages.next()).toBeUndefined();
    },
  };
}

async function answerAll(client: SseClient): Promise<void> {
  for (;;) {
    const request = await client.messages.next((one) => "method" in one && "id" in one, 60_000);
    if (request === undefined) return;
    await client.respond(request.id, answerTo(request));
  }
}

/** Makes calls, so many at a time, and judges each answer; resolves with how many there were of each kind. */
export async function hammer(client: MarkedClient, calls: number, inFlight: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let next = 0;
  const worker = async () => {
    while (next < calls) {
      const number = next++;
      const how = client.hows[number % client.hows.length] ?? "plain";
      const marker = `<${client.label} #${number} ${randomBytes(9).toString("base64url")} é😀>`;
      const marked = { marker, how, turns: number % 5 };
      judge(await client.call(marked), marked, client.seenAs);
      counts[how] = (counts[how] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return counts;
}

function judge(messages: readonly WireObject[], { marker, how }: Marked, seenAs: string): void {
  const own = `${marker} ${seenAs}`;
  const steps = how === "progress" ? [1, 2, 3] : [];
  const notifications = steps.map((progress) => ({
    jsonrpc: "2.0",
    method: "notifications/progress",
    params: { progressToken: marker, progress, total: 3, message: own },
  }));
  const text = how === "elicit" || how === "sample" ? `${own} answer to ${own}` : own;
  const result = { content: [{ type: "text", text }], ...(how === "fail" && { isError: true }) };
  const answer = how === "error" ? { error: { code: 4711, message: own, data: { own } } } : { result };
  expect(messages.slice(0, -1)).toEqual(notifications);
  expect(messages.at(-1)).toMatchObject({ jsonrpc: "2.0", id: ID, ...answer });
}
