import type { Definition } from "../server/definition.js";

/**
 * Lets calls in flight end for at most `graceMs`. Calls that would last for ever (listen streams) are asked to end
 * first; what is left at the deadline is cancelled and its client told to call again.
 */
export async function drain(definition: Definition, graceMs: number): Promise<void> {
  definition.draining = true;
  for (const call of definition.calls.all()) call.shutdown();
  if (definition.calls.size > 0 && graceMs > 0) await definition.calls.idleWithin(graceMs);
  cancelAll(definition);
}

/** Ends every call in flight now; its client is told to call again. */
export function cancelAll(definition: Definition): void {
  for (const call of definition.calls.all()) call.cancel("shutdown");
}
