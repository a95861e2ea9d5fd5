import { HoldfastError } from "../errors.js";
import { isObject, type JsonObject } from "../util/json.js";
import { type Logger, stderrLogger, steadyLogger } from "../util/logger.js";
import { normalType } from "./access-token.js";
import type { Fetch } from "./fetch-json.js";
import { isTrustworthy } from "./issuer-metadata.js";
import type { Freshness } from "./renewed.js";

/** Options of `jwt()`. */
export interface JwtOptions {
  /**
   * Who may issue tokens: one URL or several, letter for letter as in the claim `iss`, with or without the slash at the
   * end. `https`, or `http` on loopback.
   */
  readonly issuer: string | readonly string[];
  /**
   * Names of this server, as issuers put them into `aud`; a token must have one of them. Without the check, a token that
   * a user gave to any other service of the issuer would open this one.
   */
  readonly audience: string | readonly string[];
  /** Where the keys are, for an issuer without metadata (or one that is reached by another name than clients use). */
  readonly jwksUri?: string;
  /** Signature algorithms, of those in `JWT_ALGORITHMS`, which is the default. */
  readonly algorithms?: readonly string[];
  /**
   * Header `typ` that a token must have, e.g. `"at+jwt"` (RFC 9068). Default: `at+jwt`, `JWT` or none, since most issuers
   * do not mark access tokens.
   */
  readonly typ?: string | readonly string[];
  /** How far the clocks of issuers and of this server may differ. Default 60, at most 300. */
  readonly clockToleranceSeconds?: number;
  /** Refuse tokens that were issued longer ago, whatever their `exp` says. Default: `exp` decides. */
  readonly maxTokenAgeSeconds?: number;
  /** Scopes that clients ask for at their first login. Default: every permission that the server's `requires` name. */
  readonly scopes?: readonly string[];
  /** What the claims of a verified token permit, in place of the default mapping; wildcards it returns are taken. */
  readonly permissions?: (claims: JsonObject) => readonly string[];
  /**
   * The claim that says on whose behalf the caller acts (`org_id`, `tid`, …): part of the caller's identity, so that
   * somebody who works for two organisations does not get in one what was begun in the other. Default: none.
   */
  readonly tenantClaim?: string;
  /** Take wildcards (`*`, `netbox:*`) from tokens. Only for an issuer that grants no scope because a client asked. */
  readonly allowWildcards?: boolean;
  /** How long keys and metadata are used before they are fetched again. Default 600. */
  readonly cacheMaxAgeSeconds?: number;
  /** How long they are used beyond that while the issuer does not answer. Default 3600. */
  readonly staleSeconds?: number;
  /** Tokens with unknown keys make the keys be fetched again at most once in this time. Default 30. */
  readonly cooldownSeconds?: number;
  /** How long an issuer may take to give its metadata and keys. Default 5000; below the server's `authTimeoutMs`. */
  readonly timeoutMs?: number;
  /**
   * Allow `http` beyond loopback. Whoever is on the way can then put in keys of their own and be anybody: for networks
   * where nobody else is, such as the one of a few containers.
   */
  readonly allowInsecureIssuer?: boolean;
  /** In place of the platform's `fetch`, e.g. with a proxy or with certificates of a private authority. */
  readonly fetch?: Fetch;
  /** Hears when an issuer cannot be reached. Default: lines on stderr. */
  readonly logger?: Logger;
}

/**
 * Signatures that can only be made with a private key. No `HS256`: with a shared secret, whoever can verify can forge,
 * and a public key taken for a secret lets everybody forge. `none` is no signature.
 */
export const JWT_ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
/** Access tokens as RFC 9068 marks them, as most issuers do (`JWT`), and as some do (not at all). */
const DEFAULT_TYPES = ["at+jwt", "jwt", undefined];
/** Clocks that are kept by NTP agree within a second; those of suspended or virtual machines do not for a while. */
const DEFAULT_TOLERANCE_SECONDS = 60;
/** More would not be skew but a longer life of every token ("no more than a few minutes", RFC 7519, section 4.1.4). */
const MAX_TOLERANCE_SECONDS = 300;
/** A key that was withdrawn opens nothing after this time; the issuer gets one request of each server in it. */
const DEFAULT_MAX_AGE_SECONDS = 600;
/** An outage of the issuer is survived, yet nobody who cuts this server off from it keeps a withdrawn key good for long. */
const DEFAULT_STALE_SECONDS = 3600;
/** Anybody can make up key ids: this is how often that may cost the issuer a request. */
const DEFAULT_COOLDOWN_SECONDS = 30;
/** Half of the time the server gives an authenticator, so that callers learn what is missing. */
const DEFAULT_TIMEOUT_MS = 5000;

