import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HoldfastError } from "../errors.js";
import type { HttpTransport } from "../transports/http/handler.js";
import { NodeExchange } from "./node-exchange.js";

/** Slow senders are cut: headers within this time (slowloris, catalogue 69). */
const HEADERS_TIMEOUT_MS = 15_000;
/** And the whole request, body included, within this one; answers may take as long as they need. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than the idle timeout of common load balancers (60 s), so that they close first and never hit a closed socket. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

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

/** Listens on `host:port` (0 takes a free port). */
export async function listen(transport: HttpTransport, host: string, port: number): Promise<ListeningServer> {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS },
    nodeListener(transport),
  );
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

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== "EADDRINUSE") return error;
  const text = `Port ${port} on ${host} is in use. Choose another with run({ port }) or MCP_PORT; 0 takes a free one.`;
  return new HoldfastError("ERR_ADDRESS_IN_USE", text, { cause: error });
}
