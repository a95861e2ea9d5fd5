import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { Body, BodyBounds, HttpExchange, ReplyHeaders, ReplyStream } from "../transports/http/types.js";
import { BodyReader, handedOver } from "./node-body.js";
import { closesConnection, isQueued, onClosedBefore } from "./node-connection.js";
import { requestArrived, watchDelivery } from "./node-delivery.js";
import { writeHead } from "./node-head.js";
import { endLingering } from "./node-linger.js";

const HOST = "host";
const AUTHORIZATION = "authorization";
/** Stands for a header that was sent more than once. */
const TWICE = "Bearer (sent twice)";
const NO_HEADERS: ReplyHeaders = {};

/**
 * A reply that was written before it is ended is finished whatever becomes of it, and on a connection that has ended
 * Node then takes it for the reply to another request, and throws.
 */
function takesOneWrite(socket: Socket): boolean {
  return socket.writable && socket.writableCorked === 0;
}

/** One request of `node:http`, request and reply in one object: the fast path makes nothing else. */
export class NodeExchange implements HttpExchange, ReplyStream {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #host: string | undefined;
  #gone: (() => void) | undefined;
  #listening = false;
  #complete = false;
  #unsent = "";
  #flushing = false;
  /** The framework around us has answered by itself, e.g. because it took too long: nobody waits for our words. */
  #overtaken = false;

  /** `target` is what the request is routed by; a mounted server takes the prefix of its mount away. */
  constructor(request: IncomingMessage, response: ServerResponse, target: string = request.url ?? "/") {
    requestArrived(request.socket);
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? "GET";
    // The absolute form (RFC 9112, 3.2.2) names the host itself, and the Host header must then be ignored.
    const absolute = target.startsWith("/") || !URL.canParse(target) ? undefined : new URL(target);
    this.#host = absolute?.host;
    const url = absolute === undefined ? target : absolute.pathname + absolute.search;
    const mark = url.indexOf("?");
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? "" : url.slice(mark + 1);
  }

  get scheme(): "http" | "https" {
    return (this.#request.socket as { readonly encrypted?: boolean }).encrypted === true ? "https" : "http";
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get localAddress(): string | undefined {
    return this.#request.socket.localAddress;
  }

  header(name: string): string | undefined {
    if (name === "host") return this.#hostHeader();
    const { headers } = this.#request;
    // Own names only: handlers may ask for any name, and the object inherits `constructor` and its like.
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    // Node keeps the first of two, a proxy may have gone by the other; together they are no credentials of any kind.
    if (name === AUTHORIZATION && value !== undefined && this.#count(name) > 1) return TWICE;
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** Undefined when there are two: a proxy may have gone by one of them and Node by the other (RFC 9112, 3.2). */
  #hostHeader(): string | undefined {
    return this.#count(HOST) > 1 ? undefined : (this.#host ?? this.#request.headers.host);
  }

  get httpVersion(): string {
    return this.#request.httpVersion;
  }

  timesSent(header: string): number {
    return this.#count(header);
  }

  /** How often a header was sent. */
  #count(header: string): number {
    const { rawHeaders } = this.#request;
    let count = 0;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index];
      if (name?.length === header.length && name.toLowerCase() === header) count += 1;
    }
    return count;
  }

  readBody(bounds: BodyBounds, done: (body: Body) => void): void {
    const request = this.#request as IncomingMessage & { readonly body?: unknown };
    // A length that is too large is refused before a byte is read; a missing or lying one is caught by counting.
    const length = Number(request.headers["content-length"] ?? 0);
    if (!(length <= bounds.maxBytes)) return done({ ok: false, reason: "too-large" });
    if (request.readableEnded) {
      // A body of HTTP/2 also ends where its client leaves; then there is nobody to answer, and no fault to report.
      return request.body === undefined && this.#isCut ? undefined : done(handedOver(request.body));
    }
    const reader = new BodyReader(request, bounds, done);
    request.on("data", (chunk: Buffer) => reader.data(chunk));
    request.on("end", () => reader.end());
    // A body that never ends is never answered: there is nobody left to answer, and nothing was begun.
  }

