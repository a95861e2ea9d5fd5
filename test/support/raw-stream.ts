/** The answer to one HTTP request while it arrives: its bytes, its events, its messages, and how it ended. */
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Queue } from "./queue.js";
import { type SseEvent, SseParser } from "./sse-parser.js";
import { type Exchange, isWireObject, type WireObject } from "./wire-schema.js";

/** How the answer ended: whole, by our own hand, or broken off by the other side. */
export type StreamEnd = "end" | "cut" | "broken";

export class RawStream implements AsyncIterable<SseEvent> {
  readonly events: Queue<SseEvent> = new Queue();
  readonly messages: Queue<WireObject> = new Queue();
  readonly parser: SseParser = new SseParser();
  readonly closed: Promise<StreamEnd>;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly isEventStream: boolean;
  bytesRead = 0;
  json: unknown;
  readonly #chunks: Buffer[] = [];
  readonly #request: ClientRequest;
  readonly #exchange: Exchange;
  #cutAt: number;
  #end: StreamEnd | undefined;
  #settle: (end: StreamEnd) => void = () => undefined;

  constructor(
    request: ClientRequest,
    response: IncomingMessage,
    exchange: Exchange,
    cutAfter = Number.POSITIVE_INFINITY,
  ) {
    this.#request = request;
    this.#exchange = exchange;
    this.#cutAt = cutAfter;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    this.isEventStream = /^text\/event-stream\b/i.test(response.headers["content-type"] ?? "");
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    response.on("data", (chunk: Buffer) => this.#take(chunk));
    response.on("end", () => this.#finish("end"));
    response.on("error", () => this.#finish("broken"));
    response.on("close", () => this.#finish("broken"));
    if (cutAfter <= 0) this.close();
  }

  get raw(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Destroys the socket once exactly `bytes` of the body were read, counted from its start; at once when it is late. */
  cutAfter(bytes: number): void {
    this.#cutAt = bytes;
    if (this.bytesRead >= bytes) this.close();
  }

  /** Destroys the socket, as a client that goes away. */
  close(): void {
    this.#finish("cut");
    this.#request.destroy();
  }

  [Symbol.asyncIterator](): AsyncIterator<SseEvent> {
    return this.events[Symbol.asyncIterator]();
  }

  #take(chunk: Buffer): void {
    if (this.#end !== undefined) return;
    const part = chunk.subarray(0, Math.max(0, this.#cutAt - this.bytesRead));
    this.bytesRead += part.length;
    this.#chunks.push(part);
    if (this.isEventStream) for (const event of this.parser.push(part)) this.#event(event);
    if (this.bytesRead >= this.#cutAt) this.close();
  }

  #event(event: SseEvent): void {
    this.events.push(event);
    // HTTP+SSE names its endpoint in an event that is no message.
    if (event.event === "message") this.#guard(() => this.#message(JSON.parse(event.data)));
  }

  #message(message: unknown): void {
    this.#exchange.received(message);
    for (const part of Array.isArray(message) ? message : [message]) if (isWireObject(part)) this.messages.push(part);
  }

  #finish(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (end === "end" && /^application\/json\b/i.test(this.headers["content-type"] ?? "")) {
      this.#guard(() => this.#jsonBody());
    }
    this.events.end();
    this.messages.end();
    this.#settle(end);
  }

  #jsonBody(): void {
    this.json = JSON.parse(this.raw.toString("utf8"));
    // Error statuses and other endpoints (health, OAuth metadata) speak their own JSON; what claims to be JSON-RPC must
    // be, and so must every accepted POST.
    const claims = Array.isArray(this.json) || (isWireObject(this.json) && "jsonrpc" in this.json);
    if (claims || (this.status < 400 && this.#request.method === "POST")) this.#message(this.json);
  }

  /** A judgement must reach the test: it fails every wait on this stream. */
  #guard(judge: () => void): void {
    try {
      judge();
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.events.fail(error);
      this.messages.fail(error);
    }
  }
}
