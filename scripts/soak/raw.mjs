/** Sockets that do what no client should: stop reading, or send a byte a second. */
import { once } from "node:events";
import { connect } from "node:net";

export class RawClient {
  /** Resolves when the server has hung up; noticed only while the client reads. */
  closed;
  /** Resolves when everything that was poured is handed over. */
  poured;
  #socket;

  static async open(port) {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", resolve));
  }

  write(bytes) {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Reads until the pattern is there, then no byte more. */
  async readUntil(pattern) {
    let text = "";
    const socket = this.#socket;
    return await new Promise((resolve, reject) => {
      const take = (chunk) => {
        text += chunk.toString("latin1");
        const match = pattern.exec(text);
        if (match === null) return;
        socket.off("data", take);
        socket.pause();
        resolve(match);
      };
      socket.on("data", take);
      socket.once("close", () => reject(new Error(`closed before ${pattern}: ${text.slice(0, 400)}`)));
    });
  }

  /** Sends a piece again and again, as fast as it is taken, until `bytes` are sent or the server has hung up. */
  pour(piece, bytes) {
    const socket = this.#socket;
    let left = bytes;
    this.poured = new Promise((resolve) => {
      const go = () => {
        for (; left > 0 && socket.writable; left -= piece.length) {
          if (!socket.write(piece.length > left ? piece.subarray(0, left) : piece)) {
            left -= piece.length;
            socket.once("drain", go);
            return;
          }
        }
        resolve();
      };
      socket.once("close", resolve);
      go();
    });
  }

  /** Reads what comes and looks at nothing. */
  drain() {
    this.#socket.resume();
  }

  destroy() {
    this.#socket.destroy();
  }
}
