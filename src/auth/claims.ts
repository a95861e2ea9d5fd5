import { isObject, type JsonObject, own, ownObject, ownString } from "../util/json.js";

/** Permissions kept of one token: each check goes through all of them. What is beyond is not granted. */
const MAX_PERMISSIONS = 1000;
/** Claims in which issuers name the client, in order: RFC 9068, OpenID Connect, Okta, Entra ID (v1 tokens). */
const CLIENT_CLAIMS = ["client_id", "azp", "cid", "appid"];

/** How claims are read. */
export interface ClaimsReading {
  /** Names of this server: roles kept under one of them count, and scopes that begin with one count without it as well. */
  readonly audiences: readonly string[];
  /**
   * Take `*` and `netbox:*` for wildcards. Otherwise they are left out: some issuers grant whatever scope a client asks
   * for, and a client that asks for `*` would get everything.
   */
  readonly allowWildcards: boolean;
}

/**
 * What claims permit, by the habits of the usual issuers: `scope` and `scp` (text or list), `permissions`, and every
 * role of `rolesOf`. Own members only; what is no string is passed over.
 */
export function permissionsOf(claims: JsonObject, reading: ClaimsReading): readonly string[] {
  const scopes = [...words(own(claims, "scope")), ...words(own(claims, "scp"))];
  const names = [
    ...scopes,
    ...scopes.flatMap((scope) => withoutAudience(scope, reading.audiences)),
    ...strings(own(claims, "permissions")),
    ...rolesOf(claims, reading),
  ];
  return distinct(reading.allowWildcards ? names : names.filter((name) => !isWildcard(name)));
}

/**
 * Roles: `roles` (Entra ID, and many others), those of Keycloak (of the realm, and of clients that are audiences of this
 * server), and groups of Cognito.
 */
export function rolesOf(claims: JsonObject, { audiences }: Pick<ClaimsReading, "audiences">): readonly string[] {
  const byClient = ownObject(claims, "resource_access");
  const ofClients = byClient === undefined ? [] : audiences.map((name) => ownObject(byClient, name));
  const holders = [claims, ownObject(claims, "realm_access"), ...ofClients];
  const roles = holders.flatMap((holder) => (holder === undefined ? [] : strings(own(holder, "roles"))));
  return distinct([...roles, ...strings(own(claims, "cognito:groups"))]);
}

/** The client that the token was made out to. */
export function clientOf(claims: JsonObject): string | undefined {
  for (const name of CLIENT_CLAIMS) {
    const value = ownString(claims, name);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** True for a name that grants others beside itself (`hasPermission`). */
function isWildcard(permission: string): boolean {
  return permission === "*" || permission.endsWith(":*");
}

/** Makes `value` and everything in it read-only: one principal is handed to every request with the same token. */
export function deepFreeze<T>(value: T): T {
  // A list and not recursion, as claims may be nested deeper than the stack.
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!isObject(next) && !Array.isArray(next)) continue;
    Object.freeze(next);
    for (const inner of Object.values(next)) if (typeof inner === "object" && inner !== null) open.push(inner);
  }
  return value;
}

/** Text separated by spaces (RFC 6749, section 3.3), or a list. */
function words(value: unknown): readonly string[] {
  return typeof value === "string" ? value.split(" ").filter((word) => word !== "") : strings(value);
}

function strings(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is string => typeof one === "string" && one !== "");
}

/** `https://api.example.com/products:read` (Cognito, Entra ID) is `products:read` of that audience. */
function withoutAudience(scope: string, audiences: readonly string[]): readonly string[] {
  return audiences.flatMap((audience) => {
    const prefix = audience.endsWith("/") ? audience : `${audience}/`;
    return scope.startsWith(prefix) && scope.length > prefix.length ? [scope.slice(prefix.length)] : [];
  });
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].slice(0, MAX_PERMISSIONS);
}
