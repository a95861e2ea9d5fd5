/** The HTTP transport: gate, authentication, routes. One handler serves every revision on one port. */
import { ANONYMOUS_PRINCIPAL, type Principal } from "../../auth/principal.js";
import { ErrorCode } from "../../errors.js";
import { INVALID_REQUEST, messageKind, type RequestMessage, salvageId } from "../../protocol/jsonrpc.js";
import type { App } from "../../server/app.js";
import { StreamRegistry } from "../../streams/registry.js";
import type { JsonBounds } from "../../util/json-scan.js";
import { authenticate } from "./authenticate.js";
import { isModern, isModernHeader, unknownVersion } from "./era.js";
import { Gate, type GateOptions, preflightHeaders } from "./gate.js";
import { serveDelete, servePost } from "./legacy.js";
import { serveGet } from "./legacy-get.js";
import type { LegacyLane } from "./legacy-lane.js";
import { mirror, SEEN_QUERY } from "./mirror.js";
import { serveModern } from "./modern.js";
import { Protection } from "./protection.js";
import { acceptsMessage, messageOf } from "./read-message.js";
import { refuse, refuseDraining, refuseMessage } from "./respond.js";
import { HttpSessions } from "./sessions.js";
import { SseTransport } from "./sse-transport.js";
import { telemetryPages } from "./telemetry-pages.js";
import type { HttpExchange } from "./types.js";
import { withHeaders } from "./with-headers.js";

export interface HttpOptions extends GateOptions {
  /** Path of the MCP endpoint; `undefined` serves HTTP+SSE alone. */
  readonly mcpPath: string | undefined;
  readonly ssePath: string;
  readonly messagesPath: string;
}

/** One route. The table is the only way in, so tests can walk all of it. */
export interface Route {
  readonly path: string;
  readonly method: string;
  /** False for the probes and the documents of RFC 9728, which say nothing about anybody. */
  readonly authenticated: boolean;
  readonly serve: (http: HttpExchange, principal: Principal) => void;
}

export class HttpTransport {
  readonly routes: readonly Route[];
  readonly #app: App;
  readonly #gate: Gate;
  readonly #lane: LegacyLane;
  readonly #sse: SseTransport;
  readonly #jsonBounds: JsonBounds;
  readonly #protection: Protection;
  readonly #byPath = new Map<string, Map<string, Route>>();

