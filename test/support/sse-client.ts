/** A client of HTTP+SSE (2024-11-05): one stream for all answers, posts beside it; the stream can be cut and resumed. */
import { open, post, type RawResponse } from "./http-exchange.js";
import type { LegacySessionOptions, RequestOptions } from "./legacy-session.js";
import { Queue } from "./queue.js";
import type { RawStream } from "./raw-stream.js";
import { type Exchange, isWireObject, type Revision, type WireObject, WireRecorder } from "./wire-schema.js";

export type SseClientOptions = Omit<LegacySessionOptions, "capabilities" | "clientInfo">;

/** Opens the stream and waits for its `endpoint` event. */
export async function sse(url: string | URL, options: SseClientOptions = {}): Promise<SseClient> {
  const client = new SseClient(url, options);
  await client.resume();
  return client;
}

export class SseClient {
  readonly url: string | URL;
  readonly recorder: WireRecorder;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Messages of all streams of this client, in order of arrival. */
  readonly messages: Queue<WireObject> = new Queue();
  /** Where the latest `endpoint` event says to post. */
  endpoint: URL;
  lastEventId = "";
  revision: string = "2024-11-05";
  /** Of the connection, not of a post: answers come on the stream. */
  #exchange: Exchange;
  #stream: RawStream | undefined;
  #nextId = 1;

  constructor(url: string | URL, { headers = {}, recorder = new WireRecorder("2024-11-05") }: SseClientOptions) {
    this.url = url;
    this.endpoint = new URL(url);
    this.headers = headers;
    this.recorder = recorder;
    this.#exchange = recorder.exchange({ label: `SSE ${url}` });
  }

  /** The current stream, for its bytes, its comments and its end. */
  get stream(): RawStream {
    if (this.#stream === undefined) throw new Error("the stream was never opened");
    return this.#stream;
  }

  /**
   * Opens the stream, from the second time on with Last-Event-ID. Without `lastEventId` it goes on where it broke off and
   * no answer may come twice; with one it may replay.
   */
  async resume(lastEventId?: string): Promise<void> {
    const from = lastEventId ?? this.lastEventId;
    if (lastEventId !== undefined) this.#exchange = this.recorder.exchange({ label: `SSE ${this.url}`, resumed: true });
    const headers = { ...this.headers, "last-event-id": from === "" ? undefined : from };
    const stream = await open(this.url, { headers, exchange: this.#exchange });
    if (stream.status !== 200) throw new Error(`GET ${this.url} was answered with ${stream.status}`);
    this.#stream = stream;
    const named = stream.events.expect(({ event }) => event === "endpoint");
    void this.#pump(stream);
    this.endpoint = new URL((await named).data, this.url);
  }

  /** Goes away: at once, or after exactly so many bytes of the current stream's body. */
  async cut(afterBytes = 0): Promise<void> {
    this.stream.cutAfter(afterBytes);
    await this.stream.closed;
    this.lastEventId = this.stream.parser.lastEventId || this.lastEventId;
  }

  /** Posts any message; the answer comes on the stream. */
  send(message: unknown): Promise<RawResponse> {
    return post(this.endpoint, message, { headers: this.#postHeaders(), exchange: this.#exchange });
  }

  async initialize(revision: Revision = "2024-11-05", options: LegacySessionOptions = {}): Promise<WireObject> {
    const { capabilities = {}, clientInfo = { name: "raw-sse", version: "1.0.0" } } = options;
    const reply = await this.request("initialize", { protocolVersion: revision, capabilities, clientInfo });
    if (!isWireObject(reply.result)) throw new Error(`initialize failed: ${JSON.stringify(reply)}`);
    this.revision = String(reply.result.protocolVersion);
    await this.notify("notifications/initialized");
    return reply.result;
  }

  notify(method: string, params?: WireObject): Promise<RawResponse> {
    return this.send({ jsonrpc: "2.0", method, ...(params && { params }) });
  }

  respond(id: unknown, result: WireObject): Promise<RawResponse> {
    return this.send({ jsonrpc: "2.0", id, result });
  }

  message(method: string, params?: WireObject, id: string | number = this.#nextId++): WireObject {
    return { jsonrpc: "2.0", id, method, ...(params && { params }) };
  }

  /** Sends a request, serves the server's requests meanwhile, and resolves with the response or error message. */
  async request(method: string, params?: WireObject, options: RequestOptions = {}): Promise<WireObject> {
    const message = this.message(method, params, options.id);
    const accepted = await this.send(message);
    if (accepted.status >= 300)
      throw new Error(`${method} was refused (${accepted.status}): ${accepted.raw.toString("utf8")}`);
    for (;;) {
      const next = await this.messages.expect((one) => "method" in one || one.id === message.id);
      if (!("method" in next)) return next;
      if (!("id" in next)) options.onNotification?.(next);
      else if (options.onRequest !== undefined) await this.respond(next.id, await options.onRequest(next));
    }
  }

  close(): void {
    this.#stream?.close();
  }

  async #pump(stream: RawStream): Promise<void> {
    try {
      for await (const message of stream.messages) this.messages.push(message);
    } catch (error) {
      this.messages.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #postHeaders(): Record<string, string | undefined> {
    return { ...this.headers, "mcp-protocol-version": this.revision >= "2025-06-18" ? this.revision : undefined };
  }
}
