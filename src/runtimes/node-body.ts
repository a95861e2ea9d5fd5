import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Body, BodyBounds } from "../transports/http/types.js";

/** Gathers a body. What comes in one piece, as nearly all do, is never counted: it does not wait. */
export class BodyReader {
  readonly #request: IncomingMessage;
  readonly #bounds: BodyBounds;
  readonly #done: (body: Body) => void;
  readonly #chunks: Buffer[] = [];
  /** NaN for a body in chunks. */
  readonly #length: number;
  #size = 0;
  #counted = 0;
  #finished = false;

  constructor(request: IncomingMessage, bounds: BodyBounds, done: (body: Body) => void) {
    this.#request = request;
    this.#bounds = bounds;
    this.#done = done;
    this.#length = Number(request.headers["content-length"]);
  }

  data(chunk: Buffer): void {
    if (this.#finished) return;
    this.#size += chunk.length;
    if (this.#size > this.#bounds.maxBytes) return this.#refuse("too-large");
    this.#chunks.push(chunk);
    if (this.#request.complete || this.#size === this.#length) return;
    const { budget } = this.#bounds;
    if (this.#counted === 0) this.#request.once("close", () => this.#giveBack());
    budget.add(this.#size - this.#counted);
    this.#counted = this.#size;
    if (budget.exceeded) this.#refuse("busy");
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#giveBack();
    const first = this.#chunks[0];
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#done(decode(bytes));
  }

  /** The rest is not read: the reply says so and the connection ends. */
  #refuse(reason: "too-large" | "busy"): void {
    this.#finished = true;
    this.#chunks.length = 0;
    this.#giveBack();
    this.#request.pause();
    this.#done({ ok: false, reason });
  }

  #giveBack(): void {
    if (this.#counted > 0) this.#bounds.budget.add(-this.#counted);
    this.#counted = 0;
    // A body that was cut off is kept by nobody.
    if (!this.#finished) this.#chunks.length = 0;
  }
}

/** Frameworks that read bodies leave in `request.body` what they made of it, and nothing in the stream. */
export function handedOver(body: unknown): Body {
  if (body === undefined) {
    throw new TypeError(
      "The body of this request was read before mcp.node() got it, and request.body is not set. Hand it over: " +
        "mcp.node(Object.assign(request, { body }), response).",
    );
  }
  if (typeof body === "string") return { ok: true, text: body };
  return body instanceof Uint8Array ? decode(Buffer.from(body)) : { ok: true, value: body };
}

function decode(bytes: Buffer): Body {
  return isUtf8(bytes) ? { ok: true, text: bytes.toString("utf8") } : { ok: false, reason: "not-utf8" };
}
