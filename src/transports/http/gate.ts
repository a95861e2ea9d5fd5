/**
 * The gate before every route (design decision 10): Host, Origin and CORS. What it protects against: a web page that
 * reaches a local server by rebinding its own name to 127.0.0.1, or simply by posting to it (security record, 1-4).
 */
import type { HttpExchange, ReplyHeaders } from "./types.js";

/** Names that always mean this machine. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

export interface GateOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** The address the server was told to listen on. */
  readonly bindHost: string | undefined;
  readonly publicUrl: URL | undefined;
}

export type Verdict =
  | { readonly ok: true; readonly cors: ReplyHeaders | undefined }
  | { readonly ok: false; readonly message: string };

/** Request headers browsers may send when `allowedOrigins` lets their page in. */
const CORS_REQUEST_HEADERS = [
  "authorization",
  "content-type",
  "accept",
  "mcp-session-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "last-event-id",
  "idempotency-key",
].join(", ");
/** A day: a preflight per call would double the traffic. */
const CORS_MAX_AGE_SECONDS = "86400";
const PASSED: Verdict = { ok: true, cors: undefined };

export class Gate {
  readonly #hosts: ReadonlySet<string>;
  readonly #anyHost: boolean;
  readonly #origins: ReadonlySet<string>;
  readonly #anyOrigin: boolean;
  #lastAllowed: string | undefined;

  constructor(options: GateOptions) {
    const { bindHost, publicUrl, allowedHosts, allowedOrigins } = options;
    const named = bindHost === undefined ? [] : [bracketed(bindHost.toLowerCase())];
    this.#hosts = new Set([...LOOPBACK_NAMES, ...named, ...(publicUrl ? [publicUrl.hostname] : []), ...allowedHosts]);
    this.#anyHost = allowedHosts.includes("*");
    this.#origins = new Set([...allowedOrigins, ...(publicUrl ? [publicUrl.origin] : [])]);
    this.#anyOrigin = allowedOrigins.includes("*");
  }

  /** Judges a request by its Host and Origin headers. */
  judge(http: HttpExchange): Verdict {
    const host = http.header("host");
    if (host === undefined || !this.#hostAllowed(host, http)) {
      return { ok: false, message: "Host not allowed; the operator can add it to allowedHosts or set publicUrl." };
    }
    const origin = http.header("origin");
    return origin === undefined ? PASSED : this.#judgeOrigin(origin, host);
  }

  #judgeOrigin(origin: string, host: string): Verdict {
    if (this.#origins.has(origin) || (this.#anyOrigin && origin !== "null")) return { ok: true, cors: corsOf(origin) };
    // A page of this very server: the origin names the host the request is addressed to, port included.
    if (origin === `http://${host}` || origin === `https://${host}`) return PASSED;
    return { ok: false, message: "Origin not allowed; the operator can add it to allowedOrigins." };
  }

  #hostAllowed(host: string, http: HttpExchange): boolean {
    if (this.#anyHost || host === this.#lastAllowed) return true;
    if (!this.#mayBeAddressed(host, http)) return false;
    // Clients of one server send the same Host over and over; an address is allowed per socket and not remembered.
    this.#lastAllowed = this.#isNamed(host) ? host : undefined;
    return true;
  }

  #isNamed(host: string): boolean {
    const name = hostName(host);
    return name !== undefined && (this.#hosts.has(name) || this.#hosts.has(host.toLowerCase()));
  }

  #mayBeAddressed(host: string, http: HttpExchange): boolean {
    const name = hostName(host);
    if (name === undefined) return false;
    // The port does not matter: tunnels and containers change it, and rebinding is about names.
    return this.#isNamed(host) || isAddress(name, http.localAddress);
  }
}

/** Host without port, lower case; undefined when the header is no plain host. */
function hostName(host: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host);
  return match?.[1]?.toLowerCase();
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

function isAddress(name: string, localAddress: string | undefined): boolean {
  if (localAddress === undefined) return false;
  const plain = localAddress.startsWith("::ffff:") ? localAddress.slice("::ffff:".length) : localAddress;
  return name === bracketed(plain.toLowerCase());
}

function corsOf(origin: string): ReplyHeaders {
  return {
    "access-control-allow-origin": origin,
    vary: "Origin",
    "access-control-expose-headers": "mcp-session-id, mcp-protocol-version, www-authenticate, retry-after",
  };
}

/** Reply headers of a preflight request that passed. */
export function preflightHeaders(cors: ReplyHeaders, requested: string | undefined): ReplyHeaders {
  // Mcp-Param-* names depend on the tools, so they are taken from the request: the origin is already trusted.
  const params = (requested ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^mcp-param-[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name));
  return {
    ...cors,
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": [CORS_REQUEST_HEADERS, ...params].join(", "),
    "access-control-max-age": CORS_MAX_AGE_SECONDS,
  };
}
