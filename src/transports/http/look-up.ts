import type { App } from "../../server/app.js";
import type { StreamCursor } from "../../streams/registry.js";
import { isThenable, type MaybePromise } from "../../util/maybe-promise.js";
import { refuseBusy } from "./respond.js";
import type { HttpExchange } from "./types.js";

/**
 * Goes on with what was found for an event id. A store that fails is no reason for the process to end, nor for the client
 * to give its session up: it is told to come again.
 */
export function whenLookedUp(
  { logger }: Pick<App, "logger">,
  http: HttpExchange,
  found: MaybePromise<StreamCursor | undefined>,
  next: (cursor: StreamCursor | undefined) => void,
): void {
  if (!isThenable(found)) return next(found as StreamCursor | undefined);
  const failed = (error: unknown) => {
    logger.log("error", "http_failed", { path: http.path, error });
    refuseBusy(http, "The stream cannot be looked up");
  };
  (found as Promise<StreamCursor | undefined>).then(next).catch(failed);
}
