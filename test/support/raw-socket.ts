/**
 * HTTP/1.1 by hand on node:net, for tests that count bytes: a request in pieces, an answer cut anywhere, including in its
 * head and in the framing of its chunks.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Queue } from "./queue.js";
import { SseParser } from "./sse-parser.js";
import { isWireObject, type Revision, type WireObject, WireRecorder } from "./wire-schema.js";

export interface RawBytes {
  readonly bytes: Buffer;
  /** The socket was destroyed by us, not ended by the server. */
  readonly cut: boolean;
}

/** The bytes of one request; `connection: close` so that the end of the answer is the end of the socket. */
export function requestBytes(url: string | URL, method: string, body?: unknown, headers: WireHeaders = {}): Buffer {
  const { host, pathname, search } = new URL(url);
  const content = Buffer.from(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body), "utf8");
  const all: Record<string, string | undefined> = {
    host,
    accept: "application/json, text/event-stream",
    connection: "close",
    ...(body === undefined ? {} : { "content-type": "application/json", "content-length": String(content.length) }),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return Buffer.concat([
    Buffer.from(`${[`${method} ${pathname}${search} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`),
    content,
  ]);
}

type WireHeaders = Readonly<Record<string, string | undefined>>;

export class RawSocket {
  readonly received: Queue<Buffer> = new Queue();
  readonly socket: Socket;
  #cut = false;
  #left: number;

  private constructor(socket: Socket, readAtMost: number) {
    this.socket = socket;
    this.#left = readAtMost;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("close", () => this.received.end());
    // The close that follows says it; a reset by the server is an outcome here, not a failure.
    socket.on("error", () => undefined);
  }

  /** `readAtMost`: after exactly so many bytes of the answer the socket is destroyed. */
  static async connect(url: string | URL, readAtMost: number = Number.POSITIVE_INFINITY): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80), noDelay: true });
    await once(socket, "connect");
    return new RawSocket(socket, readAtMost);
  }

  /** Resolves when the bytes left this process. */
  async write(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Everything the server sends until it ends, or until the cut. */
  async all(): Promise<RawBytes> {
    while ((await this.received.next()) !== undefined);
    return { bytes: Buffer.concat(this.received.all), cut: this.#cut };
  }

  destroy(): void {
    this.#cut = true;
    this.socket.destroy();
    this.received.end();
  }

  #take(chunk: Buffer): void {
    if (this.#cut) return;
    const part = chunk.subarray(0, this.#left);
    this.#left -= part.length;
    this.received.push(part);
    if (this.#left <= 0) this.destroy();
  }
}

/** Posts `message` and goes away after exactly `bytes` bytes of the answer, head and chunk framing included. */
export async function cutResponse(
  url: string | URL,
  message: unknown,
  bytes: number,
  headers: WireHeaders = {},
): Promise<RawBytes> {
  const socket = await RawSocket.connect(url, bytes);
  await socket.write(requestBytes(url, "POST", message, headers));
  if (bytes <= 0) socket.destroy();
  return await socket.all();
}

export interface ParsedResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  /** The head and the whole body are there. */
  readonly complete: boolean;
  readonly messages: WireObject[];
  /** Of the events that arrived whole. */
  readonly lastEventId: string;
}

export interface ParseOptions {
  /** What was posted: the answer is judged by it. */
  readonly sent?: unknown;
  readonly revision?: Revision;
}

/** Reads as much of an answer as the bytes hold; undefined while its head is not whole. Messages are judged. */
export function parseResponse(bytes: Buffer, { sent, revision }: ParseOptions = {}): ParsedResponse | undefined {
  const split = bytes.indexOf("\r\n\r\n");
  if (split < 0) return undefined;
  const [first = "", ...lines] = bytes.subarray(0, split).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => splitHeader(line)));
  const rest = bytes.subarray(split + 4);
  const length = headers["content-length"] === undefined ? rest.length : Number(headers["content-length"]);
  const { body, complete } = /chunked/i.test(headers["transfer-encoding"] ?? "")
    ? dechunk(rest)
    : { body: rest, complete: rest.length >= length };
  const exchange = new WireRecorder(revision).exchange({ label: "socket", resumed: sent === undefined });
  exchange.sent(sent);
  const parser = new SseParser();
  const events = /event-stream/i.test(headers["content-type"] ?? "") ? parser.push(body) : [];
  const texts = events.filter(({ event }) => event === "message").map(({ data }) => data);
  if (complete && /application\/json/i.test(headers["content-type"] ?? "")) texts.push(body.toString("utf8"));
  const messages = texts.map((text): unknown => JSON.parse(text));
  for (const message of messages) exchange.received(message);
  const status = Number(first.split(" ")[1]);
  return {
    status,
    headers,
    body,
    complete,
    messages: messages.flat().filter(isWireObject),
    lastEventId: parser.lastEventId,
  };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function dechunk(bytes: Buffer): { body: Buffer; complete: boolean } {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    // The last chunk has no data, but the empty line that ends the trailer belongs to it.
    if (size === 0) return { body: Buffer.concat(parts), complete: bytes.length >= lineEnd + 4 };
    if (Number.isNaN(size)) return { body: Buffer.concat(parts), complete: false };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
    if (at > bytes.length) return { body: Buffer.concat(parts), complete: false };
  }
}
