import type { HttpTransport } from "../transports/http/handler.js";
import type { Body, BodyBounds, HttpExchange, ReplyHeaders, ReplyStream } from "../transports/http/types.js";

/** What the adapter needs of the server it belongs to. */
export interface FetchDeps {
  /** Finds the endpoint a path ends with, and what stands before it. */
  readonly find: (path: string) => { readonly path: string; readonly prefix: string } | undefined;
  /** Restarts the server's clock where a runtime dropped it with the request that started it. */
  readonly wake: () => void;
}

/** Serves one web-standard request: an adapter beside the native path, not under it (design decision 3). */
export function serveFetch(transport: HttpTransport, request: Request, deps: FetchDeps): Promise<Response> {
  return new Promise((resolve) => transport.handle(new FetchExchange(request, deps, resolve)));
}

/** Below this, bytes are on their way; only what is above it counts as waiting for a slow reader. */
const HIGH_WATER_BYTES = 65_536;
const ENCODER = new TextEncoder();
/** How often an open request looks after the clock. */
const ALIVE_MS = 1000;

class FetchExchange implements HttpExchange, ReplyStream {
  readonly method: string;
  readonly path: string;
  readonly prefix: string;
  readonly query: string;
  readonly remoteAddress = undefined;
  readonly localAddress = undefined;
  readonly #request: Request;
  readonly #url: URL;
  readonly #wake: () => void;
  readonly #resolve: (response: Response) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #gone: (() => void) | undefined;
  #drained: (() => void) | undefined;
  #alive: ReturnType<typeof setInterval> | undefined;
  #replied = false;
  #complete = false;
  #lost = false;

  constructor(request: Request, deps: FetchDeps, resolve: (response: Response) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#url = new URL(request.url);
    this.#wake = deps.wake;
    const place = deps.find(this.#url.pathname);
    this.method = request.method;
    this.path = place?.path ?? this.#url.pathname;
    this.prefix = place?.prefix ?? "";
    this.query = this.#url.search.slice(1);
    const { signal } = request;
    if (signal.aborted) this.#lose();
    else signal.addEventListener("abort", () => this.#lose(), { once: true });
  }

  get scheme(): "http" | "https" {
    return this.#url.protocol === "https:" ? "https" : "http";
  }

  header(name: string): string | undefined {
    // Some runtimes leave the Host header out of `Request`; the URL was made from it.
    return this.#request.headers.get(name) ?? (name === "host" ? this.#url.host : undefined);
  }

  readBody(bounds: BodyBounds, done: (body: Body) => void): void {
    if (this.#request.bodyUsed || this.#request.body?.locked) {
      throw new TypeError(
        "The body of this request was read before mcp.fetch() got it. Read a copy, request.clone(), or hand over a " +
          "new Request with the body.",
      );
    }
    // A length that is too large is refused before a byte is read; a missing or lying one is caught by counting.
    if (!(Number(this.header("content-length") ?? 0) <= bounds.maxBytes))
      return done({ ok: false, reason: "too-large" });
    void this.#read(bounds).then(done, () => done({ ok: false, reason: "aborted" }));
  }

  end(status: number, headers: ReplyHeaders, body?: string): void;
  end(): void;
  end(status?: number, headers?: ReplyHeaders, body?: string): void {
    this.#complete = true;
    this.#close();
    if (status === undefined || this.#replied) return;
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
        // Called when there is room again below the mark.
        pull: () => {
          const listener = this.#drained;
          this.#drained = undefined;
          listener?.();
        },
        cancel: () => this.#lose(),
      },
      // Sizes are bytes, so that the bound on a slow reader is in bytes too.
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
    );
    this.#resolve(new Response(body, { status, headers }));
    return this;
  }

  write(text: string): number {
    const controller = this.#controller;
    if (this.#complete || this.#lost || controller === undefined) return 0;
    controller.enqueue(ENCODER.encode(text));
    // `desiredSize` is what fits below the mark: what is above it waits for the reader.
    return Math.max(0, -(controller.desiredSize ?? 0));
  }

  get waiting(): number {
    return Math.max(0, -(this.#controller?.desiredSize ?? 0));
  }

  /** A `Response` may be dropped without a word, and keep-alives fill what is below the mark only after a day. */
  get untaken(): number {
    return HIGH_WATER_BYTES - (this.#controller?.desiredSize ?? HIGH_WATER_BYTES);
  }

  whenDrained(listener: () => void): void {
    this.#drained = listener;
  }

  abort(): void {
    const controller = this.#controller;
    this.#controller = undefined;
    controller?.error(new Error("the reader of this stream does not read"));
    this.#lose();
  }

  onGone(listener: () => void): void {
    this.#gone = listener;
    // Gone already, while authentication took its time.
    if (this.#lost) queueMicrotask(() => this.#gone?.());
    if (this.#lost || this.#complete || this.#alive !== undefined) return;
    // Workers end a request that waits for nothing of its own as hung, e.g. a stream that other requests write to.
    this.#alive = setInterval(this.#wake, ALIVE_MS);
    this.#alive.unref?.();
  }

  /** Who reads a `Response` is the runtime's secret: what it took counts as arrived. */
  onDelivery(listener: (arrived: boolean) => void): void {
    queueMicrotask(() => listener(!this.#lost));
  }

  /** The client went away: the runtime says so by the request's signal, by cancelling the reply, or by both. */
  #lose(): void {
    if (this.#complete || this.#lost) return;
    this.#lost = true;
    this.#close();
    this.#gone?.();
  }

  #close(): void {
    clearInterval(this.#alive);
    try {
      this.#controller?.close();
    } catch {
      // Cancelled by the reader: there is nothing left to close.
    }
  }

  async #read({ maxBytes, budget }: BodyBounds): Promise<Body> {
    const reader = this.#request.body?.getReader();
    const chunks: Uint8Array[] = [];
    let size = 0;
    const refuse = (reason: "too-large" | "busy"): Body => {
      // Not awaited: a runtime may hold the promise back until the reply is through.
      reader?.cancel().catch(() => {});
      return { ok: false, reason };
    };
    try {
      while (reader !== undefined) {
        const { done, value } = await reader.read();
        if (done) break;
        // A body that middleware put together may have anything for a piece; what has no length cannot be counted.
        if (typeof value.byteLength !== "number") throw new TypeError("a body must come in bytes");
        size += value.byteLength;
        budget.add(value.byteLength);
        if (size > maxBytes) return refuse("too-large");
        if (budget.exceeded) return refuse("busy");
        chunks.push(value);
      }
    } finally {
      budget.add(-size);
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
