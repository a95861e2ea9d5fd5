import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HoldfastError } from "../errors.js";
import type { Limits } from "../server/limits.js";
import type { HttpTransport } from "../transports/http/handler.js";
import { NodeExchange } from "./node-exchange.js";

/** Longer than the idle timeout of common load balancers (60 s), so that they close first and never hit a closed socket. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** How often connections are looked at for slow senders; Node's default is twice as long as the bound on headers. */
const CHECK_MS = 5000;
/** What `maxHeaderSize` can be at most: a lifted bound must still be a number that the parser takes. */
const MAX_HEADER_BYTES = 1_073_741_824;

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
  return (request, response) => transport.handle(new NodeExchange(request, response));
}

/** Listens on `host:port`. */
export async function listen(transport: HttpTransport, place: ListenOptions): Promise<ListeningServer> {
  const { host, port, limits } = place;
  const server = createServer(
    {
      // Slow senders are cut (slowloris, catalogue 69). Node takes 0 for "no bound".
      headersTimeout: finite(limits.headersTimeoutMs),
      requestTimeout: finite(limits.requestTimeoutMs),
      connectionsCheckingInterval: Math.min(CHECK_MS, limits.headersTimeoutMs, limits.requestTimeoutMs),
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      maxHeaderSize: Math.min(limits.maxHeaderBytes, MAX_HEADER_BYTES),
    },
    nodeListener(transport),
  );
  // Node drops headers beyond a count without a word, an Origin among them; the bound on bytes is enough.
  server.maxHeadersCount = 0;
  if (Number.isFinite(limits.maxConnections)) server.maxConnections = limits.maxConnections;
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

function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== "EADDRINUSE") return error;
  const text = `Port ${port} on ${host} is in use. Choose another with run({ port }) or MCP_PORT; 0 takes a free one.`;
  return new HoldfastError("ERR_ADDRESS_IN_USE", text, { cause: error });
}
