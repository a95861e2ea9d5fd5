import { AuthenticationError, AuthenticationUnavailableError } from "../errors.js";
import type { JsonObject } from "../util/json.js";
import { own, ownString } from "../util/json.js";
import { LruMap } from "../util/lru.js";
import type { Authenticator, OAuthResource } from "./authenticator.js";
import { bearerToken } from "./bearer.js";
import { principalOfAnswer } from "./introspection-claims.js";
import {
  assertEndpoint,
  type IntrospectionOptions,
  type ResolvedIntrospection,
  resolveIntrospection,
} from "./introspection-options.js";
import { askEndpoint, reasonsOf } from "./introspection-request.js";
import { fetchMetadata } from "./issuer-metadata.js";
import type { Principal } from "./principal.js";
import { Renewed } from "./renewed.js";
import { sha256 } from "./secrets.js";

export type { IntrospectionOptions } from "./introspection-options.js";

/** Tokens that are in use at one time; an entry takes some 4 KiB. */
const MAX_CACHED = 5_000;
/** Refusals have a place of their own, so that invented tokens push out no good ones. */
const MAX_REFUSED = 2_000;
/** Questions under way: a flood of invented tokens waits for no endpoint, and knocks none over. */
const MAX_ASKED = 256;
/** Answers with more are used once and not kept: the bound on their number is to bound memory. */
const MAX_KEPT_CHARACTERS = 16_384;
/** Metadata hardly ever changes. */
const METADATA_MS = 3_600_000;
/** An issuer whose metadata cannot be had for a day has other troubles. */
const METADATA_STALE_MS = 86_400_000;

/**
 * Lets in who sends a token that its authorization server calls active (RFC 7662): for opaque tokens, and for JWTs that
 * must stop working as soon as they are withdrawn. Answers are kept for `cacheSeconds`; the endpoint is asked once for a
 * token, however many requests bring it. While it does not answer, callers are told to come back (503).
 *
 * @throws HoldfastError `ERR_CONFIG` for options that cannot work.
 *
 * @example
 * ```ts
 * import { introspection, McpServer } from "holdfast";
 *
 * const auth = introspection({
 *   issuer: "https://login.example.com/",
 *   clientId: "lab-mcp",
 *   clientSecret: process.env.INTROSPECTION_SECRET ?? "only-for-this-example",
 *   audience: "https://mcp.example.com/mcp",
 * });
 * const mcp = new McpServer({ name: "lab", version: "1.0.0" }, { auth });
 * ```
 */
export function introspection(options: IntrospectionOptions): Authenticator {
  const resolved = resolveIntrospection(options);
  const endpoint = new IntrospectionEndpoint(resolved);
  const { issuer, scopes } = resolved;
  const oauth: OAuthResource | undefined =
    issuer === undefined
      ? undefined
      : {
          authorizationServers: [issuer],
          ...(scopes !== undefined && { scopes }),
          authorizationServerMetadata: (of) => endpoint.metadata(of),
        };
  return {
    scheme: "introspection",
    authenticates: true,
    authenticate: (request) => {
      const token = bearerToken(request);
      return token === undefined ? undefined : endpoint.verify(token);
    },
    ...(oauth !== undefined && { oauth }),
  };
}

interface Kept {
  readonly principal: Principal;
  readonly until: number;
}
interface Refused {
  readonly error: AuthenticationError;
  readonly until: number;
}

/** What the endpoint said lately. Tokens are known here by their digests only, so that none can be read out of memory. */
class IntrospectionEndpoint {
  readonly #options: ResolvedIntrospection;
  readonly #kept = new LruMap<string, Kept>(MAX_CACHED);
  readonly #refused = new LruMap<string, Refused>(MAX_REFUSED);
  readonly #asked = new Map<string, Promise<Principal>>();
  readonly #metadata: Renewed<JsonObject>;

  constructor(options: ResolvedIntrospection) {
    this.#options = options;
    const { issuer = "", fetch, timeoutMs } = options;
    const source = {
      what: "The metadata of the authorization server",
      fetch: (signal: AbortSignal) => fetchMetadata(issuer, fetch, signal),
      // Whoever needs the metadata is told, and what they are told goes to the log.
      failed: () => {},
    };
    this.#metadata = new Renewed(source, { maxAgeMs: METADATA_MS, staleMs: METADATA_STALE_MS, timeoutMs });
  }

  async metadata(issuer: string): Promise<JsonObject | undefined> {
    return issuer === this.#options.issuer ? this.#metadata.load() : undefined;
  }

  verify(token: string): Principal | Promise<Principal> {
    const digest = sha256(token).toString("base64url");
    const now = Date.now();
    const kept = this.#kept.get(digest);
    if (kept !== undefined && now < kept.until) return kept.principal;
    const refused = this.#refused.get(digest);
    if (refused !== undefined && now < refused.until) throw refused.error;
    const asked = this.#asked.get(digest);
    if (asked !== undefined) return asked;
    if (this.#asked.size >= MAX_ASKED)
      throw new AuthenticationUnavailableError("Too many tokens are being introspected.");
    const asking = this.#decide(token, digest).finally(() => this.#asked.delete(digest));
    this.#asked.set(digest, asking);
    return asking;
  }

  async #decide(token: string, digest: string): Promise<Principal> {
    const { issuer, url, cacheMs, negativeCacheMs } = this.#options;
    const answer = await this.#ask(token);
    try {
      if (own(answer, "active") !== true) throw new AuthenticationError("The access token is not active.");
      const found = principalOfAnswer(answer, { ...this.#options, vouching: issuer ?? url ?? "" });
      const text = JSON.stringify(found);
      const before = this.#kept.get(digest)?.principal;
      const principal = before !== undefined && JSON.stringify(before) === text ? before : found;
      const until = Math.min(Date.now() + cacheMs, principal.expiresAt ?? Infinity);
      if (text.length <= MAX_KEPT_CHARACTERS) this.#kept.set(digest, { principal, until });
      return principal;
    } catch (error) {
      this.#kept.delete(digest);
      if (error instanceof AuthenticationError) {
        this.#refused.set(digest, { error, until: Date.now() + negativeCacheMs });
      }
      throw error;
    }
  }

  /** @throws AuthenticationUnavailableError for everything that is no answer; nothing of the request is in it. */
  async #ask(token: string): Promise<JsonObject> {
    try {
      return await askEndpoint(await this.#url(), token, this.#options);
    } catch (cause) {
      throw new AuthenticationUnavailableError(`The token could not be introspected: ${reasonsOf(cause)}`, { cause });
    }
  }

  async #url(): Promise<string> {
    const { url, issuer, allowInsecureIssuer } = this.#options;
    if (url !== undefined) return url;
    const found = ownString(await this.#metadata.load(), "introspection_endpoint");
    if (found === undefined) throw new Error("The issuer's metadata names no introspection_endpoint; set url");
    assertEndpoint(found, "introspection_endpoint of the issuer's metadata", allowInsecureIssuer);
    // Loopback is trusted when the operator names it, not when a document does: it would get tokens and our own secret.
    if (issuer?.startsWith("https:") && !found.startsWith("https:")) {
      throw new Error("The introspection_endpoint of the issuer's metadata is not https");
    }
    return found;
  }
}
