/** What can be said of an access token before a key is looked at, and in which words one is refused. */
import { AuthenticationError, AuthenticationUnavailableError } from "../errors.js";
import { type JsonObject, own, ownString } from "../util/json.js";
import { jose } from "./jose.js";

/**
 * Characters of a token. Node takes 16 KiB for all headers together, so this bounds only what other servers let through;
 * the largest tokens in use (Entra ID with 200 groups) have some 10,000.
 */
export const MAX_TOKEN_LENGTH = 16_000;
/** A signed JWT in compact form (RFC 7515, section 3.1). An encrypted one has five parts. */
const SIGNED = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** A token that claims to be from an issuer, read and not verified: good for choosing what to verify it with. */
export interface Unverified {
  readonly text: string;
  readonly kid: string | undefined;
  readonly alg: string;
  readonly issuer: string;
  readonly claims: JsonObject;
}

/** Which headers tokens may have. */
export interface AcceptedHeaders {
  readonly algorithms: readonly string[];
  /** In lower case and without `application/`; undefined for a token that names no type. */
  readonly types: readonly (string | undefined)[];
}

/**
 * Reads a token. Nothing in the header but `alg`, `kid` and `typ` is ever used (and `crit`, when it is verified): a key
 * that comes with the token (`jwk`, `x5c`) or a place to get one (`jku`, `x5u`) would be the sender's own.
 *
 * @throws AuthenticationError
 */
export function readToken(text: string, accepted: AcceptedHeaders): Unverified {
  if (text.length > MAX_TOKEN_LENGTH) throw new AuthenticationError("The access token is too long.");
  if (!SIGNED.test(text) || !endsCleanly(text)) throw new AuthenticationError("The access token is not a signed JWT.");
  const { header, claims } = decode(text);
  const alg = ownString(header, "alg");
  if (alg === undefined || !accepted.algorithms.includes(alg)) {
    throw new AuthenticationError("The access token is signed with an algorithm that is not accepted here.");
  }
  const typ = own(header, "typ");
  const isType = typ === undefined || typeof typ === "string";
  if (!isType || !accepted.types.includes(typ && normalType(typ))) {
    throw new AuthenticationError("The token is of a type (typ) that is not accepted here.");
  }
  const issuer = ownString(claims, "iss");
  if (issuer === undefined) throw new AuthenticationError("The access token has no issuer (iss).");
  return { text, alg, kid: ownString(header, "kid"), issuer, claims };
}

/** `typ` in lower case, without the prefix that RFC 7515, section 4.1.9, lets senders leave out. */
export function normalType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, "");
}

function decode(text: string): { readonly header: JsonObject; readonly claims: JsonObject } {
  try {
    return { header: jose().decodeProtectedHeader(text) as JsonObject, claims: jose().decodeJwt(text) };
  } catch {
    throw new AuthenticationError("The access token is not a signed JWT.");
  }
}

/** The last character of base64url may hold bits that say nothing: one signature must not have several spellings. */
function endsCleanly(text: string): boolean {
  const signature = text.slice(text.lastIndexOf(".") + 1);
  return Buffer.from(signature, "base64url").toString("base64url") === signature;
}

const REASONS: Readonly<Record<string, string>> = {
  aud: "The access token is not meant for this server (aud).",
  iss: "The access token is from an issuer that is not accepted here (iss).",
  nbf: "The access token is not valid yet (nbf).",
  iat: "The access token does not say properly when it was issued (iat).",
  exp: "The access token does not say properly when it ends (exp).",
  sub: "The access token does not say properly whom it stands for (sub).",
};
export const FOREIGN_ISSUER: string = REASONS.iss as string;
export const BAD_SUBJECT: string = REASONS.sub as string;
export const BAD_EXPIRY: string = REASONS.exp as string;

/**
 * What the client is told. An error of the check has no cause here: it would carry the claims into the log of whoever
 * logs causes.
 */
export function refusal(error: unknown): AuthenticationError | AuthenticationUnavailableError {
  if (error instanceof AuthenticationError || error instanceof AuthenticationUnavailableError) return error;
  if (error instanceof jose().errors.JWTExpired) {
    const tooOld = "The access token is older than this server accepts (iat).";
    return new AuthenticationError(error.claim === "iat" ? tooOld : "The access token has expired.");
  }
  if (error instanceof jose().errors.JWTClaimValidationFailed) {
    const reason = Object.hasOwn(REASONS, error.claim) ? REASONS[error.claim] : undefined;
    return new AuthenticationError(reason ?? "The claims of the access token are not accepted here.");
  }
  if (error instanceof jose().errors.JWKSNoMatchingKey) {
    return new AuthenticationError("The access token is not signed with a key of its issuer.");
  }
  if (error instanceof jose().errors.JWSSignatureVerificationFailed) {
    return new AuthenticationError("The signature of the access token is wrong.");
  }
  if (error instanceof jose().errors.JOSEError) return new AuthenticationError("The access token cannot be verified.");
  return new AuthenticationError("The access token cannot be verified.", { cause: error });
}
