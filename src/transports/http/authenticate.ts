import type { AuthRequest } from "../../auth/authenticator.js";
import type { Principal } from "../../auth/principal.js";
import type { App } from "../../server/app.js";
import { isObject } from "../../util/json.js";
import { isThenable } from "../../util/maybe-promise.js";
import { after } from "../../util/timer.js";
import { refuse, refuseBusy } from "./respond.js";
import type { HttpExchange } from "./types.js";

/** Finds out who is calling; every way of not knowing ends here, before a body is read or a handler runs. */
export function authenticate(app: App, http: HttpExchange, next: (principal: Principal) => void): void {
  let answer: ReturnType<App["auth"]["authenticate"]>;
  try {
    answer = app.auth.authenticate(http satisfies AuthRequest);
  } catch (error) {
    return deny(app, http, error);
  }
  if (isThenable(answer)) return wait(app, http, answer as Promise<Principal | undefined>, next);
  return isPrincipal(answer) ? next(answer) : deny(app, http);
}

/** The decision takes time, but not for ever: whoever waits for it holds a connection. */
function wait(
  app: App,
  http: HttpExchange,
  answer: PromiseLike<Principal | undefined>,
  next: (principal: Principal) => void,
): void {
  let settled = false;
  const once = (work: () => void) => {
    if (!settled) work();
    settled = true;
    clearTimeout(timer);
  };
  const timer = after(app.limits.authTimeoutMs, () => {
    once(() => {
      app.logger.log("error", "authentication_timeout", { scheme: app.auth.scheme });
      refuseBusy(http, "It could not be found out in time who is calling");
    });
  });
  Promise.resolve(answer).then(
    (late) => once(() => (isPrincipal(late) ? next(late) : deny(app, http))),
    (error: unknown) => once(() => deny(app, http, error ?? "no reason given")),
  );
}

function deny(app: App, http: HttpExchange, error?: unknown): void {
  if (error !== undefined) app.logger.log("warn", "authentication_failed", { error });
  refuse(http, 401, "Unauthorized.", { "www-authenticate": "Bearer" });
}

function isPrincipal(value: unknown): value is Principal {
  return (
    isObject(value) &&
    typeof value.issuer === "string" &&
    typeof value.subject === "string" &&
    Array.isArray(value.permissions)
  );
}
