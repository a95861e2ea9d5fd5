/** One raw keep-alive connection that carries one exchange at a time, or one stream. */
import { connect } from "node:net";
import { HttpParser } from "./http-parser.mjs";

const READ_BYTES = 65_536;
/** All connections of the process read into the same memory: what is needed longer is copied. */
const shared = Buffer.allocUnsafe(READ_BYTES);
/** Below the keep-alive timeout of `node:http` (5 s): an older connection may be closing while we write. */
const STALE_MS = 2000;

export class HttpConnection {
  #port;
  #socket;
  #failure;
  #status = 0;
  #head = "";
  #text = "";
  #onAnswer;
  #onEvent;
  #usedAt = 0;

  constructor(port) {
    this.#port = port;
  }

  /** Connects, or connects again when the server may be about to hang up. */
  async open() {
    const usable = this.#socket !== undefined && this.#failure === undefined;
    if (usable && performance.now() - this.#usedAt < STALE_MS) return;
    this.close();
    await this.#connect();
  }

  /** The same on a new socket. */
  async renew() {
    this.close();
    await this.open();
  }

  close() {
    this.#onAnswer = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Vanishes with a reset, so that no port is left waiting. */
  abort() {
    this.#onAnswer = undefined;
    this.#socket?.resetAndDestroy();
    this.#socket = undefined;
  }

  /** Sends one request; `onAnswer(status, text, head)` or `onAnswer(error)` when it is answered in full. */
  send(request, onAnswer) {
    this.#onAnswer = onAnswer;
    if (this.#failure !== undefined) return this.#fail(this.#failure);
    this.#socket.write(request);
  }

  exchange(request) {
    return new Promise((resolve, reject) => {
      this.send(request, (status, text, head) =>
        status instanceof Error ? reject(status) : resolve({ status, text, head }),
      );
    });
  }

  /** Sends a request whose answer is a stream; resolves with its head, then calls `onEvent(text)` for what comes. */
  stream(request, onEvent) {
    return new Promise((resolve, reject) => {
      this.#onEvent = (text) => onEvent(text);
      this.#onAnswer = (status) => (status instanceof Error ? reject(status) : onEvent(undefined));
      this.#onHead = (status, head) => resolve({ status, head });
      this.#socket.write(request);
    });
  }

  #onHead;

  #connect() {
    this.#failure = undefined;
    return new Promise((resolve, reject) => {
      const parser = new HttpParser({
        head: (status, head) => this.#headOf(status, head),
        body: (bytes) => this.#bodyOf(bytes),
        end: () => this.#endOf(),
      });
      const take = (size) => {
        try {
          parser.push(shared.subarray(0, size));
        } catch (error) {
          this.#fail(error);
        }
        return true;
      };
      const onread = { buffer: shared, callback: take };
      const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true, onread });
      socket.once("connect", () => {
        this.#usedAt = performance.now();
        resolve();
      });
      socket.on("error", (error) => {
        reject(error);
        if (socket === this.#socket) this.#fail(error);
      });
      socket.on("close", () => {
        if (socket === this.#socket) this.#fail(new Error("the server closed the connection"));
      });
      this.#socket = socket;
    });
  }

  #headOf(status, head) {
    this.#status = status;
    this.#head = head;
    this.#text = "";
    this.#onHead?.(status, head);
    this.#onHead = undefined;
  }

  #bodyOf(bytes) {
    const text = bytes.latin1Slice();
    if (this.#onEvent === undefined) this.#text += text;
    else this.#onEvent(text);
  }

  #endOf() {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    this.#usedAt = performance.now();
    onAnswer?.(this.#status, this.#text, this.#head);
  }

  #fail(error) {
    this.#failure = error;
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(error);
  }
}
