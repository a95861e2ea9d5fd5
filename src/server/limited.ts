/** Limits of what is no operation: resources, templates and prompts. Compiled into the entry, so that others pay nothing. */
import type { MaybePromise } from "../util/maybe-promise.js";
import { admitted } from "./admissions.js";
import { callOf } from "./call-of.js";
import { compileLimits, type LimitConfig } from "./rate-limits.js";
import type { RequestContext } from "./types.js";

/** The handler under the limits of its registration; the handler as it is when there are none. `ctx` comes last. */
export function limited<Args extends readonly unknown[]>(
  of: string,
  config: LimitConfig,
  handler: (...args: Args) => unknown,
): (...args: Args) => MaybePromise<unknown> {
  const limits = compileLimits(of, config);
  if (limits === undefined) return handler;
  return (...args) => {
    const { app, peer } = callOf(args.at(-1) as RequestContext);
    return admitted(app.admissions.own(peer.principal, limits), () => handler(...args));
  };
}
