/** A session of 2025-03-26 to 2025-11-25 over Streamable HTTP, written out message by message. */
import { collect, type OpenOptions, open, type PostOptions, post, type RawResponse } from "./http-exchange.js";
import type { RawStream } from "./raw-stream.js";
import { isWireObject, type Revision, type WireObject, WireRecorder } from "./wire-schema.js";

export interface LegacySessionOptions {
  readonly capabilities?: WireObject;
  readonly clientInfo?: WireObject;
  /** On every request, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly recorder?: WireRecorder;
}

export interface RequestOptions {
  readonly id?: string | number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Answers the server's own requests while ours runs; the returned object is the result. */
  readonly onRequest?: (request: WireObject) => WireObject | Promise<WireObject>;
  readonly onNotification?: (notification: WireObject) => void;
}

/** Sends `initialize` and `notifications/initialized`, and keeps the session id. */
export async function legacySession(
  url: string | URL,
  revision: Revision = "2025-11-25",
  options: LegacySessionOptions = {},
): Promise<LegacySession> {
  const { capabilities = {}, clientInfo = { name: "raw-http", version: "1.0.0" }, headers = {} } = options;
  const recorder = options.recorder ?? new WireRecorder(revision);
  const params = { protocolVersion: revision, capabilities, clientInfo };
  const message = { jsonrpc: "2.0", id: "initialize", method: "initialize", params };
  const response = await post(url, message, { headers, recorder });
  const result = response.reply?.result;
  if (!isWireObject(result))
    throw new Error(`initialize failed (${response.status}): ${response.raw.toString("utf8")}`);
  const id = response.headers["mcp-session-id"];
  const session = new LegacySession(url, result, { headers, recorder, id: typeof id === "string" ? id : undefined });
  const accepted = await session.notify("notifications/initialized");
  if (accepted.status >= 300) throw new Error(`notifications/initialized was refused with ${accepted.status}`);
  return session;
}

interface SessionParts {
  readonly id: string | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly recorder: WireRecorder;
}

export class LegacySession {
  readonly url: string | URL;
  /** Undefined when the server keeps no sessions. */
  readonly id: string | undefined;
  readonly revision: string;
  readonly initializeResult: WireObject;
  readonly recorder: WireRecorder;
  readonly headers: Readonly<Record<string, string | undefined>>;
  #nextId = 1;

  constructor(url: string | URL, initializeResult: WireObject, { id, headers, recorder }: SessionParts) {
    this.url = url;
    this.id = id;
    this.initializeResult = initializeResult;
    this.recorder = recorder;
    this.revision = String(initializeResult.protocolVersion);
    // The header came with 2025-06-18.
    const version = this.revision >= "2025-06-18" ? this.revision : undefined;
    this.headers = { ...headers, "mcp-session-id": id, "mcp-protocol-version": version };
  }

  /** Posts any message on this session and waits for the whole answer. */
  post(message: unknown, options: PostOptions = {}): Promise<RawResponse> {
    return post(this.url, message, this.#with(options));
  }

  /** Posts any message and hands back the stream, to be read, cut or left open. */
  open(message: unknown, options: Omit<OpenOptions, "method" | "body"> = {}): Promise<RawStream> {
    return open(this.url, { ...this.#with(options), method: "POST", body: message });
  }

  /** The GET stream: for what the server says on its own, and to resume after `lastEventId`. */
  listen(lastEventId?: string, options: Omit<OpenOptions, "method" | "body"> = {}): Promise<RawStream> {
    const headers = { ...options.headers, "last-event-id": lastEventId };
    return open(this.url, this.#with({ ...options, headers }));
  }

  notify(method: string, params?: WireObject): Promise<RawResponse> {
    return this.post({ jsonrpc: "2.0", method, ...(params && { params }) });
  }

  respond(id: unknown, result: WireObject): Promise<RawResponse> {
    return this.post({ jsonrpc: "2.0", id, result });
  }

  /** A message for `post` and `open`, with the next id. */
  message(method: string, params?: WireObject, id: string | number = this.#nextId++): WireObject {
    return { jsonrpc: "2.0", id, method, ...(params && { params }) };
  }

  /** Sends a request, serves the server's requests meanwhile, and resolves with the response or error message. */
  async request(method: string, params?: WireObject, options: RequestOptions = {}): Promise<WireObject> {
    const { id, onRequest, onNotification, ...rest } = options;
    const stream = await this.open(this.message(method, params, id), rest);
    for await (const message of stream.messages) {
      if (!("method" in message)) return message;
      if (!("id" in message)) onNotification?.(message);
      else if (onRequest !== undefined) await this.respond(message.id, await onRequest(message));
    }
    throw new Error(`${method} was not answered (${stream.status}): ${(await collect(stream)).raw.toString("utf8")}`);
  }

  /** Ends the session. */
  async end(): Promise<RawResponse> {
    return await collect(await open(this.url, this.#with({ method: "DELETE" })));
  }

  #with<T extends OpenOptions>(options: T): T & { recorder: WireRecorder } {
    return { ...options, recorder: this.recorder, headers: { ...this.headers, ...options.headers } };
  }
}
