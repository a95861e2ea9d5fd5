/** Whether a reply reached its client, as far as a server can know. */
import type { ServerResponse } from "node:http";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { after } from "../util/timer.js";
import { onceClosed } from "./node-closed.js";

/**
 * A connection that is still there so long after the last byte has brought it: who loses an answer notices, and closes.
 * TCP tells a server nothing better, and clients that call again wait longer.
 */
const ARRIVED_MS = 1000;

const waiting = new WeakMap<Socket, Delivery>();
/** How many there are, so that requests need no look-up while there are none. */
let count = 0;

/** Calls back once: `true` when the reply arrived, `false` when its connection ended too early. Call it before `end`. */
export function watchDelivery(response: ServerResponse, listener: (arrived: boolean) => void): void {
  const { stream } = response as ServerResponse & { readonly stream?: ServerHttp2Stream };
  if (stream?.session !== undefined) return watchStream(stream, stream.session, listener);
  // A reply of HTTP/2 whose client has left has no socket either, and does not say so with `null`.
  const socket = response.socket as Socket | null | undefined;
  if (socket === null || socket === undefined || socket.destroyed || response.destroyed) return listener(false);
  new Delivery(response, socket, listener);
}

/** A client that sends another request on a connection has read the reply to the one before. */
export function requestArrived(socket: Socket): void {
  if (count > 0) waiting.get(socket)?.confirm();
}

/** NO_ERROR (RFC 9113, section 7). Not from `node:http2`, which workers would have to load. */
const NO_ERROR = 0;

/** A reply of HTTP/2 says `finish` also when it was cut; whether it was, its stream knows. */
function watchStream(stream: ServerHttp2Stream, session: Http2Session, listener: (arrived: boolean) => void): void {
  if (stream.destroyed) return listener(false);
  stream.once("close", () => {
    const whole = stream.writableFinished && stream.rstCode === NO_ERROR;
    if (!whole || session.destroyed) return listener(false);
    const forget = onceClosed(session, () => {
      clearTimeout(timer);
      listener(false);
    });
    const timer = after(ARRIVED_MS, () => {
      forget();
      listener(true);
    });
    timer?.unref();
  });
}

class Delivery {
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #listener: (arrived: boolean) => void;
  #timer: NodeJS.Timeout | undefined;
  #settled = false;

  constructor(response: ServerResponse, socket: Socket, listener: (arrived: boolean) => void) {
    this.#response = response;
    this.#socket = socket;
    this.#listener = listener;
    waiting.set(socket, this);
    count += 1;
    response.once("finish", this.#sent);
    socket.once("close", this.#closed);
  }

  /** Only what was sent can have been read: a pipelined request says nothing. */
  confirm(): void {
    if (this.#response.writableFinished) this.#settle(true);
  }

  readonly #sent = (): void => {
    // A connection that ends with its reply tells nothing more.
    if (!this.#response.shouldKeepAlive) return this.#settle(true);
    this.#timer = after(ARRIVED_MS, () => this.#settle(true));
    this.#timer?.unref();
  };

  readonly #closed = (): void => this.#settle(false);

  #settle(arrived: boolean): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#response.off("finish", this.#sent);
    this.#socket.off("close", this.#closed);
    if (waiting.get(this.#socket) === this) waiting.delete(this.#socket);
    count -= 1;
    this.#listener(arrived);
  }
}
