/**
 * An HTTP proxy that loses the last byte of the first event streams it passes on: the line break that would have ended
 * their last event. The answer ends as if it were whole, or is broken off.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface TrimmingProxyOptions {
  readonly target: string;
  /** Which requests have answers to be trimmed; each at most once. */
  readonly trims: (request: IncomingMessage, body: string) => boolean;
  readonly how: "end" | "break";
}

export class TrimmingProxy {
  readonly base: string;
  /** Answers that were trimmed so far. */
  trimmed = 0;
  readonly #server: Server;
  readonly #options: TrimmingProxyOptions;

  private constructor(server: Server, options: TrimmingProxyOptions) {
    this.#server = server;
    this.#options = options;
    this.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (incoming, outgoing) => void this.#pass(incoming, outgoing));
  }

  static async start(options: TrimmingProxyOptions): Promise<TrimmingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TrimmingProxy(server, options);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method, headers } = incoming;
    const upstream = request(`${this.#options.target}${incoming.url}`, { method, headers, agent: false });
    upstream.on("error", () => outgoing.destroy());
    upstream.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      outgoing.on("close", () => upstream.destroy());
      const trims = this.#options.trims(incoming, body.toString("utf8"));
      if (trims) this.#trim(answer, outgoing);
      else answer.pipe(outgoing);
    });
    upstream.end(body.length === 0 ? undefined : body);
  }

  #trim(answer: IncomingMessage, outgoing: ServerResponse): void {
    this.trimmed += 1;
    let held = Buffer.alloc(0);
    answer.on("data", (chunk: Buffer) => {
      const all = Buffer.concat([held, chunk]);
      held = all.subarray(-1);
      outgoing.write(all.subarray(0, -1));
    });
    answer.on("end", () => {
      if (this.#options.how === "end") return outgoing.end();
      // What was let through arrives before the connection goes.
      outgoing.write("", () => outgoing.destroy());
    });
  }
}
