import { AuthenticationError } from "../errors.js";
import { type JsonObject, own, ownString } from "../util/json.js";
import { clientOf, deepFreeze, permissionsOf, rolesOf } from "./claims.js";
import type { Principal } from "./principal.js";

/** What an answer is held against. */
export interface Expected {
  /** Compared with `iss`; undefined when only the endpoint vouches. */
  readonly issuer: string | undefined;
  /** `issuer` of principals. */
  readonly vouching: string;
  readonly audiences: readonly string[];
  readonly allowWildcards: boolean;
  /** In place of the default mapping. */
  readonly permissions: ((claims: JsonObject) => readonly string[]) | undefined;
}

/** Clocks of two machines that are kept right differ by less; for `nbf` only, so that no token lives longer. */
const LEEWAY_MS = 30_000;
/** Characters of a subject: it is part of the keys of sessions and operations. */
const MAX_SUBJECT_LENGTH = 1024;
/** `token_type` of tokens that whoever has them may use: RFC 6750, and what some servers say instead. */
const BEARER = /^(?:bearer|access_token)$/i;
/** What `typ` (Keycloak) and `token_use` (Hydra, Cognito) say of tokens that are for clients, not for servers. */
const NO_ACCESS_TOKEN = /^(?:refresh|refresh_token|offline|id|id_token|logout)$/i;

/**
 * The principal of an active token (RFC 7662, section 2.2). An answer is of the authorization server and so is true, but
 * it need not be about a token for this server, and its members are optional.
 *
 * @throws AuthenticationError when the token is not one to let anybody in here.
 */
export function principalOfAnswer(answer: JsonObject, expected: Expected): Principal {
  assertKind(answer);
  const { issuer } = expected;
  if (issuer !== undefined && Object.hasOwn(answer, "iss") && own(answer, "iss") !== issuer) {
    throw new AuthenticationError("The access token is of another issuer.");
  }
  if (!isFor(own(answer, "aud"), expected.audiences)) {
    throw new AuthenticationError("The access token is for another audience.");
  }
  const expiresAt = assertTimes(answer);
  const clientId = clientOf(answer);
  const roles = rolesOf(answer, expected);
  return deepFreeze({
    issuer: expected.vouching,
    subject: subjectOf(answer, clientId),
    permissions: mappedPermissions(answer, expected),
    ...(roles.length > 0 && { roles }),
    ...(clientId !== undefined && { clientId }),
    ...(expiresAt !== undefined && { expiresAt }),
    claims: answer,
  });
}

/** A token that is bound to a key (RFC 7800) is good only with proof of that key, which nobody asked for here. */
function assertKind(answer: JsonObject): void {
  const type = own(answer, "token_type");
  if (own(answer, "cnf") !== undefined || (type !== undefined && !(typeof type === "string" && BEARER.test(type)))) {
    throw new AuthenticationError("The token is no bearer token.");
  }
  for (const name of ["typ", "token_use"]) {
    if (NO_ACCESS_TOKEN.test(ownString(answer, name) ?? "")) {
      throw new AuthenticationError("The token is no access token.");
    }
  }
}

function isFor(aud: unknown, audiences: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return named.some((one) => typeof one === "string" && audiences.includes(one));
}

/** Gives the end in milliseconds; undefined for a token that ends only by being withdrawn. */
function assertTimes(answer: JsonObject): number | undefined {
  const now = Date.now();
  const begin = timeOf(answer, "nbf");
  if (begin !== undefined && begin > now + LEEWAY_MS)
    throw new AuthenticationError("The access token is not valid yet.");
  const end = timeOf(answer, "exp");
  if (end !== undefined && end <= now) throw new AuthenticationError("The access token has expired.");
  return end;
}

function timeOf(answer: JsonObject, name: string): number | undefined {
  const seconds = own(answer, name);
  if (seconds === undefined) return undefined;
  if (typeof seconds === "number" && Number.isFinite(seconds)) return seconds * 1000;
  throw new AuthenticationError(`The access token has a ${name} that is no time.`);
}

/** Names of different kinds are kept apart: a client or a user could be named like somebody else's `sub`. */
function subjectOf(answer: JsonObject, clientId: string | undefined): string {
  const username = ownString(answer, "username");
  const ofClient = clientId === undefined ? "" : `client:${clientId}`;
  const subject = ownString(answer, "sub") || (username ? `username:${username}` : ofClient);
  if (subject !== "" && subject.length <= MAX_SUBJECT_LENGTH) return subject;
  throw new AuthenticationError("The access token names no subject, or one that is too long.");
}

/** When a function of the server does not say it properly, nobody gets in by mistake. */
function mappedPermissions(answer: JsonObject, expected: Expected): readonly string[] {
  if (expected.permissions === undefined) return permissionsOf(answer, expected);
  const names: unknown = expected.permissions(answer);
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return [...new Set<string>(names)];
  throw new TypeError("permissions of introspection() must return a list of texts");
}
