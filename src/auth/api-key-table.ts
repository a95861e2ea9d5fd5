import { OptionChecks } from "../util/option-checks.js";
import type { Principal } from "./principal.js";
import { assertSecret, sha256 } from "./secrets.js";

/** One key. Several with the same subject are one caller, so that a key can be replaced by another without a gap. */
export type ApiKey = ApiKeyOwner &
  (
    | { /** The key itself, at least 16 characters. */ readonly key: string; readonly hash?: undefined }
    | { /** What `hashApiKey` made of it. */ readonly hash: string; readonly key?: undefined }
  );

/** Who holds a key, and what it may do. */
export interface ApiKeyOwner {
  /** Who calls with this key. */
  readonly subject: string;
  /** What it may do, e.g. `["netbox:read"]`. */
  readonly permissions: readonly string[];
  readonly roles?: readonly string[];
  /** Tells the keys of one subject apart in audit events; becomes the principal's `clientId`. */
  readonly name?: string;
  /** From then on the key is refused. A string is a date as `Date` reads it, a number milliseconds since 1970. */
  readonly expiresAt?: Date | string | number;
}

/** Principals by the hash of their key. */
export type KeyTable = ReadonlyMap<string, Principal>;

const HASH = /^[0-9a-f]{64}$/;

const checks: OptionChecks = new OptionChecks("apiKeys()");
const KEY_NAMES: ReadonlySet<string> = new Set<keyof ApiKeyOwner | "key" | "hash">([
  ...(["key", "hash", "subject", "permissions", "roles", "name", "expiresAt"] as const),
]);

/**
 * What stands for an API key in a configuration, a database or a repository: its SHA-256, in hexadecimal. That is enough
 * for keys made at random (which no list of usual passwords holds), and for those only.
 *
 * @throws HoldfastError `ERR_CONFIG` for a key with fewer than 16 characters.
 *
 * @example
 * ```ts
 * import { randomBytes } from "node:crypto";
 * import { hashApiKey } from "holdfast";
 *
 * const key = randomBytes(32).toString("base64url");
 * console.log("for the caller:", key, "for the configuration:", hashApiKey(key));
 * ```
 */
export function hashApiKey(key: string): string {
  return sha256(assertSecret(key, "an API key", checks)).toString("hex");
}

/**
 * Principals are made once here and not with each request. One that `previous` has already, in the same words, is taken
 * from there: what is kept for a principal outlives the table.
 *
 * @throws HoldfastError `ERR_CONFIG` for a key that can never be accepted, or means two callers.
 */
export function compileKeys(keys: unknown, previous?: KeyTable): KeyTable {
  if (!Array.isArray(keys)) throw checks.wrong("keys must be a list");
  const table = new Map<string, Principal>();
  for (const [index, key] of keys.entries()) {
    const at = `keys[${index}]`;
    const entry: ApiKey = new OptionChecks(`apiKeys(), ${at}`).known(key as ApiKey, KEY_NAMES);
    const hash = hashOf(entry, at);
    if (table.has(hash)) throw checks.wrong(`${at} is in the list twice`);
    const principal = principalOf(entry, at);
    const before = previous?.get(hash);
    table.set(hash, before !== undefined && JSON.stringify(before) === JSON.stringify(principal) ? before : principal);
  }
  return table;
}

function hashOf({ key, hash }: ApiKey, at: string): string {
  if ((key === undefined) === (hash === undefined)) throw checks.wrong(`${at} needs either key or hash`);
  if (hash === undefined) return sha256(assertSecret(key, `${at}.key`, checks)).toString("hex");
  const lower = typeof hash === "string" ? hash.toLowerCase() : "";
  if (!HASH.test(lower)) throw checks.wrong(`${at}.hash must be a SHA-256 in hexadecimal, as hashApiKey makes it`);
  return lower;
}

function principalOf({ subject, permissions, roles, name, expiresAt }: ApiKeyOwner, at: string): Principal {
  return Object.freeze({
    issuer: "api-key",
    subject: checks.text(subject, `${at}.subject`),
    permissions: checks.names(permissions, `${at}.permissions`),
    ...(name !== undefined && { clientId: checks.text(name, `${at}.name`) }),
    ...(roles !== undefined && { roles: checks.names(roles, `${at}.roles`) }),
    ...(expiresAt !== undefined && { expiresAt: timeOf(expiresAt, at) }),
  });
}

function timeOf(expiresAt: Date | string | number, at: string): number {
  const time = new Date(expiresAt).getTime();
  // A null of a database would be 1970; that is no "never", and nothing else either.
  if (expiresAt === null || Number.isNaN(time)) throw checks.wrong(`${at}.expiresAt is no time`);
  return time;
}
