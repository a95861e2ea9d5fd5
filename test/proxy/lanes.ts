/** One call of the tool `story` in each of the three ways to speak MCP over HTTP, on any wire. */
import { modernRequest, Queue, SseParser } from "../support/raw-http.js";
import { type Exchange, isWireObject, type Revision, type WireObject, WireRecorder } from "../support/wire-schema.js";
import type { Answered, Wire } from "./wire.js";

const BOTH_FORMS = "application/json, text/event-stream";
const CLIENT = { name: "lane", version: "1.0.0" };

/** What a client sees of one answer while it arrives. */
export interface Arriving {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly messages: Queue<WireObject>;
  /** Data of events that are no messages: HTTP+SSE's `endpoint`. */
  readonly endpoints: Queue<string>;
  readonly parser: SseParser;
  /** How it ended: whole, or broken off. */
  readonly ended: Promise<"end" | "broken">;
  /** Goes away: closes the connection, or on HTTP/2 the stream. */
  close(): void;
}

/** A client that is ready to call. */
export interface LaneClient {
  /** Calls the tool, runs `first` once it was sent, and resolves when the head of the answer is there. */
  call(params: WireObject, first: () => void): Promise<Arriving>;
  /** Opens what this lane keeps open while nothing is said; undefined where there is no such thing. */
  listen(): Promise<Arriving | undefined>;
}

export interface Lane {
  readonly name: string;
  open(wire: Wire, base: string): Promise<LaneClient>;
}

const sse: Lane = {
  name: "2024-11-05 HTTP+SSE",
  open: async (wire, base) => {
    const exchange = exchangeOf("2024-11-05");
    const headers = { accept: "text/event-stream" };
    const stream = arriving(await wire.send({ method: "GET", url: `${base}/sse`, headers }), exchange);
    const endpoint = new URL(await stream.endpoints.expect(), base).href;
    const post = async (message: WireObject) => {
      const { status } = await postJson(wire, endpoint, message, exchange);
      if (status !== 202) throw new Error(`the message was answered with ${status}`);
    };
    await post(initialize("2024-11-05"));
    await stream.messages.expect(({ id }) => id === "initialize");
    await post(INITIALIZED);
    return {
      call: async (params, first) => {
        await post(call(params));
        first();
        return stream;
      },
      listen: async () => stream,
    };
  },
};

const streamable: Lane = {
  name: "2025-11-25",
  open: async (wire, base) => {
    const url = `${base}/mcp`;
    const opened = await postJson(wire, url, initialize("2025-11-25"), exchangeOf("2025-11-25"));
    await opened.messages.expect();
    const headers = {
      "mcp-session-id": String(opened.headers["mcp-session-id"]),
      "mcp-protocol-version": "2025-11-25",
    };
    await postJson(wire, url, INITIALIZED, exchangeOf("2025-11-25"), headers);
    return {
      call: async (params, first) => {
        const answered = postJson(wire, url, call(params), exchangeOf("2025-11-25"), headers);
        first();
        return await answered;
      },
      listen: async () => {
        const asked = { method: "GET", url, headers: { ...headers, accept: "text/event-stream" } };
        return arriving(await wire.send(asked), exchangeOf("2025-11-25", true));
      },
    };
  },
};

const modern: Lane = {
  name: "2026-07-28",
  open: async (wire, base) => ({
    call: async (params, first) => {
      const { message, headers } = modernRequest("tools/call", params, { logLevel: "info" });
      const answered = postJson(wire, `${base}/mcp`, message, exchangeOf("2026-07-28"), headers);
      first();
      return await answered;
    },
    listen: async () => undefined,
  }),
};

export const LANES: readonly Lane[] = [sse, streamable, modern];

const INITIALIZED: WireObject = { jsonrpc: "2.0", method: "notifications/initialized" };

function initialize(protocolVersion: string): WireObject {
  const params = { protocolVersion, capabilities: {}, clientInfo: CLIENT };
  return { jsonrpc: "2.0", id: "initialize", method: "initialize", params };
}

function call(params: WireObject): WireObject {
  return { jsonrpc: "2.0", id: 1, method: "tools/call", params };
}

function exchangeOf(revision: Revision, resumed = false): Exchange {
  return new WireRecorder(revision).exchange({ label: `lane ${revision}`, revision, resumed });
}

async function postJson(
  wire: Wire,
  url: string,
  message: WireObject,
  exchange: Exchange,
  headers: Readonly<Record<string, string>> = {},
): Promise<Arriving> {
  exchange.sent(message);
  const all = { accept: BOTH_FORMS, "content-type": "application/json", ...headers };
  const answered = await wire.send({ method: "POST", url, headers: all, body: JSON.stringify(message) });
  return arriving(answered, exchange);
}

/** Reads an answer of either form; every message is judged. */
function arriving({ status, headers, body }: Answered, exchange: Exchange): Arriving {
  const messages = new Queue<WireObject>();
  const endpoints = new Queue<string>();
  const parser = new SseParser();
  const isStream = String(headers["content-type"]).startsWith("text/event-stream");
  let text = "";
  const take = (message: unknown) => {
    exchange.received(message);
    if (isWireObject(message)) messages.push(message);
  };
  const read = (chunk: Buffer) => {
    if (!isStream) text += chunk.toString("utf8");
    else {
      for (const { event, data } of parser.push(chunk)) {
        if (event === "message") take(JSON.parse(data));
        else endpoints.push(data);
      }
    }
  };
  const ended = (async (): Promise<"end" | "broken"> => {
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) read(chunk);
    } catch (error) {
      // What a message was judged by must reach the test; a connection that broke is an outcome.
      if (!("code" in (error as Error))) messages.fail(error as Error);
      return "broken";
    } finally {
      if (text.startsWith("{")) take(JSON.parse(text));
      messages.end();
      endpoints.end();
    }
    return "end";
  })();
  return { status, headers, messages, endpoints, parser, ended, close: () => body.destroy() };
}
