/**
 * What clients are told that may not come in, or not this far, and how they find out where to log in: challenges
 * (RFC 6750, section 3), protected resource metadata (RFC 9728) and, for clients that look for it on this server, the
 * metadata of the authorization server (2025-03-26, authorization, "Server Metadata Discovery").
 */
import { namedPermissions } from "../../auth/permissions.js";
import type { App } from "../../server/app.js";
import type { Catalogue } from "../../server/catalogue.js";
import type { Entry } from "../../server/entries.js";
import { JSON_HEADERS, refuse, refuseBusy } from "./respond.js";
import type { HttpExchange } from "./types.js";

/** Where the protected endpoints are, and how clients reach them. */
export interface ProtectedPlaces {
  readonly mcpPath: string | undefined;
  readonly ssePath: string;
  readonly messagesPath: string;
  readonly publicUrl: URL | undefined;
}

/** Why a request is refused, in the words of RFC 6750, section 3.1. */
export interface Refusal {
  readonly error?: "invalid_request" | "invalid_token" | "insufficient_scope";
  readonly description?: string;
  /** What the request needs; without it, what clients ask for when they first log in. */
  readonly permissions?: readonly string[];
}

export interface OpenRoute {
  readonly path: string;
  readonly serve: (http: HttpExchange) => void;
}

const RESOURCE_METADATA = "/.well-known/oauth-protected-resource";
/** Where clients look for an authorization server that they take to be this server itself. */
const SERVER_METADATA = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
/** `scope-token` of RFC 6749, section 3.3: nothing else fits into a challenge or a document. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** Grants of several permissions are nothing that a client could ask for. */
const isScope = (permission: string) => SCOPE.test(permission) && !permission.endsWith("*");

export class Protection {
  readonly #app: App;
  readonly #places: ProtectedPlaces;
  readonly #named = new WeakMap<Catalogue, readonly string[]>();

  constructor(app: App, places: ProtectedPlaces) {
    this.#app = app;
    this.#places = places;
  }

  /** Documents that everybody may read; none without an authorization server. */
  routes(): readonly OpenRoute[] {
    const { oauth } = this.#app.auth;
    if (oauth === undefined) return [];
    const { mcpPath, ssePath, publicUrl } = this.#places;
    const first = mcpPath ?? ssePath;
    const prefix = publicUrl === undefined ? "" : withoutSlash(publicUrl.pathname);
    const paths = [mcpPath, ssePath].filter((path) => path !== undefined);
    const places = paths.flatMap((path) => [...new Set([path, `${prefix}${path}`])].map((at) => ({ at, path })));
    const all = [{ at: "", path: first }, ...places];
    const resources = all.map(({ at, path }): OpenRoute => {
      return { path: `${RESOURCE_METADATA}${withoutSlash(at)}`, serve: (http) => this.#describeResource(http, path) };
    });
    if (oauth.authorizationServerMetadata === undefined) return resources;
    const servers = SERVER_METADATA.flatMap((document) => all.map(({ at }) => `${document}${withoutSlash(at)}`));
    return [...resources, ...servers.map((path): OpenRoute => ({ path, serve: (http) => this.#describeServer(http) }))];
  }

  /** The value of `WWW-Authenticate`: what is wrong, what to ask for, and where to find out how. */
  challenge(http: HttpExchange, { error, description, permissions }: Refusal): string {
    const { oauth } = this.#app.auth;
    const scopes = permissions?.filter(isScope) ?? (oauth === undefined ? [] : this.#loginScopes());
    const members = [
      error && `error="${error}"`,
      description && `error_description="${quotable(description)}"`,
      scopes.length > 0 && `scope="${scopes.join(" ")}"`,
      oauth && `resource_metadata="${this.#metadataUrl(http)}"`,
    ].filter(Boolean);
    return members.length === 0 ? "Bearer" : `Bearer ${members.join(", ")}`;
  }

  /** Reached wherever the endpoint itself is reached, also behind a proxy that passes on nothing but its own prefix. */
  #metadataUrl(http: HttpExchange): string {
    return `${this.#base(http)}${RESOURCE_METADATA}${withoutSlash(this.#endpointOf(http.path))}`;
  }

  /** Messages of HTTP+SSE belong to the resource whose URL the client was given. */
  #endpointOf(path: string): string {
    return path === this.#places.messagesPath ? this.#places.ssePath : path;
  }

  /**
   * What stands before our paths in URLs that clients use. Without `publicUrl` it is what the request itself was sent to:
   * `Host` has passed the gate, and headers that proxies are said to set could be anybody's.
   */
  #base(http: HttpExchange): string {
    const { publicUrl } = this.#places;
    if (publicUrl !== undefined) return `${publicUrl.origin}${withoutSlash(publicUrl.pathname)}`;
    return `${http.scheme ?? "http"}://${http.header("host") ?? "localhost"}${http.prefix ?? ""}`;
  }

  #describeResource(http: HttpExchange, path: string): void {
    const { auth, info } = this.#app;
    const scopes = this.#loginScopes();
    const document = {
      resource: `${this.#base(http)}${withoutSlash(path)}`,
      authorization_servers: auth.oauth?.authorizationServers ?? [],
      ...(scopes.length > 0 && { scopes_supported: scopes }),
      bearer_methods_supported: ["header"],
      resource_name: info.title ?? info.name,
    };
    http.end(200, JSON_HEADERS, JSON.stringify(document));
  }

  #describeServer(http: HttpExchange): void {
    const { oauth } = this.#app.auth;
    const [issuer] = oauth?.authorizationServers ?? [];
    const unavailable = (error: unknown) => {
      this.#app.logger.log("error", "authorization_server_unavailable", { issuer, error });
      refuseBusy(http, "The authorization server does not answer");
    };
    if (issuer === undefined || oauth?.authorizationServerMetadata === undefined)
      return refuse(http, 404, "Not found.");
    void Promise.resolve()
      .then(() => oauth.authorizationServerMetadata?.(issuer))
      .then((document) => {
        if (document === undefined) refuse(http, 404, "Not found.");
        else http.end(200, JSON_HEADERS, JSON.stringify(document));
      })
      .catch(unavailable);
  }

  /** What clients ask for at their first login: what the operator says, else every permission that is named openly. */
  #loginScopes(): readonly string[] {
    return this.#app.auth.oauth?.scopes ?? this.#namedIn(this.#app.catalogue);
  }

  #namedIn(catalogue: Catalogue): readonly string[] {
    let named = this.#named.get(catalogue);
    if (named === undefined) {
      const { tools, resources, templates, prompts } = catalogue;
      const entries = [tools, resources, templates, prompts].flatMap<Entry>(({ entries }) => entries);
      // What is hidden must not show in a document that everybody may read.
      const open = entries.filter(({ visible, whenDenied }) => visible === true && whenDenied !== "hidden");
      named = [...new Set(open.flatMap(({ requires }) => namedPermissions(requires)))].filter(isScope).sort();
      this.#named.set(catalogue, named);
    }
    return named;
  }
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

/** `error_description` may hold printable ASCII without quotes and backslashes (RFC 6750, section 3). */
function quotable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
}
