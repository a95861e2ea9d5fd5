/** Ways of a client to a proxy: HTTP/1.1, the same with a compressed answer, and HTTP/2. */
import { request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Decompressed. */
  readonly body: Readable;
}

/** A client's connections. `send` resolves when the head of the answer is there. */
export interface Wire {
  readonly name: string;
  send(asked: Asked): Promise<Answered>;
  close(): void;
}

export type OpenWire = (base: string) => Wire;

export const http1: OpenWire = () => ({ name: "HTTP/1.1", send: (asked) => sendHttp1(asked, {}), close: () => {} });

/** Asks for compression and undoes it piece by piece: what the proxy holds back in its compressor does not arrive. */
export const gzipped: OpenWire = () => ({
  name: "gzip",
  send: async (asked) => {
    const { status, headers, body } = await sendHttp1(asked, { "accept-encoding": "gzip" });
    if (headers["content-encoding"] !== "gzip") return { status, headers, body };
    const plain = createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH });
    body.on("error", (error) => plain.destroy(error));
    plain.on("close", () => body.destroy());
    return { status, headers, body: body.pipe(plain) };
  },
  close: () => {},
});

/** HTTP/2 with prior knowledge, everything on one connection. */
export const http2: OpenWire = (base) => {
  const session = connect(new URL(base).origin);
  // Requests see it themselves.
  session.on("error", () => {});
  return { name: "HTTP/2", send: (asked) => sendHttp2(session, asked), close: () => session.destroy() };
};

function sendHttp1(asked: Asked, extra: Readonly<Record<string, string>>): Promise<Answered> {
  const { method, url, headers = {}, body } = asked;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...headers, ...length, ...extra }, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming });
    });
    outgoing.end(body);
  });
}

function sendHttp2(session: ClientHttp2Session, { method, url, headers = {}, body }: Asked): Promise<Answered> {
  const { pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": method, ":path": pathname + search, ...headers });
    stream.on("error", reject);
    stream.on("response", (head) => resolve({ status: Number(head[":status"]), headers: head, body: stream }));
    stream.end(body);
  });
}
