import { encodeError } from "../../protocol/jsonrpc.js";
import type { RequestId } from "../../protocol/types.js";
import type { HttpExchange, ReplyHeaders } from "./types.js";

export const JSON_TYPE = "application/json";
export const SSE_TYPE = "text/event-stream";

/** What every reply says: nothing here may be cached or guessed at. */
const BASE: ReplyHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

export const JSON_HEADERS: ReplyHeaders = { ...BASE, "content-type": JSON_TYPE };
const TEXT_HEADERS: ReplyHeaders = { ...BASE, "content-type": "text/plain; charset=utf-8" };

/**
 * Headers of an event stream. `X-Accel-Buffering: no` turns off buffering in nginx (2026-07-28, Streamable HTTP,
 * "Receiving Messages"); `no-transform` keeps proxies from compressing, which buffers too.
 */
export const SSE_HEADERS: ReplyHeaders = {
  ...BASE,
  "content-type": SSE_TYPE,
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** Seconds a client is told to wait when the server is going away or has too much to do: long enough for a restart. */
const RETRY_AFTER_SECONDS = "5";

/** Headers of a refusal that another attempt may not meet. */
export const BUSY_HEADERS: ReplyHeaders = { ...JSON_HEADERS, "retry-after": RETRY_AFTER_SECONDS };

/** Calls back with whether a reply arrived, as far as can be known. */
export function followDelivery(reply: Pick<HttpExchange, "onDelivery">, listener: (arrived: boolean) => void): void {
  if (reply.onDelivery === undefined) listener(true);
  else reply.onDelivery(listener);
}

/** A refusal that is about HTTP and not about a message: plain words and a status. */
export function refuse(http: HttpExchange, status: number, text: string, headers: ReplyHeaders = {}): void {
  http.end(status, { ...TEXT_HEADERS, ...headers }, `${text}\n`);
}

/** A refusal as a JSON-RPC error, with the id of the request where it is known. */
export function refuseMessage(
  http: HttpExchange,
  status: number,
  error: { readonly code: number; readonly message: string; readonly data?: unknown },
  id?: RequestId,
): void {
  http.end(status, JSON_HEADERS, encodeError(id, error));
}

/** 503: the server is draining. */
export function refuseDraining(http: HttpExchange): void {
  refuse(http, 503, "The server is shutting down; try again.", { "retry-after": RETRY_AFTER_SECONDS });
}

/** 503: there is more to do than the bounds allow. */
export function refuseBusy(http: HttpExchange, what: string, headers: ReplyHeaders = {}): void {
  refuse(http, 503, `${what}; try again later.`, { ...headers, "retry-after": RETRY_AFTER_SECONDS });
}
