/** Pages of telemetry (`/metrics`): for callers who prove that they may read them, and for nobody else. */

import { hasPermission } from "../../auth/permissions.js";
import type { Principal } from "../../auth/principal.js";
import { HoldfastError } from "../../errors.js";
import type { TelemetryPage } from "../../server/telemetry.js";
import type { Door } from "./authenticate.js";
import { refuse, refuseBusy } from "./respond.js";
import type { HttpExchange } from "./types.js";

export interface GuardedPage {
  readonly path: string;
  readonly serve: (http: HttpExchange, principal: Principal) => void;
}

/**
 * @throws HoldfastError `ERR_CONFIG` where nobody is asked who they are: a page that everybody can read would be open by
 * accident, behind a proxy to the whole world.
 */
export function telemetryPages(door: Door): readonly GuardedPage[] {
  const { instruments, auth } = door.app;
  const pages = instruments?.pages ?? [];
  const [first] = pages;
  if (first !== undefined && !auth.authenticates) {
    const text =
      `${first.path} would be open to everybody who reaches this server, because it has no authentication. Configure ` +
      "`auth`, or serve it on a port of its own: prometheus({ port: 9464 }).";
    throw new HoldfastError("ERR_CONFIG", text);
  }
  return pages.map((page) => ({ path: page.path, serve: (http, principal) => servePage(door, page, http, principal) }));
}

function servePage({ app, protection }: Door, page: TelemetryPage, http: HttpExchange, principal: Principal): void {
  if (!hasPermission(principal.permissions, page.requires)) {
    const description = `${page.path} needs ${page.requires}.`;
    const permissions = [page.requires];
    const challenge = protection.challenge(http, { error: "insufficient_scope", description, permissions });
    return refuse(http, 403, `Forbidden: ${description}`, { "www-authenticate": challenge });
  }
  const failed = (error: unknown) => {
    app.logger.log("error", "telemetry_failed", { path: page.path, error });
    refuseBusy(http, "The figures cannot be read now");
  };
  void Promise.resolve()
    .then(() => page.read())
    .then(({ contentType, text }) => {
      http.end(
        200,
        { "content-type": contentType, "cache-control": "no-store", "x-content-type-options": "nosniff" },
        text,
      );
    })
    .catch(failed);
}
