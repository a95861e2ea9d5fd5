/** One HTTP request on node:http and the messages of its answer, as they arrive or when all are there. */
import { type Agent, type IncomingHttpHeaders, request } from "node:http";
import { RawStream } from "./raw-stream.js";
import type { SseEvent } from "./sse-parser.js";
import {
  type Exchange,
  isRevision,
  isWireObject,
  type Revision,
  type WireObject,
  WireRecorder,
} from "./wire-schema.js";

type Headers = Readonly<Record<string, string | undefined>>;

export interface OpenOptions {
  readonly method?: string;
  /** JSON for an object or array; a string or bytes go out as they are. */
  readonly body?: unknown;
  /** Added to the defaults of an MCP client; undefined takes one away. */
  readonly headers?: Headers;
  /** Default: a new one for this exchange. */
  readonly recorder?: WireRecorder;
  /** Default: a new exchange; HTTP+SSE shares one for the whole connection. */
  readonly exchange?: Exchange;
  /** Default: what the headers or the message's `_meta` say, else the recorder's. */
  readonly revision?: Revision;
  /** Destroys the socket when exactly so many bytes of the answer's body were read. */
  readonly cutAfter?: number;
  readonly signal?: AbortSignal;
  /** Default: a socket of its own. */
  readonly agent?: Agent;
}

export type PostOptions = Omit<OpenOptions, "method" | "body" | "cutAfter">;

export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  readonly json?: unknown;
  readonly events?: SseEvent[];
  /** The JSON-RPC messages of either form, in order. */
  readonly messages: WireObject[];
  /** The last response or error among them. */
  readonly reply?: WireObject;
}

/** Sends a request and resolves with its stream as soon as the head of the answer is there. */
export async function open(url: string | URL, options: OpenOptions = {}): Promise<RawStream> {
  const { method = "GET", body } = options;
  const bytes = body === undefined ? undefined : toBytes(body);
  const headers = headersOf(options, bytes);
  const exchange = options.exchange ?? exchangeOf(url, options, headers);
  if (bytes !== undefined) exchange.sent(parsed(bytes));
  return await new Promise((resolve, reject) => {
    const { signal, agent = false } = options;
    const outgoing = request(url, { method, headers, agent, ...(signal === undefined ? {} : { signal }) });
    outgoing.on("response", (incoming) => resolve(new RawStream(outgoing, incoming, exchange, options.cutAfter)));
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
}

/** Posts one message (or any text) and waits for the whole answer. */
export async function post(url: string | URL, message: unknown, options: PostOptions = {}): Promise<RawResponse> {
  return await collect(await open(url, { ...options, method: "POST", body: message }));
}

/** The whole of a stream that ends by itself. */
export async function collect(stream: RawStream): Promise<RawResponse> {
  const end = await stream.closed;
  if (stream.messages.error !== undefined) throw stream.messages.error;
  if (end !== "end") throw new Error(`the answer was broken off after ${stream.bytesRead} bytes (${end})`);
  const messages = stream.messages.all;
  const reply = messages.findLast((message) => "result" in message || "error" in message);
  return {
    status: stream.status,
    headers: stream.headers,
    raw: stream.raw,
    messages,
    ...(stream.json === undefined ? {} : { json: stream.json }),
    ...(stream.isEventStream ? { events: stream.events.all } : {}),
    ...(reply === undefined ? {} : { reply }),
  };
}

function toBytes(body: unknown): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
}

/** What was sent, as far as it is JSON: a test may send a message as text of its own making. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return bytes.toString("utf8");
  }
}

function headersOf({ headers = {}, method }: OpenOptions, bytes: Buffer | undefined): Record<string, string> {
  const accept = method === "POST" ? "application/json, text/event-stream" : "text/event-stream";
  const content = bytes && { "content-type": "application/json", "content-length": String(bytes.length) };
  const all: Record<string, string | undefined> = { accept, ...content };
  for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = value;
  return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

function exchangeOf(url: string | URL, options: OpenOptions, headers: Record<string, string>): Exchange {
  const { method = "GET", body, recorder = new WireRecorder() } = options;
  const revision = options.revision ?? revisionOf(headers["mcp-protocol-version"], body);
  const resumed = method === "GET";
  return recorder.exchange({ label: `${method} ${url}`, resumed, ...(revision === undefined ? {} : { revision }) });
}

/** The revision whose rules the answer follows; a version that nobody knows is refused in the words of the newest. */
function revisionOf(header: string | undefined, body: unknown): Revision | undefined {
  const params = isWireObject(body) && isWireObject(body.params) ? body.params : {};
  const meta = isWireObject(params._meta) ? params._meta["io.modelcontextprotocol/protocolVersion"] : undefined;
  if (isRevision(header)) return header;
  if (isRevision(meta)) return meta;
  return header === undefined && meta === undefined ? undefined : "2026-07-28";
}
