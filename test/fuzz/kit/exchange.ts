/**
 * An HTTP request and its reply in memory: the neutral record that transports are written against, with the books of
 * what a reply may be.
 *
 * Invariants checked:
 * 1. There is one reply: complete, or a stream. Nothing is written after its end.
 * 2. Its status is one that is documented.
 * 3. Its headers are such that a runtime can send them.
 */
import type { Body, BodyBounds, HttpExchange, ReplyHeaders, ReplyStream } from "../../../src/transports/http/types.js";

/** What a client has to send. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  /** The body comes in a later turn of the loop, as bodies of networks do. */
  readonly late: boolean;
  readonly localAddress: string | undefined;
}

const STATUSES = new Set([200, 202, 204, 400, 401, 403, 404, 405, 406, 409, 413, 415, 503]);
/** RFC 9110, 5.5: what a field value may hold; Node throws on anything else. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

export class MemoryExchange implements HttpExchange, ReplyStream {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddress = "127.0.0.1";
  readonly localAddress: string | undefined;
  readonly #asked: Asked;
  status = 0;
  headers: ReplyHeaders = {};
  /** The whole body, or what a stream has brought so far. */
  text = "";
  streaming = false;
  ended = false;
  /** The first thing that was wrong with the reply. */
  failure: string | undefined;
  #lost = false;
  #onGone: (() => void) | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.method = asked.method;
    this.path = asked.path;
    this.query = asked.query;
    this.localAddress = asked.localAddress;
  }

  get replied(): boolean {
    return this.streaming || this.ended;
  }

  readonly waiting = 0;

  header(name: string): string | undefined {
    const { headers } = this.#asked;
    return Object.hasOwn(headers, name) ? headers[name] : undefined;
  }

  readBody({ maxBytes }: BodyBounds, done: (body: Body) => void): void {
    const { body, late } = this.#asked;
    const tooLarge = body.ok && body.text !== undefined && Buffer.byteLength(body.text) > maxBytes;
    const outcome: Body = tooLarge ? { ok: false, reason: "too-large" } : body;
    if (late) setImmediate(done, outcome);
    else done(outcome);
  }

  end(status: number, headers: ReplyHeaders, body?: string): void;
  end(): void;
  end(status?: number, headers: ReplyHeaders = {}, body = ""): void {
    if (this.#lost) return;
    if (this.ended) return this.#fail("ended twice");
    this.ended = true;
    if (status === undefined) return this.streaming ? undefined : this.#fail("ended before it began");
    if (this.streaming) return this.#fail(`replied ${status} after a stream had begun`);
    this.text = this.method === "HEAD" ? "" : body;
    this.#head(status, headers);
  }

  stream(status: number, headers: ReplyHeaders): ReplyStream {
    if (this.replied && !this.#lost) this.#fail("began twice");
    this.streaming = true;
    this.#head(status, headers);
    return this;
  }

  write(text: string): number {
    if (this.#lost) return 0;
    if (!this.streaming || this.ended) this.#fail("wrote outside a stream");
    this.text += text;
    return 0;
  }

  abort(): void {
    this.gone();
  }

  whenDrained(listener: () => void): void {
    setImmediate(listener);
  }

  onGone(listener: () => void): void {
    this.#onGone = listener;
  }

  /** The client goes away. */
  gone(): void {
    if (this.#lost || this.ended) return;
    this.#lost = true;
    this.#onGone?.();
  }

  #head(status: number, headers: ReplyHeaders): void {
    this.status = status;
    this.headers = headers;
    if (!STATUSES.has(status)) this.#fail(`replied ${status}: ${this.text}`);
    for (const [name, value] of Object.entries(headers)) {
      if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) this.#fail(`replied the header ${name}: ${value}`);
    }
  }

  #fail(what: string): void {
    this.failure ??= what;
  }
}
