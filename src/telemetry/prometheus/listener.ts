/** The page of metrics on a port of its own. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { sha256 } from "../../auth/secrets.js";
import { HoldfastError } from "../../errors.js";
import { NodeExchange } from "../../runtimes/node-exchange.js";
import { Gate } from "../../transports/http/gate.js";
import { refuse, refuseBusy } from "../../transports/http/respond.js";
import type { HttpExchange } from "../../transports/http/types.js";
import { nodeCrypto } from "../../util/crypto.js";

/** A scrape is one small request: whoever takes longer to send it is no scraper. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A few Prometheus servers and a curious operator. */
const MAX_CONNECTIONS = 64;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly token: string | undefined;
  readonly read: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly failed: (error: unknown) => void;
}

export interface PageListener {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws HoldfastError `ERR_ADDRESS_IN_USE`. */
export async function listenForScrapes(options: ListenerOptions): Promise<PageListener> {
  const { host, port, path } = options;
  // Without a token only this machine reads it, and web pages that rebind their name to it must not.
  const gate = new Gate({ allowedHosts: [], allowedOrigins: [], bindHost: host, publicUrl: undefined });
  const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS };
  const server = createServer(timeouts, (request: IncomingMessage, response: ServerResponse) => {
    answer(new NodeExchange(request, response), gate, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, host, port);
  const at = server.address() as AddressInfo;
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${at.port}${path}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(http: HttpExchange, gate: Gate, { path, token, read, failed }: ListenerOptions): void {
  if (token === undefined) {
    const verdict = gate.judge(http);
    if (!verdict.ok) return refuse(http, 403, "Forbidden: Host or Origin not allowed.");
  } else if (!isBearer(http.header("authorization"), token)) {
    return refuse(http, 401, "Unauthorized.", { "www-authenticate": "Bearer" });
  }
  if (http.path !== path) return refuse(http, 404, "Not found.");
  if (http.method !== "GET" && http.method !== "HEAD")
    return refuse(http, 405, "Method not allowed.", { allow: "GET, HEAD" });
  read().then(
    ({ contentType, text }) => http.end(200, { "content-type": contentType, "cache-control": "no-store" }, text),
    (error: unknown) => {
      failed(error);
      refuseBusy(http, "The figures cannot be read now");
    },
  );
}

function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  return given !== undefined && nodeCrypto().timingSafeEqual(sha256(given), sha256(token));
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const taken = `prometheus(): port ${port} on ${host} is in use. Choose another; 0 takes a free one.`;
      reject(error.code === "EADDRINUSE" ? new HoldfastError("ERR_ADDRESS_IN_USE", taken, { cause: error }) : error);
    };
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
