import { AuthenticationError, AuthenticationUnavailableError } from "../errors.js";
import { FOREIGN_ISSUER, MAX_TOKEN_LENGTH, readToken, type Unverified } from "./access-token.js";
import type { Authenticator, AuthRequest, OAuthResource } from "./authenticator.js";
import { bearerToken } from "./bearer.js";
import { isJoseLoaded, loadJose } from "./jose.js";
import { JwtIssuer } from "./jwt-issuer.js";
import { type JwtOptions, type ResolvedJwtOptions, resolveJwtOptions } from "./jwt-options.js";
import { type DatedPrincipal, principalOf } from "./jwt-principal.js";
import type { Keys } from "./key-set.js";
import type { Principal } from "./principal.js";
import { TokenCache } from "./token-cache.js";

/** Verified tokens that are kept: callers of some minutes, even of a large server. */
const MAX_CACHED_TOKENS = 10_000;
/** Characters of their texts together; with the claims in them they take about four times that in memory. */
const MAX_CACHED_CHARACTERS = 16_777_216;
/** The longest token behind its scheme: a header that is longer holds spaces, which nobody needs. */
const MAX_CACHED_HEADER: number = "Bearer ".length + MAX_TOKEN_LENGTH;
/** Tokens that are being verified, most of them while an issuer is slow: beyond, callers are told to come back. */
const MAX_VERIFYING = 10_000;

/** A token that may be used again without another verification, as long as its issuer publishes the same keys. */
interface KnownToken extends DatedPrincipal {
  readonly issuer: JwtIssuer;
  readonly keys: Keys;
}

/**
 * Takes access tokens that are JWTs (RFC 9068, RFC 7519) from `Authorization: Bearer`: of these issuers, for these
 * audiences, signed with a key that the issuer publishes. Nothing is fetched before the first token comes. Scopes, roles
 * and permissions in the claims become the permissions of the principal.
 *
 * @example
 * ```ts
 * import { jwt, McpServer } from "holdfast";
 *
 * const auth = jwt({ issuer: "https://login.example.com/", audience: "https://mcp.example.com" });
 * const mcp = new McpServer({ name: "orders", version: "1.0.0" }, { auth });
 * mcp.registerTool("list_orders", { requires: "orders:read" }, () => "none");
 * ```
 * @throws HoldfastError `ERR_CONFIG` for options that are missing, unknown or unsafe.
 */
export function jwt(options: JwtOptions): Authenticator {
  const tokens = new AccessTokens(resolveJwtOptions(options));
  return {
    scheme: "jwt",
    authenticates: true,
    oauth: tokens.oauth,
    authenticate: (request) => tokens.authenticate(request),
  };
}

class AccessTokens {
  readonly oauth: OAuthResource;
  readonly #options: ResolvedJwtOptions;
  readonly #issuers: ReadonlyMap<string, JwtIssuer>;
  /** By the whole header, so that a token that comes again is neither cut out nor looked at. */
  readonly #known: TokenCache<KnownToken> = new TokenCache({
    maxEntries: MAX_CACHED_TOKENS,
    maxCharacters: MAX_CACHED_CHARACTERS,
  });
  readonly #verifying = new Map<string, Promise<Principal>>();

  constructor(options: ResolvedJwtOptions) {
    this.#options = options;
    this.#issuers = new Map(options.issuers.map((url) => [url, new JwtIssuer(url, options)]));
    this.oauth = {
      authorizationServers: options.issuers,
      scopes: options.scopes,
      authorizationServerMetadata: async (issuer) => this.#issuers.get(issuer)?.describe(),
    };
  }

  /** Synchronous for a token that is known. */
  authenticate(request: AuthRequest): Principal | undefined | Promise<Principal> {
    const header = request.header("authorization");
    if (header === undefined) return undefined;
    const known = this.#known.get(header);
    if (known !== undefined) {
      const now = Date.now();
      const sameKeys = known.issuer.keys.current(now) === known.keys;
      if (sameKeys && now >= known.notBefore && now < known.expiresAt) return known.principal;
      this.#known.delete(header);
    }
    const text = bearerToken(request);
    if (text === undefined) return undefined;
    if (!isJoseLoaded()) return loadJose().then(() => this.authenticate(request) as Principal | Promise<Principal>);
    return this.#verifying.get(text) ?? this.#begin(readToken(text, this.#options), header);
  }

  /** Requests that bring the same token meanwhile wait for the same verification. */
  #begin(token: Unverified, header: string): Promise<Principal> {
    const issuer = this.#issuers.get(token.issuer);
    if (issuer === undefined) throw new AuthenticationError(FOREIGN_ISSUER);
    if (this.#verifying.size >= MAX_VERIFYING) {
      throw new AuthenticationUnavailableError("Too many access tokens are being verified");
    }
    const verifying = this.#verify(token, { issuer, header }).finally(() => this.#verifying.delete(token.text));
    this.#verifying.set(token.text, verifying);
    return verifying;
  }

  async #verify(
    token: Unverified,
    { issuer, header }: { readonly issuer: JwtIssuer; readonly header: string },
  ): Promise<Principal> {
    const { claims, keys } = await issuer.verify(token);
    const dated = principalOf(claims, issuer.url, this.#options);
    if (header.length <= MAX_CACHED_HEADER) this.#known.set(header, { ...dated, issuer, keys });
    return dated.principal;
  }
}
