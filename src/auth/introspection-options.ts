import type { JsonObject } from "../util/json.js";
import { OptionChecks } from "../util/option-checks.js";
import { hideFromLogs } from "../util/redact.js";
import type { Fetch } from "./fetch-json.js";
import { isTrustworthy } from "./issuer-metadata.js";

/** Options of `introspection`. */
export interface IntrospectionOptions {
  /** The introspection endpoint. Without it, `issuer` says where that is. */
  readonly url?: string;
  /** The authorization server. Its metadata names the endpoint, and clients are sent there to log in. */
  readonly issuer?: string;
  /** How this server names itself at the endpoint, which answers nobody it does not know. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Default: `client_secret_basic`. */
  readonly authMethod?: "client_secret_basic" | "client_secret_post";
  /** Names of this server; a token must be for one of them. Others would let in whoever has a token for something else. */
  readonly audience: string | readonly string[];
  /** How long an answer counts, and so how long a withdrawn token may still work. Default: 30. */
  readonly cacheSeconds?: number;
  /** How long a refusal counts. Default: 10. */
  readonly negativeCacheSeconds?: number;
  /** How long the endpoint may take. Default: 5000. */
  readonly timeoutMs?: number;
  /** What clients ask for when they first log in. Default: every permission that the server's `requires` name. */
  readonly scopes?: readonly string[];
  /** What an answer permits, in place of the default mapping; wildcards it returns are taken. */
  readonly permissions?: (claims: JsonObject) => readonly string[];
  /** Take `*` and `netbox:*` in tokens for wildcards; only if the authorization server checks who may have them. */
  readonly allowWildcards?: boolean;
  /** Accept `http:` to other machines, where whoever is on the way reads the tokens. */
  readonly allowInsecureIssuer?: boolean;
  /** Default: that of the platform. For a proxy or certificates of one's own. */
  readonly fetch?: Fetch;
}

export interface ResolvedIntrospection {
  readonly url: string | undefined;
  readonly issuer: string | undefined;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authMethod: "client_secret_basic" | "client_secret_post";
  readonly audiences: readonly string[];
  readonly cacheMs: number;
  readonly negativeCacheMs: number;
  readonly timeoutMs: number;
  readonly scopes: readonly string[] | undefined;
  readonly permissions: ((claims: JsonObject) => readonly string[]) | undefined;
  readonly allowWildcards: boolean;
  readonly allowInsecureIssuer: boolean;
  readonly fetch: Fetch;
}

/** Half a minute: one question per token and half minute, and a withdrawn token does not work for longer. */
const CACHE_SECONDS = 30;
/** A client that repeats a bad token costs the endpoint six questions a minute, not one per request. */
const NEGATIVE_CACHE_SECONDS = 10;
/** Half of `limits.authTimeoutMs`, so that the reason is in the log and not only that it took too long. */
const TIMEOUT_MS = 5_000;

const METHODS: readonly unknown[] = ["client_secret_basic", "client_secret_post"];

const checks: OptionChecks = new OptionChecks("introspection()");
const OPTION_NAMES: ReadonlySet<string> = new Set<keyof IntrospectionOptions>([
  ...(["url", "issuer", "clientId", "clientSecret", "authMethod", "audience", "cacheSeconds"] as const),
  ...(["negativeCacheSeconds", "timeoutMs", "scopes", "permissions", "allowWildcards"] as const),
  ...(["allowInsecureIssuer", "fetch"] as const),
]);

/** @throws HoldfastError `ERR_CONFIG` for options that cannot work, or would let in strangers. */
export function resolveIntrospection(options: IntrospectionOptions): ResolvedIntrospection {
  const { url, issuer, scopes, permissions } = checks.known(options, OPTION_NAMES);
  const { authMethod = "client_secret_basic", allowInsecureIssuer = false } = options;
  if (url === undefined && issuer === undefined) throw checks.wrong("needs url or issuer");
  if (url !== undefined) assertEndpoint(url, "url", allowInsecureIssuer);
  if (issuer !== undefined) assertEndpoint(issuer, "issuer", allowInsecureIssuer);
  if (!METHODS.includes(authMethod)) {
    throw checks.wrong("authMethod must be client_secret_basic or client_secret_post");
  }
  if (permissions !== undefined && typeof permissions !== "function") {
    throw checks.wrong("permissions must be a function");
  }
  return {
    url,
    issuer,
    clientId: checks.text(options.clientId, "clientId"),
    clientSecret: hidden(checks.text(options.clientSecret, "clientSecret")),
    authMethod,
    audiences: checks.texts(options.audience, "audience"),
    cacheMs: 1000 * checks.number(options.cacheSeconds ?? CACHE_SECONDS, "cacheSeconds"),
    negativeCacheMs:
      1000 * checks.number(options.negativeCacheSeconds ?? NEGATIVE_CACHE_SECONDS, "negativeCacheSeconds"),
    timeoutMs: checks.number(options.timeoutMs ?? TIMEOUT_MS, "timeoutMs"),
    scopes: scopes === undefined ? undefined : checks.names(scopes, "scopes"),
    permissions,
    allowWildcards: options.allowWildcards ?? false,
    allowInsecureIssuer,
    // Looked up at each use: what instruments `fetch` may come later.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

/** Refuses a URL to which tokens and this server's secret cannot be sent without being read on the way. */
export function assertEndpoint(url: string, name: string, allowInsecure: boolean): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const insecure = allowInsecure && parsed?.protocol === "http:";
  if (parsed === undefined || !(insecure || isTrustworthy(parsed))) {
    throw checks.wrong(`${name} must be an https URL, or http on loopback`);
  }
  if (parsed.username !== "" || parsed.password !== "") throw checks.wrong(`${name} must hold no credentials`);
}

function hidden(secret: string): string {
  hideFromLogs(secret);
  return secret;
}
