import type { Definition } from "../server/definition.js";
import { after } from "../util/timer.js";

/**
 * Lets calls in flight end for at most `graceMs`. Calls that would last for ever (listen streams) are asked to end
 * first; what is left at the deadline is cancelled and its client told to call again.
 */
export async function drain(definition: Definition, graceMs: number): Promise<void> {
  definition.draining = true;
  for (const call of definition.calls.all()) call.shutdown();
  if (definition.calls.size > 0 && graceMs > 0) await idleWithin(definition, graceMs);
  cancelAll(definition);
}

/** Ends every call in flight now; its client is told to call again. */
export function cancelAll(definition: Definition): void {
  for (const call of definition.calls.all()) call.cancel("shutdown");
}

async function idleWithin(definition: Definition, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = after(graceMs, resolve);
  });
  await Promise.race([definition.calls.idle(), deadline]);
  clearTimeout(timer);
}
