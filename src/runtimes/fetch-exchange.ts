import type { HttpTransport } from "../transports/http/handler.js";
import type { Body, HttpExchange, ReplyHeaders, ReplyStream } from "../transports/http/types.js";

/** Serves one web-standard request: an adapter beside the native path, not under it (design decision 3). */
export function serveFetch(transport: HttpTransport, request: Request): Promise<Response> {
  return new Promise((resolve) => transport.handle(new FetchExchange(request, resolve)));
}

/** Below this, bytes are on their way; only what is above it counts as waiting for a slow reader. */
const HIGH_WATER_BYTES = 65_536;

class FetchExchange implements HttpExchange, ReplyStream {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddress = undefined;
  readonly localAddress = undefined;
  readonly #request: Request;
  readonly #url: URL;
  readonly #resolve: (response: Response) => void;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #gone: (() => void) | undefined;
  #replied = false;
  #complete = false;

  constructor(request: Request, resolve: (response: Response) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#url = new URL(request.url);
    this.method = request.method;
    this.path = this.#url.pathname;
    this.query = this.#url.search.slice(1);
    request.signal.addEventListener("abort", () => this.#lost(), { once: true });
  }

  header(name: string): string | undefined {
    // Runtimes leave the Host header out of `Request`; the URL was made from it.
    return this.#request.headers.get(name) ?? (name === "host" ? this.#url.host : undefined);
  }

  readBody(maxBytes: number, done: (body: Body) => void): void {
    void this.#read(maxBytes).then(done, () => done({ ok: false, reason: "aborted" }));
  }

  end(status: number, headers: ReplyHeaders, body?: string): void;
  end(): void;
  end(status?: number, headers?: ReplyHeaders, body?: string): void {
    this.#complete = true;
    if (status === undefined) return this.#controller?.close();
    if (this.#replied) return;
    this.#replied = true;
    const empty = body === undefined || this.method === "HEAD";
    this.#resolve(new Response(empty ? null : body, { status, headers: headers ?? {} }));
  }

  stream(status: number, headers: ReplyHeaders): ReplyStream {
    this.#replied = true;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#lost(),
      },
      // Sizes are bytes, so that the bound on a slow reader is in bytes too.
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
    );
    this.#resolve(new Response(body, { status, headers }));
    return this;
  }

  write(text: string): number {
    const controller = this.#controller;
    if (this.#complete || controller === undefined) return 0;
    controller.enqueue(this.#encoder.encode(text));
    // `desiredSize` is what fits below the mark: what is above it waits for the reader.
    return Math.max(0, -(controller.desiredSize ?? 0));
  }

  onGone(listener: () => void): void {
    this.#gone = listener;
  }

  #lost(): void {
    if (this.#complete) return;
    this.#complete = true;
    this.#controller = undefined;
    this.#gone?.();
  }

  async #read(maxBytes: number): Promise<Body> {
    const reader = this.#request.body?.getReader();
    const chunks: Uint8Array[] = [];
    let size = 0;
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.byteLength;
      if (size > maxBytes) {
        await reader.cancel();
        return { ok: false, reason: "too-large" };
      }
      chunks.push(value);
    }
    return decode(chunks, size);
  }
}

function decode(chunks: readonly Uint8Array[], size: number): Body {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { ok: false, reason: "not-utf8" };
  }
}
