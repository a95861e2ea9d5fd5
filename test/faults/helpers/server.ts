/** A server of the test process on a free loopback port, and what the test may know about its connections. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Authenticator, custom, type McpServer } from "../../../src/index.js";

/** Request header by which a test recognises one of its requests on the server's side. */
export const TAG = "x-test-tag";

/** Callers by name, as `x-user` says: enough identity to try what belongs to somebody else. */
export const BY_NAME: Authenticator = custom((request) => {
  return { issuer: "test", subject: request.header("x-user") ?? "nobody", permissions: ["*"] };
});

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly lastEventId: string | undefined;
}

export interface Served {
  readonly http: Server;
  /** `http://127.0.0.1:port` */
  readonly base: string;
  /** The MCP endpoint. */
  readonly url: string;
  readonly sseUrl: string;
  /** Open connections, as the server sees them. */
  readonly connections: ReadonlySet<Socket>;
  /** Requests so far that `matches`. */
  count(matches: (request: SeenRequest) => boolean): number;
  /** Resolves when the nth request since the server began (from 1) that `matches` has been handed to it. */
  seen(nth: number, matches: (request: SeenRequest) => boolean): Promise<void>;
  /** Resolves when the server has noticed that the connection of the tagged request is gone, or has ended it. */
  gone(tag: string): Promise<void>;
  close(): Promise<void>;
}

export async function serve(mcp: McpServer): Promise<Served> {
  const closed = new Map<string, { promise: Promise<void>; resolve: () => void }>();
  const entry = (tag: string) => {
    let known = closed.get(tag);
    if (known === undefined) {
      let resolve: () => void = () => undefined;
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      known = { promise, resolve };
      closed.set(tag, known);
    }
    return known;
  };
  const seen: SeenRequest[] = [];
  let waiting: (() => void)[] = [];
  const http = createServer((request, response) => {
    const tag = tagOf(request);
    if (tag !== undefined) {
      // Registered first: the server's own listeners have run when the turn is over.
      response.on("close", () => setImmediate(() => entry(tag).resolve()));
    }
    mcp.node(request, response);
    const lastEventId = request.headers["last-event-id"];
    const { method = "", url = "" } = request;
    seen.push({ method, url, lastEventId: typeof lastEventId === "string" ? lastEventId : undefined });
    const waiters = waiting;
    waiting = [];
    setImmediate(() => {
      for (const resolve of waiters) resolve();
    });
  });
  const connections = new Set<Socket>();
  http.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    http,
    connections,
    base,
    url: `${base}/mcp`,
    sseUrl: `${base}/sse`,
    count: (matches) => seen.filter(matches).length,
    seen: async (nth, matches) => {
      while (seen.filter(matches).length < nth) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    gone: async (tag) => {
      await entry(tag).promise;
      closed.delete(tag);
    },
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function tagOf(request: IncomingMessage): string | undefined {
  const tag = request.headers[TAG];
  return typeof tag === "string" ? tag : undefined;
}
