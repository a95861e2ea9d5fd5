import { HoldfastError } from "../errors.js";
import { within } from "../util/timer.js";
import type { Definition } from "./definition.js";

/**
 * Lets calls in flight end for at most `graceMs`. Calls that would last for ever (listen streams) are asked to end
 * first; what is left at the deadline is cancelled and its client told to call again.
 */
export async function drain(definition: Definition, graceMs: number): Promise<void> {
  definition.draining = true;
  for (const call of definition.calls.all()) call.shutdown();
  const busy = definition.calls.size > 0 || definition.ledger.size > 0;
  const idle = () => Promise.all([definition.calls.idle(), definition.ledger.idle()]);
  if (busy && graceMs > 0) await within(graceMs, idle());
  cancelAll(definition);
}

/** Ends every call in flight now; its client is told to call again. */
export function cancelAll(definition: Definition): void {
  for (const call of definition.calls.all()) call.cancel("shutdown");
  definition.ledger.abortAll(new HoldfastError("ERR_CANCELLED", "The server is shutting down."));
}
