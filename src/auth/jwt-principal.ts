/** From the claims of a verified token to a principal; refuses tokens that are good but no access tokens of a bearer. */
import { AuthenticationError } from "../errors.js";
import { type JsonObject, own, ownString } from "../util/json.js";
import { BAD_EXPIRY, BAD_SUBJECT } from "./access-token.js";
import { clientOf, deepFreeze, permissionsOf, rolesOf } from "./claims.js";
import type { ResolvedJwtOptions } from "./jwt-options.js";
import type { Principal } from "./principal.js";

/** Characters of a subject: it is part of the keys of sessions and operations (OpenID Connect allows 255). */
const MAX_SUBJECT_LENGTH = 1024;
/** The end of the year 9999 in seconds. What is beyond was most likely meant in milliseconds, and would never end. */
const MAX_NUMERIC_DATE = 253_402_300_799;
/** Claims of ID tokens (hashes of what came with them) and of security events (logout tokens among them). */
const CLAIMS_OF_OTHER_TOKENS = ["at_hash", "c_hash", "s_hash", "events"];
/** What Keycloak calls its other tokens in the claim `typ`; their headers do not tell them apart. */
const OTHER_TYPES = new Set(["id", "refresh", "offline", "logout"]);

/** A principal, and the span of time in which the token it was made from is good. */
export interface DatedPrincipal {
  readonly principal: Principal;
  /** In milliseconds since 1970, the tolerance included; `expiresAt` of the principal is the other end. */
  readonly notBefore: number;
  readonly expiresAt: number;
}

/** @throws AuthenticationError */
export function principalOf(claims: JsonObject, issuer: string, options: ResolvedJwtOptions): DatedPrincipal {
  assertBearerAccessToken(claims);
  const subject = ownString(claims, "sub");
  if (subject === undefined || subject === "" || subject.length > MAX_SUBJECT_LENGTH) {
    throw new AuthenticationError(BAD_SUBJECT);
  }
  const { notBefore, expiresAt } = spanOf(claims, options);
  const { audiences, allowWildcards } = options;
  const roles = rolesOf(claims, { audiences });
  const clientId = clientOf(claims);
  const tenant = options.tenantClaim === undefined ? undefined : ownString(claims, options.tenantClaim);
  const permissions =
    options.permissions === undefined
      ? permissionsOf(claims, { audiences, allowWildcards })
      : ownPermissions(options.permissions, claims);
  const principal: Principal = {
    issuer,
    subject,
    ...(tenant !== undefined && { tenant }),
    ...(clientId !== undefined && { clientId }),
    permissions,
    ...(roles.length > 0 && { roles }),
    expiresAt,
    claims,
  };
  return { principal: deepFreeze(principal), notBefore, expiresAt };
}

/**
 * ID tokens, refresh tokens and logout tokens are signed with the same keys, and may have the same audience. A token that
 * is bound to a key of the client (`cnf`: DPoP, mutual TLS) is good only with a proof that is not asked for here, so it
 * would protect nobody from a thief.
 */
function assertBearerAccessToken(claims: JsonObject): void {
  const use = own(claims, "token_use");
  const type = own(claims, "typ");
  const isOther =
    (use !== undefined && use !== "access") ||
    (typeof type === "string" && OTHER_TYPES.has(type.toLowerCase())) ||
    CLAIMS_OF_OTHER_TOKENS.some((name) => Object.hasOwn(claims, name));
  if (isOther) throw new AuthenticationError("The token is not an access token.");
  if (Object.hasOwn(claims, "cnf")) {
    throw new AuthenticationError(
      "The access token is bound to a key (cnf), and this server takes bearer tokens only.",
    );
  }
}

/** Types were checked with the signature; here, what follows from them for the tokens that are kept. */
function spanOf(claims: JsonObject, options: ResolvedJwtOptions): { notBefore: number; expiresAt: number } {
  const { toleranceSeconds, maxTokenAgeSeconds } = options;
  const exp = own(claims, "exp");
  const iat = own(claims, "iat");
  const nbf = own(claims, "nbf");
  if (typeof exp !== "number" || exp > MAX_NUMERIC_DATE) throw new AuthenticationError(BAD_EXPIRY);
  const tooOld = maxTokenAgeSeconds === undefined || typeof iat !== "number" ? exp : iat + maxTokenAgeSeconds;
  const starts = [nbf, iat].filter((date) => typeof date === "number");
  const notBefore = (Math.max(0, ...starts) - toleranceSeconds) * 1000;
  // RFC 7519 says nothing of a future `iat`, but a token from the future is a wrong clock, or wrong.
  if (notBefore > Date.now()) throw new AuthenticationError("The access token was issued in the future (iat).");
  return { notBefore, expiresAt: (Math.min(exp, tooOld) + toleranceSeconds) * 1000 };
}

/** What a function of the server says; when it does not say it properly, nobody gets in by mistake. */
function ownPermissions(permissions: (claims: JsonObject) => readonly string[], claims: JsonObject): readonly string[] {
  let names: unknown;
  try {
    names = permissions(claims);
  } catch (cause) {
    throw unreadable(cause);
  }
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return [...new Set<string>(names)];
  throw unreadable(new TypeError("permissions of jwt() must return a list of texts"));
}

function unreadable(cause: unknown): AuthenticationError {
  return new AuthenticationError("What the access token permits cannot be found out.", { cause });
}
