import type { IncomingMessage } from "node:http";
import {
  AuthenticationError,
  AuthenticationUnavailableError,
  type Authenticator,
  type AuthRequest,
  hasPermission,
  type Principal,
} from "holdfast";
import { Refused } from "../inventory/errors.js";
import type { Tenancy } from "../tenancy.js";
import { Problem } from "./problem.js";

/** Whoever waits for this holds a connection. */
const TIMEOUT_MS = 10_000;
const RETRY_AFTER = { "retry-after": "5" };

/** A caller whose credentials are good, and whose tenant is known. */
export interface Caller {
  readonly principal: Principal;
  readonly tenant: string;
}

/** @throws Problem 401, 403 or 503; nothing else lets nobody in. */
export async function authenticateCaller(
  request: IncomingMessage,
  url: URL,
  { auth, tenancy }: { readonly auth: Authenticator; readonly tenancy: Tenancy },
): Promise<Caller> {
  if (url.searchParams.has("access_token")) {
    throw unauthenticated("invalid_request", "Send the access token in the Authorization header, not in the URL.");
  }
  const principal = await identify(request, url, auth);
  if (principal === undefined) throw unauthenticated(undefined, "Send an access token in the Authorization header.");
  // Whatever the authenticator says: credentials that have ended are none.
  if (principal.expiresAt !== undefined && !(principal.expiresAt > Date.now())) {
    throw unauthenticated("invalid_token", "The credentials have expired.");
  }
  try {
    return { principal, tenant: await tenancy.of(principal) };
  } catch (error) {
    throw error instanceof Refused ? new Problem("forbidden", { detail: error.message }) : error;
  }
}

async function identify(request: IncomingMessage, url: URL, auth: Authenticator): Promise<Principal | undefined> {
  const { promise: tooLate, timer } = deadline();
  try {
    return await Promise.race([Promise.resolve(auth.authenticate(toAuthRequest(request, url))), tooLate]);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof AuthenticationUnavailableError) throw unavailable();
    throw unauthenticated(
      "invalid_token",
      error instanceof AuthenticationError ? error.message : "The credentials were not accepted.",
    );
  } finally {
    clearTimeout(timer);
  }
}

function deadline(): { readonly promise: Promise<never>; readonly timer: NodeJS.Timeout } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), TIMEOUT_MS);
  });
  // Rejected or not, somebody is always listening.
  promise.catch(() => undefined);
  return { promise, timer: timer as unknown as NodeJS.Timeout };
}

/** Of a header that was sent twice nothing is dropped: two tokens in one request are none. */
function toAuthRequest(request: IncomingMessage, url: URL): AuthRequest {
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    header: (name) => {
      const values = request.headersDistinct;
      return Object.hasOwn(values, name) ? values[name]?.join(", ") : undefined;
    },
    remoteAddress: request.socket.remoteAddress,
  };
}

/** @throws Problem 403 with what it takes (RFC 6750, section 3.1). */
export function assertPermitted({ principal }: Caller, permission: string): void {
  if (hasPermission(principal.permissions, permission)) return;
  const challenge = `Bearer error="insufficient_scope", scope="${permission}"`;
  throw new Problem("forbidden", {
    detail: `This needs the permission ${permission}.`,
    headers: { "www-authenticate": challenge },
  });
}

function unauthenticated(error: "invalid_request" | "invalid_token" | undefined, detail: string): Problem {
  // Inside quotes: printable ASCII without quotes and backslashes (RFC 6750, section 3).
  const description = detail.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
  const challenge = error === undefined ? "Bearer" : `Bearer error="${error}", error_description="${description}"`;
  return new Problem("unauthenticated", { detail, headers: { "www-authenticate": challenge } });
}

function unavailable(): Problem {
  const detail = "It cannot be found out now who is calling; try again later.";
  return new Problem("unavailable", { detail, headers: RETRY_AFTER });
}
