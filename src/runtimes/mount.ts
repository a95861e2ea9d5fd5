import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Definition } from "../server/definition.js";
import { serveFetch } from "./fetch-exchange.js";
import { createHttpTransport } from "./http-transport.js";
import { isAnswerable } from "./node-connection.js";
import { NodeExchange } from "./node-exchange.js";

/** The faces by which a server is mounted in somebody else's. */
export interface Mounted {
  node(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void;
  fetch(request: Request): Promise<Response>;
  /** Refuses new work, lets calls in flight end, then ends streams and lets go of the store. */
  shutdown(graceMs: number): Promise<void>;
}

/** Where a request belongs: one of our endpoints, below what the framework put in front of it. */
export interface Place {
  /** Path of the endpoint as the transport knows it, e.g. `/mcp`. */
  readonly path: string;
  /** Everything before it, e.g. `/api`; empty at the root. */
  readonly prefix: string;
}

/** What may stand before an endpoint: segments of RFC 3986 pchar. `//host` would name another server in a URL. */
const PREFIX = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)*$/;
/** These paths have endpoints in their middle and at their end that are not ours (RFC 8615; RFC 9728, 3.1). */
const WELL_KNOWN = "/.well-known";
/** Documents about an endpoint: what comes after their name is its path, with whatever stands before that. */
const DOCUMENT =
  /^(.*?)(\/\.well-known\/(?:oauth-protected-resource|oauth-authorization-server|openid-configuration))(\/.*)?$/;

const ORIGIN = /^https?:\/\/[^/]+/i;

/** One transport behind both faces, so that sessions and streams are shared. */
export function mount(definition: Definition): Mounted {
  const transport = createHttpTransport(definition, { mcpPath: "/mcp", bindHost: undefined });
  const started = definition.startTelemetry().catch((error: unknown) => {
    definition.logger.log("error", "telemetry_failed", { error });
    return async () => {};
  });
  const endpoints = new Set(transport.routes.map(({ path }) => path));
  return {
    node: (request, response) => {
      if (!isAnswerable(request)) return;
      // What HTTP/2 lacks of the types of HTTP/1 is not used, or asked of its streams.
      const exchange = new MountedNodeExchange(request as IncomingMessage, response as ServerResponse, endpoints);
      transport.handle(exchange);
    },
    fetch: (request) => {
      return serveFetch(transport, request, {
        find: (path) => placeOf(path, endpoints),
        wake: () => definition.ticker.wake(),
      });
    },
    shutdown: async (graceMs) => {
      await definition.drain(graceMs);
      transport.close();
      await (await started)();
      if (definition.options.ownsStore) await definition.store.close?.();
    },
  };
}

/**
 * Finds the endpoint at the end of a path. Frameworks differ in whether they hand over the path with the prefix a server
 * is mounted under or without it; the last segment is the same in both.
 */
export function placeOf(path: string, endpoints: ReadonlySet<string>): Place | undefined {
  const document = DOCUMENT.exec(path);
  if (document !== null) return placeOfDocument(document, endpoints);
  const end = path.length > 1 && path.endsWith("/") ? path.length - 1 : path.length;
  const cut = path.lastIndexOf("/", end - 1);
  const endpoint = path.slice(cut, end);
  if (!endpoints.has(endpoint)) return undefined;
  const prefix = path.slice(0, cut);
  return prefix === "" || isPrefix(prefix) ? { path: endpoint, prefix } : undefined;
}

/**
 * Both places of a document: below the prefix, where everything of a mounted server is reached, and with the prefix in
 * the path it is about, where RFC 9728, section 3.1 puts it.
 */
function placeOfDocument(
  [, before = "", document = "", about = ""]: readonly string[],
  endpoints: ReadonlySet<string>,
): Place | undefined {
  const whole = `${document}${about}`;
  if (endpoints.has(whole)) return before === "" || isPrefix(before) ? { path: whole, prefix: before } : undefined;
  const cut = about.lastIndexOf("/");
  const path = `${document}${about.slice(cut)}`;
  const prefix = about.slice(0, cut);
  return before === "" && cut > 0 && endpoints.has(path) && isPrefix(prefix) ? { path, prefix } : undefined;
}

function isPrefix(text: string): boolean {
  return PREFIX.test(text) && text !== WELL_KNOWN && !text.startsWith(`${WELL_KNOWN}/`);
}

/** A request that another framework had first. */
class MountedNodeExchange extends NodeExchange {
  readonly prefix: string;

  constructor(request: IncomingMessage, response: ServerResponse, endpoints: ReadonlySet<string>) {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const path = mark < 0 ? url : url.slice(0, mark);
    const origin = originOf(path);
    const place = originalPlace(request, endpoints) ?? placeOf(path.slice(origin.length), endpoints);
    super(request, response, place === undefined ? url : `${origin}${place.path}${mark < 0 ? "" : url.slice(mark)}`);
    this.prefix = place?.prefix ?? "";
  }

  override header(name: string): string | undefined {
    return name === "host" ? this.#addressed() : super.header(name);
  }

  /**
   * HTTP/2 has no Host; what the client asked for stands in a pseudo-header. Both together must say the same
   * (RFC 9113, 8.3.1): a proxy may have gone by one of them and the gate by the other.
   */
  #addressed(): string | undefined {
    const host = super.header("host");
    const authority = super.header(":authority");
    if (authority === undefined || this.timesSent("host") === 0) return host ?? authority;
    return host?.toLowerCase() === authority.toLowerCase() ? authority : undefined;
  }
}

/**
 * The place by the path the client sent, which Express, Connect and their like keep when they take a prefix away. A path
 * without an endpoint at its end was rewritten by the operator, so the rewritten one counts.
 */
function originalPlace(request: IncomingMessage, endpoints: ReadonlySet<string>): Place | undefined {
  const { originalUrl } = request as IncomingMessage & { readonly originalUrl?: unknown };
  if (typeof originalUrl !== "string" || originalUrl === request.url) return undefined;
  const mark = originalUrl.indexOf("?");
  const path = mark < 0 ? originalUrl : originalUrl.slice(0, mark);
  return placeOf(path.slice(originOf(path).length), endpoints);
}

/** What stands before the path in the absolute form, which proxies may send (RFC 9112, 3.2.2); mostly nothing. */
function originOf(target: string): string {
  return target.startsWith("/") ? "" : (ORIGIN.exec(target)?.[0] ?? "");
}
