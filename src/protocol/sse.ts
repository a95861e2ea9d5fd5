/** Server-sent events, sending side (WHATWG HTML, "Server-sent events"). */

/** A comment: ignored by every client, keeps proxies and load balancers from closing an idle stream. */
export const SSE_KEEP_ALIVE = ": keep-alive\n\n";

/**
 * One event. `data` is JSON text without raw line breaks (JSON.stringify escapes them), so one `data:` line carries it;
 * U+2028 and U+2029 are not line breaks in an event stream.
 */
export function encodeEvent(data: string, id?: string, event?: string): string {
  const head = event === undefined ? "" : `event: ${event}\n`;
  const tail = id === undefined ? "" : `id: ${id}\n`;
  return `${head}${tail}data: ${data}\n\n`;
}

/** What a client is told to wait before it comes back; nothing when there is no such number. */
export function encodeRetry(retryMs: number): string {
  return Number.isFinite(retryMs) ? `retry: ${Math.min(Math.ceil(retryMs), Number.MAX_SAFE_INTEGER)}\n` : "";
}

/**
 * The event that primes a client to resume (2025-11-25, transports, "Sending Messages" 6): an id, an empty data field
 * and the time to wait before reconnecting.
 */
export function encodePriming(id: string, retryMs: number): string {
  return `id: ${id}\n${encodeRetry(retryMs)}data:\n\n`;
}
