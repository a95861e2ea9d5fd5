/** A client that sends its body piece by piece, and reads the answer when there is one. */
import { RawSocket, requestBytes } from "../../support/raw-http.js";
import { type ParsedResponse, parseResponse } from "../../support/raw-socket.js";
import type { Limited } from "./limited.js";

export interface SenderOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export class SlowSender {
  readonly #socket: RawSocket;
  readonly #text: string;
  #rest: Buffer;

  private constructor(socket: RawSocket, text: string) {
    this.#socket = socket;
    this.#text = text;
    this.#rest = Buffer.from(text);
  }

  /** Sends the head of a request; its body waits to be sent. */
  static async begin(limited: Limited, text: string, options: SenderOptions = {}): Promise<SlowSender> {
    const { path = "/mcp", headers = {} } = options;
    const url = `${limited.base}${path}`;
    const length = String(Buffer.byteLength(text));
    const sized = { "content-type": "application/json", "content-length": length, ...headers };
    const socket = await RawSocket.connect(url);
    await socket.write(requestBytes(url, "POST", undefined, sized));
    return new SlowSender(socket, text);
  }

  /** Sends so many bytes more, or all that are left. */
  async send(bytes: number = this.#rest.length): Promise<void> {
    const part = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    await this.#socket.write(part);
  }

  /** The answer as far as it has come when the server has ended the connection. */
  async answer(): Promise<ParsedResponse | undefined> {
    return parseResponse((await this.#socket.all()).bytes, { sent: JSON.parse(this.#text) });
  }

  /** The first bytes of the answer, while the connection may still be open. */
  async head(): Promise<string> {
    return (await this.#socket.received.expect()).toString("latin1");
  }

  leave(): void {
    this.#socket.destroy();
  }
}