/** `JwtOptions` with nothing left open. */
export interface ResolvedJwtOptions {
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly jwksUri: string | undefined;
  readonly insecure: boolean;
  readonly algorithms: readonly string[];
  readonly types: readonly (string | undefined)[];
  readonly toleranceSeconds: number;
  readonly maxTokenAgeSeconds: number | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly permissions: ((claims: JsonObject) => readonly string[]) | undefined;
  readonly tenantClaim: string | undefined;
  readonly allowWildcards: boolean;
  readonly freshness: Freshness;
  readonly cooldownMs: number;
  readonly fetch: Fetch;
  readonly logger: Logger;
}

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof JwtOptions>([
  ...(["issuer", "audience", "jwksUri", "algorithms", "typ", "clockToleranceSeconds", "maxTokenAgeSeconds"] as const),
  ...([
    "scopes",
    "permissions",
    "tenantClaim",
    "allowWildcards",
    "cacheMaxAgeSeconds",
    "staleSeconds",
    "cooldownSeconds",
  ] as const),
  ...(["timeoutMs", "allowInsecureIssuer", "fetch", "logger"] as const),
]);

/** Fills in defaults and checks everything once. @throws HoldfastError `ERR_CONFIG` */
export function resolveJwtOptions(options: JwtOptions): ResolvedJwtOptions {
  if (!isObject(options)) throw wrong("needs { issuer, audience }");
  // A misspelt option must not leave a check out.
  const unknown = Object.keys(options).find((name) => !OPTION_NAMES.has(name));
  if (unknown !== undefined) throw wrong(`unknown option ${unknown}. Options: ${[...OPTION_NAMES].join(", ")}`);
  const insecure = options.allowInsecureIssuer ?? false;
  const issuers = texts("issuer", options.issuer);
  for (const issuer of issuers) assertUrl("issuer", issuer, insecure);
  const { jwksUri, permissions } = options;
  if (jwksUri !== undefined) {
    if (issuers.length > 1) throw wrong("jwksUri belongs to one issuer; for several, use jwt() for each, and anyOf()");
    assertUrl("jwksUri", jwksUri, insecure);
  }
  if (permissions !== undefined && typeof permissions !== "function") throw wrong("permissions must be a function");
  return {
    issuers,
    audiences: texts("audience", options.audience),
    jwksUri,
    insecure,
    algorithms: resolveAlgorithms(options.algorithms),
    types: options.typ === undefined ? DEFAULT_TYPES : texts("typ", options.typ).map(normalType),
    toleranceSeconds: number("clockToleranceSeconds", options.clockToleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS, {
      max: MAX_TOLERANCE_SECONDS,
    }),
    maxTokenAgeSeconds: ifGiven(options.maxTokenAgeSeconds, (age) => number("maxTokenAgeSeconds", age, { min: 1 })),
    scopes: ifGiven(options.scopes, (scopes) => texts("scopes", scopes)),
    permissions,
    tenantClaim: options.tenantClaim,
    allowWildcards: options.allowWildcards ?? false,
    freshness: {
      maxAgeMs: 1000 * number("cacheMaxAgeSeconds", options.cacheMaxAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS, { min: 1 }),
      staleMs: 1000 * number("staleSeconds", options.staleSeconds ?? DEFAULT_STALE_SECONDS),
      timeoutMs: number("timeoutMs", options.timeoutMs ?? DEFAULT_TIMEOUT_MS, { min: 1 }),
    },
    cooldownMs: 1000 * number("cooldownSeconds", options.cooldownSeconds ?? DEFAULT_COOLDOWN_SECONDS, { min: 1 }),
    // Looked up at each use: what instruments `fetch` may come later.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    logger: steadyLogger(options.logger ?? stderrLogger),
  };
}

function resolveAlgorithms(algorithms: readonly string[] | undefined): readonly string[] {
  if (algorithms === undefined) return JWT_ALGORITHMS;
  const chosen = texts("algorithms", algorithms);
  const other = chosen.find((name) => !JWT_ALGORITHMS.includes(name));
  if (other === undefined) return chosen;
  throw wrong(`algorithm ${other} is not accepted. Algorithms: ${JWT_ALGORITHMS.join(", ")}`);
}

/** One text or several, none of them empty. */
function texts(name: string, value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isText = (one: unknown): one is string => typeof one === "string" && one.trim() !== "";
  if (list.length > 0 && list.every(isText)) return [...new Set(list)];
  throw wrong(`${name} is missing, or something else than text or a list of texts`);
}

function number(name: string, value: unknown, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw wrong(`${name} must be a number from ${min}${max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`}`);
}

function ifGiven<T, R>(value: T | undefined, check: (value: T) => R): R | undefined {
  return value === undefined ? undefined : check(value);
}

function assertUrl(name: string, text: string, insecure: boolean): void {
  if (typeof text !== "string" || !URL.canParse(text)) throw wrong(`${name} is no URL: ${text}`);
  const url = new URL(text);
  const { username, password, hash, search } = url;
  if (username !== "" || password !== "" || hash !== "" || (name === "issuer" && search !== "")) {
    throw wrong(`${name} holds something that does not belong there (RFC 8414, section 2): ${url.origin}`);
  }
  if (!isTrustworthy(url) && !(insecure && url.protocol === "http:")) {
    throw wrong(`${name} must be an https URL, or http on loopback: ${text}`);
  }
}

function wrong(text: string): HoldfastError {
  return new HoldfastError("ERR_CONFIG", `jwt(): ${text}`);
}
