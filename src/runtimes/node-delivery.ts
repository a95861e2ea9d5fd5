/** Whether a reply reached its client, as far as a server can know. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { after } from "../util/timer.js";

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
  const { socket } = response;
  if (socket === null || socket.destroyed || response.destroyed) return listener(false);
  new Delivery(response, socket, listener);
}

/** A client that sends another request on a connection has read the reply to the one before. */
export function requestArrived(socket: Socket): void {
  if (count > 0) waiting.get(socket)?.confirm();
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
