/**
 * Who is calling, as an authenticator found out from this very request. Made anew for every request of every route;
 * nothing else decides what a caller may do.
 */
export interface Principal {
  /** Who vouches for `subject`: an issuer URL, `"local"` for stdio, `"anonymous"` when nobody does. */
  readonly issuer: string;
  /** Stable within the issuer. Sessions, streams and operations belong to issuer + subject (+ tenant). */
  readonly subject: string;
  /** On whose behalf, where one person acts for several: what is begun for one is not found for another. */
  readonly tenant?: string;
  readonly clientId?: string;
  /** What the caller may do, e.g. `netbox:read`; `*` and `netbox:*` are wildcards. */
  readonly permissions: readonly string[];
  readonly roles?: readonly string[];
  /** When the credentials end, in milliseconds since 1970. */
  readonly expiresAt?: number;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Authenticators give the same object for the same credentials, so the key is made once for each. */
const KEYS = new WeakMap<Principal, string>();

/** The caller as one string, for use in keys; unambiguous because JSON escapes the separator. */
export function principalKey(principal: Principal): string {
  let key = KEYS.get(principal);
  if (key === undefined) {
    const { issuer, subject, tenant } = principal;
    key = JSON.stringify(tenant === undefined ? [issuer, subject] : [issuer, subject, tenant]);
    KEYS.set(principal, key);
  }
  return key;
}

/**
 * The caller over stdio: whoever started the process, who could as well run the code itself, so nothing is withheld.
 * (2026-07-28, basic, "Auth": stdio takes its credentials from the environment.)
 */
export const LOCAL_PRINCIPAL: Principal = { issuer: "local", subject: "process", permissions: ["*"] };

/** A caller nobody vouched for, with no permissions. */
export const ANONYMOUS_PRINCIPAL: Principal = { issuer: "anonymous", subject: "anonymous", permissions: [] };

/**
 * The key under which bounds per caller count; undefined for callers nobody vouched for (everybody would share one
 * bound) and for the local one.
 */
export function countedKey(principal: Principal): string | undefined {
  const { issuer } = principal;
  return issuer === "anonymous" || issuer === "local" ? undefined : principalKey(principal);
}
