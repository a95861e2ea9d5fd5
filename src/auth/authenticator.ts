import { ANONYMOUS_PRINCIPAL, type Principal } from "./principal.js";

/** What an authenticator may look at. Header names are lower case; a header that was not sent is undefined. */
export interface AuthRequest {
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
  readonly remoteAddress: string | undefined;
}

/**
 * Turns a request into a `Principal`. Undefined refuses the request (401); so does a thrown error. Called on every
 * request of every HTTP route, before the body is read.
 */
export interface Authenticator {
  /** Named in logs. */
  readonly scheme: string;
  /** True when callers prove who they are; a server without proof may not listen on a public address unless told so. */
  readonly authenticates: boolean;
  authenticate(request: AuthRequest): Principal | undefined | Promise<Principal | undefined>;
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
