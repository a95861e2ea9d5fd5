import { ANONYMOUS_PRINCIPAL, type Principal } from "./principal.js";

/** What an authenticator may look at. Header names are lower case; a header that was not sent is undefined. */
export interface AuthRequest {
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
  readonly remoteAddress: string | undefined;
}

/**
 * Turns a request into a `Principal`. Called on every request of every HTTP route, before the body is read.
 *
 * - Undefined: the request brings no credentials of this kind. It is refused (401).
 * - Throws `AuthenticationError`: it brings some, and they are not good. It is refused (401), and told why.
 * - Throws `AuthenticationUnavailableError`: whether they are good cannot be found out now. It is told to come back (503).
 * - Throws anything else: refused (401); the error is in the log.
 */
export interface Authenticator {
  /** Named in logs and audit events. */
  readonly scheme: string;
  /** True when callers prove who they are; a server without proof may not listen on a public address unless told so. */
  readonly authenticates: boolean;
  authenticate(request: AuthRequest): Principal | undefined | Promise<Principal | undefined>;
  /** How clients get credentials by themselves; undefined for credentials that are handed out by other ways. */
  readonly oauth?: OAuthResource;
}

/** What a client must know to log in (RFC 9728). */
export interface OAuthResource {
  /** Issuers whose tokens are accepted. */
  readonly authorizationServers: readonly string[];
  /** What clients ask for when they first log in. Default: every permission that the server's `requires` name. */
  readonly scopes?: readonly string[];
  /** The metadata document of an issuer, for clients that look for it on this server; undefined when it has none. */
  authorizationServerMetadata?(issuer: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/**
 * Lets everybody in as the same anonymous principal, with the permissions given here (none by default).
 *
 * @example
 * ```ts
 * import { anonymous, McpServer } from "holdfast";
 *
 * const mcp = new McpServer({ name: "lab", version: "1.0.0" }, { auth: anonymous({ permissions: ["netbox:read"] }) });
 * ```
 */
export function anonymous(options: { readonly permissions?: readonly string[] } = {}): Authenticator {
  const principal: Principal = { ...ANONYMOUS_PRINCIPAL, permissions: [...(options.permissions ?? [])] };
  return { scheme: "anonymous", authenticates: false, authenticate: () => principal };
}

/**
 * An authenticator from a function: return a `Principal` to let the request in, undefined to refuse it. A thrown error
 * refuses it too.
 *
 * @example
 * ```ts
 * import { custom, McpServer } from "holdfast";
 *
 * const auth = custom((request) =>
 *   request.header("x-team") === "noc" ? { issuer: "header", subject: "noc", permissions: ["netbox:*"] } : undefined,
 * );
 * const mcp = new McpServer({ name: "lab", version: "1.0.0" }, { auth });
 * ```
 */
export function custom(
  authenticate: (request: AuthRequest) => Principal | undefined | Promise<Principal | undefined>,
): Authenticator {
  return { scheme: "custom", authenticates: true, authenticate };
}