  end(status: number, headers: ReplyHeaders, body?: string): void;
  end(): void;
  end(status?: number, headers?: ReplyHeaders, body?: string): void {
    this.#complete = true;
    if (status === undefined) {
      if (!this.#overtaken) this.#response.end(this.#unsent === "" ? undefined : this.#unsent);
      this.#unsent = "";
      return;
    }
    if (this.#response.headersSent) return;
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    writeHead(this.#request, this.#response, status, headers ?? NO_HEADERS, length);
    const last = headers?.connection === "close";
    if (last) closesConnection(this.#request);
    if (!last || this.#request.complete || !hasBody(this.#request)) {
      this.#sendWhole(this.method === "HEAD" ? undefined : body, length);
      return;
    }
    this.#response.write(body ?? "");
    endLingering(this.#request, this.#response);
  }

  /**
   * Head and body in one write. `end(body)` alone writes an empty piece after the body, which turns one string into a
   * vector of two: a fifth of what a small reply costs. HTTP/2 has frames of its own.
   */
  #sendWhole(body: string | undefined, length: number): void {
    const response = this.#response;
    const { socket } = response;
    const whole =
      body !== undefined && this.#request.httpVersionMajor === 1 && socket !== null && takesOneWrite(socket);
    if (!whole) return void response.end(body);
    socket.cork();
    response.write(body, encodingOf(body, length));
    socket.uncork();
    response.end();
  }

  stream(status: number, headers: ReplyHeaders): ReplyStream {
    if (this.#response.headersSent) return this.#overtake();
    this.#response.writeHead(status, headers as Record<string, string>);
    this.#flushSoon();
    return this;
  }

  /** Whoever works for this reply hears what they hear when a client leaves. */
  #overtake(): this {
    this.#overtaken = true;
    queueMicrotask(() => {
      if (this.#complete) return;
      this.#complete = true;
      this.#gone?.();
    });
    return this;
  }

  write(text: string): number {
    if (this.#complete || this.#isCut) return 0;
    if (this.#unsent === "") this.#flushSoon();
    this.#unsent += text;
    return this.#response.writableLength + this.#unsent.length;
  }

  get waiting(): number {
    return this.#isCut ? 0 : this.#response.writableLength + this.#unsent.length;
  }

  /** What the reply goes through. Replies of HTTP/2 do not say of themselves that they are cut, or full: streams do. */
  get #outlet(): Writable {
    if (this.#request.httpVersionMajor !== 2) return this.#response;
    return (this.#response as ServerResponse & { readonly stream?: Writable }).stream ?? this.#response;
  }

  /** Nothing that is written reaches anybody any more. */
  get #isCut(): boolean {
    return this.#overtaken || this.#outlet.destroyed;
  }

  /** What one turn of the event loop writes leaves together: twenty events in a row are one system call, not twenty. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    if (toFlush.push(this) === 1) setImmediate(flushAll);
  }

  /** Writes what this turn gathered; the head alone when there is nothing yet, so that clients know they are heard. */
  flush(): void {
    this.#flushing = false;
    if (this.#complete || this.#isCut) return;
    const text = this.#unsent;
    this.#unsent = "";
    if (text === "") this.#response.flushHeaders();
    else this.#response.write(text, encodingOf(text));
  }

  whenDrained(listener: () => void): void {
    this.flush();
    if (this.#outlet.writableNeedDrain) this.#response.once("drain", listener);
    else setImmediate(listener);
  }

  abort(): void {
    // What this turn gathered goes out as far as the kernel takes it: a client that has its head and an id comes back.
    if (this.#flushing) this.flush();
    this.#response.socket?.uncork();
    // Not complete: whoever waits to hear that the client is gone hears it now.
    this.#unsent = "";
    const queued = isQueued(this.#request, this.#response);
    this.#response.destroy();
    // Its connection ends when its turn comes, after the replies before it.
    if (queued) this.#tellGone();
  }

  onDelivery(listener: (arrived: boolean) => void): void {
    watchDelivery(this.#response, listener);
  }

  onGone(listener: () => void): void {
    this.#gone = listener;
    // Gone already, while authentication or a call took its time: `close` does not come twice.
    if (this.#outlet.destroyed && !this.#complete) queueMicrotask(() => this.#tellGone());
    if (this.#listening) return;
    this.#listening = true;
    if (isQueued(this.#request, this.#response)) {
      onClosedBefore(this.#request, this.#response, () => {
        this.#response.destroy();
        this.#tellGone();
      });
    }
    this.#response.on("close", () => this.#tellGone());
    this.#response.on("error", () => {});
  }

  /** What ends a connection also follows a complete reply; then nobody is told. */
  #tellGone(): void {
    if (!this.#complete) this.#gone?.();
  }
}

/** Nothing but these two announces a body (RFC 9112, 6.3). */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

/** One call of the loop for all: a change may be told to ten thousand streams in one turn. */
let toFlush: NodeExchange[] = [];

function flushAll(): void {
  const exchanges = toFlush;
  toFlush = [];
  for (const exchange of exchanges) exchange.flush();
}

/** As many bytes as characters are ASCII, which Latin-1 copies where UTF-8 would look at each. */
function encodingOf(text: string, bytes = Buffer.byteLength(text)): "latin1" | "utf8" {
  return bytes === text.length ? "latin1" : "utf8";
}
