/** A request's body that is kept until there is a server to send it to; what is too large waits in its socket. */
import type { IncomingMessage } from "node:http";

/** As much as servers of ours take of a body; whoever sends more waits with the rest. */
const MAX_HELD_BYTES = 4_194_304;

export class HeldBody {
  readonly #request: IncomingMessage;
  readonly #onChunk: (chunk: Buffer) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;

  constructor(request: IncomingMessage, onChunk: (chunk: Buffer) => void) {
    this.#request = request;
    this.#onChunk = onChunk;
  }

  /** All of it is here, so that it may be sent twice. */
  get complete(): boolean {
    return this.#ended && this.#bytes <= MAX_HELD_BYTES;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  /** Resolves with the end of the body, or when no more of it is kept. */
  read(): Promise<void> {
    return new Promise((resolve) => {
      const request = this.#request;
      const done = () => {
        request.pause();
        for (const [event, listener] of Object.entries(listeners)) request.off(event, listener);
        resolve();
      };
      const listeners = {
        data: (chunk: Buffer) => {
          this.#bytes += chunk.length;
          this.#chunks.push(chunk);
          this.#onChunk(chunk);
          if (this.#bytes > MAX_HELD_BYTES) done();
        },
        end: () => {
          this.#ended = true;
          done();
        },
        close: done,
      };
      if (this.#ended || this.#bytes > MAX_HELD_BYTES || request.destroyed) return resolve();
      for (const [event, listener] of Object.entries(listeners)) request.on(event, listener);
      request.resume();
    });
  }

  /** Sends what was kept and passes on what still comes. */
  sendTo(target: NodeJS.WritableStream): void {
    for (const chunk of this.#chunks) target.write(chunk);
    if (this.#ended) {
      target.end();
      return;
    }
    const request = this.#request;
    request.on("data", (chunk: Buffer) => this.#onChunk(chunk));
    request.once("end", () => {
      this.#ended = true;
    });
    request.pipe(target);
  }
}
