/**
 * The HTTP API for programs that write: `POST /api/orders`, `GET /api/orders/{id}`, `POST /api/stock-adjustments`. Plain
 * `node:http`, so that nothing stands between the reader and what it takes to be retried safely.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authenticator } from "holdfast";
import { DatabaseUnavailable } from "../db/database.js";
import type { Deps } from "../deps.js";
import { assertPermitted, authenticateCaller } from "./authenticate.js";
import { IdempotentWrites } from "./idempotency.js";
import { Problem, type Reply } from "./problem.js";
import { type ApiDeps, ROUTES } from "./routes.js";

export interface Api {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Resolves when no request is under way. */
  idle(): Promise<void>;
}

export interface ApiOptions extends Deps {
  readonly auth: Authenticator;
}

/** What every answer says: nothing here may be kept by others or guessed at. */
const COMMON = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

export function createApi({ auth, ...deps }: ApiOptions): Api {
  const all = { ...deps, auth, writes: new IdempotentWrites(deps.database) };
  const running = new Set<Promise<void>>();
  return {
    handle: (request, response) => {
      const served = serve(request, all)
        .catch(toReply)
        .then((reply) => send(response, reply))
        .finally(() => running.delete(served));
      running.add(served);
    },
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

/** Who is calling is found out first: strangers do not learn what there is. */
async function serve(request: IncomingMessage, deps: ApiDeps & { readonly auth: Authenticator }): Promise<Reply> {
  const url = parseUrl(request.url ?? "/");
  const caller = await authenticateCaller(request, url, deps);
  const path = url.pathname;
  const found = ROUTES.filter((route) => route.path.test(path));
  if (found.length === 0) throw new Problem("not-found", { detail: "There is nothing at this address." });
  const route = found.find(({ method }) => method === request.method);
  if (route === undefined) {
    const allow = found.map(({ method }) => method).join(", ");
    throw new Problem("method-not-allowed", { detail: `This address knows ${allow}.`, headers: { allow } });
  }
  assertPermitted(caller, route.permission);
  return route.handle(deps, { request, caller, path, id: route.path.exec(path)?.[1] ?? "" });
}

function parseUrl(target: string): URL {
  // Only the path and the query are of interest; `//host` must not become one.
  if (!target.startsWith("/") || target.startsWith("//")) {
    throw new Problem("not-found", { detail: "There is nothing at this address." });
  }
  return new URL(target, "http://warehouse.invalid");
}

function toReply(error: unknown): Reply {
  if (error instanceof Problem) return error.reply;
  if (error instanceof DatabaseUnavailable) {
    const detail = "The database cannot be reached. Send the same request with the same key again.";
    return new Problem("unavailable", { detail, headers: { "retry-after": "5" } }).reply;
  }
  // As JSON, so that nothing in it can pass for another line of the log.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${JSON.stringify({ event: "api_failed", error: text })}\n`);
  return new Problem("internal", { detail: "The server's log says more. The same request may be sent again." }).reply;
}

/** A client that went away meanwhile comes back for the answer with its key. */
function send(response: ServerResponse, { status, headers, body }: Reply): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...COMMON, ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}
