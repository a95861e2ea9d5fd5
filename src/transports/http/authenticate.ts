import type { AuthRequest } from "../../auth/authenticator.js";
import type { Principal } from "../../auth/principal.js";
import { AuthenticationError, AuthenticationUnavailableError } from "../../errors.js";
import type { App } from "../../server/app.js";
import { isObject } from "../../util/json.js";
import { isThenable } from "../../util/maybe-promise.js";
import { after } from "../../util/timer.js";
import type { Protection, Refusal } from "./protection.js";
import { refuse, refuseBusy } from "./respond.js";
import type { HttpExchange } from "./types.js";

/** Who is asked, and what those are told that may not come in. */
export interface Door {
  readonly app: App;
  readonly protection: Protection;
  /** When it was first asked who is calling; where somebody watches. */
  readonly askedAt?: number;
}

/** Tokens in URLs end in logs, histories and referrers (OAuth 2.1, section 5.1; 2026-07-28, "Token Requirements"). */
const TOKEN_IN_QUERY = /(?:^|&)access_token=/;

/** Finds out who is calling; every way of not knowing ends here, before a body is read or a handler runs. */
export function authenticate(given: Door, http: HttpExchange, next: (principal: Principal) => void): void {
  const { app, protection } = given;
  const { auth } = app;
  const door = app.instruments === undefined ? given : { app, protection, askedAt: performance.now() };
  if (auth.authenticates && http.query !== "" && TOKEN_IN_QUERY.test(http.query)) {
    const description = "Send the access token in the Authorization header, not in the URL.";
    return deny(door, http, { error: "invalid_request", description });
  }
  let answer: ReturnType<typeof auth.authenticate>;
  try {
    answer = auth.authenticate(http satisfies AuthRequest);
  } catch (error) {
    return failed(door, http, error);
  }
  if (isThenable(answer)) return wait(door, http, answer as Promise<Principal | undefined>, next);
  admit(door, http, answer, next);
}

/** The decision takes time, but not for ever: whoever waits for it holds a connection. */
function wait(
  door: Door,
  http: HttpExchange,
  answer: PromiseLike<Principal | undefined>,
  next: (principal: Principal) => void,
): void {
  const { auth, limits, logger } = door.app;
  let settled = false;
  const once = (work: () => void) => {
    if (!settled) work();
    settled = true;
    clearTimeout(timer);
  };
  const timer = after(limits.authTimeoutMs, () => {
    once(() => {
      logger.log("error", "authentication_timeout", { scheme: auth.scheme });
      door.app.audit?.refused(http, { reason: "unavailable", scheme: auth.scheme });
      tell(door, "unavailable");
      refuseBusy(http, "It could not be found out in time who is calling");
    });
  });
  Promise.resolve(answer).then(
    (late) => once(() => admit(door, http, late, next)),
    (error: unknown) => once(() => failed(door, http, error ?? "no reason given")),
  );
}

function admit(door: Door, http: HttpExchange, answer: unknown, next: (principal: Principal) => void): void {
  if (!isPrincipal(answer)) return deny(door, http, {});
  // Whatever the authenticator says: credentials that have ended are none.
  if (answer.expiresAt !== undefined && !(answer.expiresAt > Date.now())) {
    return deny(door, http, { error: "invalid_token", description: "The credentials have expired." });
  }
  tell(door, "ok");
  next(answer);
}

function tell({ app, askedAt }: Door, outcome: "ok" | "denied" | "unavailable"): void {
  if (askedAt === undefined) return;
  const durationMs = performance.now() - askedAt;
  app.instruments?.authentication({ outcome, scheme: app.auth.scheme, durationMs });
}

function failed(door: Door, http: HttpExchange, error: unknown): void {
  const { auth, logger } = door.app;
  if (error instanceof AuthenticationUnavailableError) {
    logger.log("error", "authentication_unavailable", { scheme: auth.scheme, error });
    door.app.audit?.refused(http, { reason: "unavailable", scheme: auth.scheme });
    tell(door, "unavailable");
    return refuseBusy(http, "It cannot be found out now who is calling");
  }
  const expected = error instanceof AuthenticationError;
  // A caller with wrong credentials is no fault of the program: why is enough, without a stack for each attempt.
  const why = expected ? { reason: error.message } : { error };
  logger.log("warn", "authentication_failed", { scheme: auth.scheme, ...why });
  const description = expected ? error.message : "The credentials were not accepted.";
  deny(door, http, { error: "invalid_token", description });
}

function deny(door: Door, http: HttpExchange, refusal: Refusal): void {
  const { app, protection } = door;
  tell(door, "denied");
  app.audit?.refused(http, { reason: "unauthenticated", scheme: app.auth.scheme, detail: refusal.description });
  const text = refusal.description === undefined ? "Unauthorized." : `Unauthorized: ${refusal.description}`;
  refuse(http, 401, text, { "www-authenticate": protection.challenge(http, refusal) });
}

function isPrincipal(value: unknown): value is Principal {
  return (
    isObject(value) &&
    typeof value.issuer === "string" &&
    typeof value.subject === "string" &&
    Array.isArray(value.permissions)
  );
}
