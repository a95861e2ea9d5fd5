import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Body, HttpExchange, ReplyHeaders, ReplyStream } from "../transports/http/types.js";

/** One request of `node:http`, request and reply in one object: the fast path makes nothing else. */
export class NodeExchange implements HttpExchange, ReplyStream {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #gone: (() => void) | undefined;
  #listening = false;
  #complete = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? "GET";
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? "" : url.slice(mark + 1);
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get localAddress(): string | undefined {
    return this.#request.socket.localAddress;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  readBody(maxBytes: number, done: (body: Body) => void): void {
    const request = this.#request as IncomingMessage & { readonly body?: unknown };
    // Frameworks that parse bodies leave the result here and nothing in the stream.
    if (request.body !== undefined && request.readableEnded) return done({ ok: true, value: request.body });
    // A length that is too large is refused before a byte is read; a missing or lying one is caught by counting.
    const length = Number(request.headers["content-length"] ?? 0);
    if (!(length <= maxBytes)) return done({ ok: false, reason: "too-large" });
    const chunks: Buffer[] = [];
    let size = 0;
    let finished = false;
    const finish = (body: Body) => {
      if (finished) return;
      finished = true;
      done(body);
    };
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        chunks.length = 0;
        // The rest is not read: the reply says so and the connection ends.
        request.pause();
        finish({ ok: false, reason: "too-large" });
      } else if (!finished) chunks.push(chunk);
    });
    request.on("end", () => {
      const first = chunks[0];
      const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      finish(isUtf8(bytes) ? { ok: true, text: bytes.toString("utf8") } : { ok: false, reason: "not-utf8" });
    });
    request.on("error", () => finish({ ok: false, reason: "aborted" }));
    request.on("close", () => finish({ ok: false, reason: "aborted" }));
  }

  end(status: number, headers: ReplyHeaders, body?: string): void;
  end(): void;
  end(status?: number, headers?: ReplyHeaders, body?: string): void {
    this.#complete = true;
    if (status === undefined) {
      this.#response.end();
      return;
    }
    if (this.#response.headersSent) return;
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    // 204 and 202 without a body carry no length of something that is not there.
    const sized = status === 204 ? headers : { ...headers, "content-length": String(length) };
    this.#response.writeHead(status, sized as Record<string, string>);
    this.#response.end(this.method === "HEAD" ? undefined : body);
  }

  stream(status: number, headers: ReplyHeaders): ReplyStream {
    this.#response.writeHead(status, headers as Record<string, string>);
    this.#response.flushHeaders();
    this.#request.socket.setNoDelay(true);
    return this;
  }

  write(text: string): number {
    if (this.#complete || this.#response.destroyed) return 0;
    this.#response.write(text);
    return this.#response.writableLength;
  }

  onGone(listener: () => void): void {
    this.#gone = listener;
    if (this.#listening) return;
    this.#listening = true;
    // `close` also follows a complete reply; then nobody is told.
    this.#response.on("close", () => {
      if (!this.#complete) this.#gone?.();
    });
    this.#response.on("error", () => {});
  }
}
