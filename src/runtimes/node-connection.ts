/** What Node does not say of a connection of HTTP/1.1 on which requests come before the ones before them are answered. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { onceClosed } from "./node-closed.js";

/** Connections on which the reply that ends them was begun. */
const closing = new WeakSet<Socket>();

/** The reply to this request is the last one of its connection: nothing that comes behind it can be answered. */
export function closesConnection({ socket, httpVersionMajor }: IncomingMessage): void {
  // HTTP/2 has no last reply, and adapters that make requests out of something else may give them no socket.
  if (httpVersionMajor === 1 && socket instanceof Socket) closing.add(socket);
}

/**
 * False for a request that Node hands over although nobody can get an answer to it: what was pipelined behind a request
 * whose reply ends the connection, ours or one that Node gave by itself. Nothing may be done for it (RFC 9112, 9.6).
 * Adapters that make requests out of something else may give them no socket.
 */
export function isAnswerable({ socket }: { readonly socket: Socket | null | undefined }): boolean {
  if (socket === null || socket === undefined) return true;
  return !socket.writableEnded && !socket.destroyed && !closing.has(socket);
}

/** True while a reply waits for the ones before it on its connection: it has no socket yet, and hears nothing of it. */
export function isQueued({ socket }: IncomingMessage, response: ServerResponse): boolean {
  return response.socket === null && !response.writableFinished && socket instanceof Socket;
}

/**
 * Calls back when the connection closes before the turn of a queued reply has come: Node tells that only to the reply
 * whose turn it is.
 */
export function onClosedBefore({ socket }: IncomingMessage, response: ServerResponse, listener: () => void): void {
  if (socket.destroyed) return queueMicrotask(listener);
  response.once("socket", onceClosed(socket, listener));
}
