/** Readers that do not read, and what a server in this process holds in memory for them. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Served } from "./server.js";

export class StalledReaders {
  readonly #served: Served;
  readonly #sockets: Socket[] = [];

  constructor(served: Served) {
    this.#served = served;
  }

  /** Bytes that wait in the server's memory. */
  get waiting(): number {
    return [...this.#served.connections].reduce((sum, socket) => sum + socket.writableLength, 0);
  }

  /** Sends a request and reads nothing of the answer. */
  async send(request: Buffer): Promise<Socket> {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(this.#served.base).port), noDelay: true });
    this.#sockets.push(socket);
    await once(socket, "connect");
    socket.pause();
    socket.on("error", () => undefined);
    socket.write(request);
    return socket;
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }
}
