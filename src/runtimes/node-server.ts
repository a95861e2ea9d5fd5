import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HoldfastError } from "../errors.js";
import type { Limits } from "../server/limits.js";
import type { HttpTransport } from "../transports/http/handler.js";
import { MAX_DELAY_MS } from "../util/timer.js";
import { isAnswerable } from "./node-connection.js";
import { NodeExchange } from "./node-exchange.js";

/** Longer than the idle timeout of common load balancers (60 s), so that they close first and never hit a closed socket. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** How often connections are looked at for slow senders; Node's default is twice as long as the bound on headers. */
const CHECK_MS = 5000;
/** What `maxHeaderSize` can be at most: a lifted bound must still be a number that the parser takes. */
const MAX_HEADER_BYTES = 1_073_741_824;

/** More sockets than any system has: a bound beyond it is none. */
const MAX_CONNECTIONS = 2 ** 31 - 1;

/** Where to listen, and the bounds of connections. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly limits: Limits;
}

/** A listening HTTP server. */
export interface ListeningServer {
  readonly server: Server;
  readonly host: string;
  readonly port: number;
}

/** A listener for `node:http` that hands every request to the transport. */
export function nodeListener(transport: HttpTransport): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (!isAnswerable(request)) return;
    const exchange = new NodeExchange(request, response);
    if (request.headers.host === undefined && request.httpVersion === "1.1") return refuseHostless(exchange);
    transport.handle(exchange);
  };
}

/** HTTP/1.1 must name its host, and what does not is refused with 400 (RFC 9112, section 3.2). */
function refuseHostless(exchange: NodeExchange): void {
  const headers = { "cache-control": "no-store", "content-type": "text/plain; charset=utf-8", connection: "close" };
  exchange.end(400, headers, "The Host header is missing.\n");
}

/** Listens on `host:port`. */
export async function listen(transport: HttpTransport, place: ListenOptions): Promise<ListeningServer> {
  const { host, port, limits } = place;
  const requestTimeout = milliseconds(limits.requestTimeoutMs);
  const headersTimeout = milliseconds(limits.headersTimeoutMs);
  const server = createServer(
    {
      // Slow senders are cut (slowloris, catalogue 69). Node takes 0 for "no bound".
      // Headers are part of the request: their bound is never the longer one, and Node insists on that.
      headersTimeout:
        requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout || requestTimeout, requestTimeout),
      requestTimeout,
      connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeout || CHECK_MS, requestTimeout || CHECK_MS),
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Node's own refusal ends the connection without a word to us, and what is pipelined behind it would be run.
      requireHostHeader: false,
      maxHeaderSize: Math.min(Math.floor(limits.maxHeaderBytes), MAX_HEADER_BYTES),
    },
    nodeListener(transport),
  );
  // Node drops headers beyond a count without a word, an Origin among them; the bound on bytes is enough.
  server.maxHeadersCount = 0;
  if (limits.maxConnections <= MAX_CONNECTIONS) server.maxConnections = Math.floor(limits.maxConnections);
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(explain(error, host, port));
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  return { server, host, port: address.port };
}

/** As Node takes times: whole, and 0 for those that no timer is long enough for. */
function milliseconds(ms: number): number {
  return ms <= MAX_DELAY_MS ? Math.ceil(ms) : 0;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== "EADDRINUSE") return error;
  const text = `Port ${port} on ${host} is in use. Choose another with run({ port }) or MCP_PORT; 0 takes a free one.`;
  return new HoldfastError("ERR_ADDRESS_IN_USE", text, { cause: error });
}
