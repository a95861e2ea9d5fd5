/** A TCP proxy that stands for a bad network: it cuts event streams after so many bytes, and nothing else. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface CuttingProxyOptions {
  readonly target: string;
  /**
   * Bytes of the answer (head and framing included) after which the connection of the nth stream is cut; streams beyond
   * the list live as long as they like.
   */
  readonly cuts: readonly number[];
  /** Says by the head of a request whether its answer is a stream to be cut. */
  readonly isStream: (head: string) => boolean;
}

export class CuttingProxy {
  readonly base: string;
  /** Streams that were opened, cut or not. */
  streams = 0;
  /** Cuts made so far. */
  made = 0;
  readonly #server: Server;
  readonly #options: CuttingProxyOptions;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, options: CuttingProxyOptions) {
    this.#server = server;
    this.#options = options;
    this.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (client) => this.#connect(client));
  }

  static async start(options: CuttingProxyOptions): Promise<CuttingProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new CuttingProxy(server, options);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(client: Socket): void {
    const { hostname, port } = new URL(this.#options.target);
    const server = connect({ host: hostname, port: Number(port), noDelay: true });
    let left = Number.POSITIVE_INFINITY;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on("data", (chunk: Buffer) => {
      if (this.#options.isStream(chunk.toString("latin1"))) {
        left = this.#options.cuts[this.streams] ?? Number.POSITIVE_INFINITY;
        this.streams += 1;
      }
      server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (left > 0) return void client.write(part);
      this.made += 1;
      // What was let through arrives before the end does.
      client.write(part, () => end());
    });
  }
}