  constructor(app: App, options: HttpOptions) {
    this.#app = app;
    this.#gate = new Gate(options);
    const { limits } = app;
    this.#jsonBounds = { maxDepth: limits.maxJsonDepth, maxKeys: limits.maxJsonKeys };
    const streams = new StreamRegistry(
      app.store.streams,
      {
        maxEvents: limits.streamMaxEvents,
        maxBytes: limits.streamMaxBytes,
        resumeWindowMs: limits.resumeWindowMs,
        maxQueuedBytes: limits.maxQueuedBytes,
        maxStreams: limits.maxStreams,
        maxStreamsPerPrincipal: limits.maxStreamsPerPrincipal,
        retryMs: limits.retryMs,
      },
      { ticker: app.ticker, budget: app.budgets.streams },
    );
    this.#protection = new Protection(app, options);
    const protection = this.#protection;
    this.#lane = {
      app,
      protection,
      streams,
      sessions: new HttpSessions(app, streams, options.mcpPath ?? options.ssePath),
    };
    this.#sse = new SseTransport(app, streams, {
      path: options.messagesPath,
      publicPrefix: prefixOf(options.publicUrl),
    });
    this.routes = this.#table(options);
    app.presence.sources.add(this.#presence);
    for (const route of this.routes) {
      const methods = this.#byPath.get(route.path) ?? new Map<string, Route>();
      this.#byPath.set(route.path, methods.set(route.method, route));
    }
  }

  /** Serves one request. Never throws; what goes wrong is answered and reported. */
  handle(http: HttpExchange): void {
    try {
      this.#handle(http);
    } catch (error) {
      this.#failed(http, error);
    }
  }

  /** Ends every open stream: clients reconnect, elsewhere or later. */
  close(): void {
    this.#sse.flush();
    this.#lane.streams.closeAll();
    this.#app.presence.sources.delete(this.#presence);
  }

  readonly #presence = () => {
    return { sessions: this.#lane.sessions.size + this.#sse.size, heldStreams: this.#lane.streams.size };
  };

  #table(options: HttpOptions): readonly Route[] {
    const { mcpPath, ssePath, messagesPath } = options;
    const open = (path: string, serve: (http: HttpExchange) => void): readonly Route[] =>
      ["GET", "HEAD"].map((method) => ({ path, method, authenticated: false, serve }));
    const guarded = (path: string, method: string, serve: Route["serve"]): Route => {
      return { path, method, authenticated: true, serve };
    };
    const mcp =
      mcpPath === undefined
        ? []
        : [
            guarded(mcpPath, "POST", (http, principal) => this.#post(http, principal, this.#serveMcp)),
            guarded(mcpPath, "GET", (http, principal) => this.#get(http, principal)),
            guarded(mcpPath, "DELETE", (http, principal) => this.#delete(http, principal)),
          ];
    return [
      ...open("/health", (http) => (http.query === SEEN_QUERY ? mirror(http) : refuse(http, 200, "ok"))),
      ...open("/ready", (http) => (this.#app.draining ? refuseDraining(http) : refuse(http, 200, "ready"))),
      ...this.#protection.routes().flatMap(({ path, serve }) => open(path, serve)),
      ...mcp,
      ...telemetryPages(this.#lane).map(({ path, serve }) => guarded(path, "GET", serve)),
      guarded(ssePath, "GET", (http, principal) => this.#sse.open(http, principal)),
      guarded(messagesPath, "POST", (http, principal) => {
        this.#post(http, principal, (one, body, caller) => this.#sse.post(one, body, caller));
      }),
    ];
  }

  #handle(exchange: HttpExchange): void {
    const verdict = this.#gate.judge(exchange);
    if (!verdict.ok) {
      return refuseMessage(exchange, 403, { code: ErrorCode.InvalidRequest, message: `Forbidden: ${verdict.message}` });
    }
    const http = verdict.cors === undefined ? exchange : withHeaders(exchange, verdict.cors);
    const methods = this.#byPath.get(http.path);
    if (methods === undefined) return refuse(http, 404, "Not found.");
    if (http.method === "OPTIONS" && verdict.cors !== undefined) {
      const requested = http.header("access-control-request-headers");
      return exchange.end(204, preflightHeaders(verdict.cors, requested));
    }
    const route = methods.get(http.method);
    if (route === undefined) {
      return refuse(http, 405, "Method not allowed.", { allow: [...methods.keys()].join(", ") });
    }
    if (!route.authenticated) return route.serve(http, ANONYMOUS_PRINCIPAL);
    authenticate(this.#lane, http, (principal) => this.#guard(http, () => route.serve(http, principal)));
  }

  #guard(http: HttpExchange, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(http, error);
    }
  }

  #failed(http: HttpExchange, error: unknown): void {
    this.#app.logger.log("error", "http_failed", { path: http.path, error });
    refuse(http, 500, "Internal error.");
  }

  #post(
    http: HttpExchange,
    principal: Principal,
    serve: (http: HttpExchange, body: unknown, principal: Principal) => void,
  ): void {
    if (!acceptsMessage(http)) return;
    const { limits, budgets } = this.#app;
    http.readBody({ maxBytes: limits.maxBodyBytes, budget: budgets.bodies }, (body) => {
      this.#guard(http, () => {
        const value = messageOf(this.#app, this.#jsonBounds, http, body);
        if (value !== undefined) serve(http, value, principal);
      });
    });
  }

  /** Routes one body by what it says of itself (2026-07-28, versioning, "dual-era"). */
  readonly #serveMcp = (http: HttpExchange, body: unknown, principal: Principal): void => {
    if (!isModern(http, body)) return servePost(this.#lane, http, body, principal);
    const kind = messageKind(body);
    if (kind === "request") {
      if (this.#app.draining) return refuseDraining(http);
      return serveModern(this.#lane, http, body as RequestMessage, principal);
    }
    const unknown = unknownVersion(http);
    if (unknown !== undefined) return refuseMessage(http, 400, unknown);
    // This revision has no notifications from clients over HTTP; one that comes is accepted and means nothing.
    if (kind === "notification") return http.end(202, {});
    refuseMessage(http, 400, INVALID_REQUEST, salvageId(body));
  };

  #get(http: HttpExchange, principal: Principal): void {
    const unknown = unknownVersion(http);
    if (unknown !== undefined) return refuseMessage(http, 400, unknown);
    if (isModernHeader(http)) return refuse(http, 405, "Revision 2026-07-28 has no GET.", { allow: "POST" });
    serveGet(this.#lane, http, principal);
  }

  #delete(http: HttpExchange, principal: Principal): void {
    const unknown = unknownVersion(http);
    if (unknown !== undefined) return refuseMessage(http, 400, unknown);
    if (isModernHeader(http)) return refuse(http, 405, "Revision 2026-07-28 has no DELETE.", { allow: "POST" });
    serveDelete(this.#lane, http, principal);
  }
}

/** The path under which a proxy publishes the server, without its last slash. */
function prefixOf(publicUrl: URL | undefined): string | undefined {
  return publicUrl?.pathname.replace(/\/$/, "");
}
