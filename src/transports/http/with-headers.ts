import { followDelivery } from "./respond.js";
import type { HttpExchange, ReplyHeaders, ReplyStream } from "./types.js";

/** The same exchange with headers added to whatever is replied (CORS). */
export function withHeaders(http: HttpExchange, extra: ReplyHeaders): HttpExchange {
  return {
    method: http.method,
    path: http.path,
    query: http.query,
    prefix: http.prefix ?? "",
    scheme: http.scheme ?? "http",
    remoteAddress: http.remoteAddress,
    localAddress: http.localAddress,
    header: (name) => http.header(name),
    readBody: (bounds, done) => http.readBody(bounds, done),
    end: (status, headers, body) => http.end(status, { ...headers, ...extra }, body),
    stream: (status, headers): ReplyStream => http.stream(status, { ...headers, ...extra }),
    get waiting() {
      return http.waiting;
    },
    abort: () => http.abort(),
    onGone: (listener) => http.onGone(listener),
    onDelivery: (listener) => followDelivery(http, listener),
  };
}
