/** What is written at the end of an operation, asked again where a store fails for a while. */
import type { OperationStore, Retention } from "../stores/operations.js";
import type { Logger } from "../util/logger.js";
import { isFenceLost, type RunningOperation } from "./running.js";
import type { Outcome } from "./types.js";

/** A store that cannot record an outcome is asked again this often, this far apart. */
const COMMIT_ATTEMPTS = 5;
const COMMIT_RETRY_MS = 200;

/** Records the outcome. Throws what the store throws when it goes on failing, and at once when the fence was lost. */
export async function recordOutcome(
  store: OperationStore,
  operation: RunningOperation,
  outcome: Outcome,
  { retention, lasts }: { readonly retention: Retention; readonly lasts: boolean },
): Promise<void> {
  const { key, fence } = operation;
  const keep = outcome.kind === "suspended" ? outcome.keep : lasts;
  await repeated(async () => {
    if (outcome.kind === "done") await store.commit(key, fence, outcome.json, retention);
    else if (keep) await store.suspend(key, fence, retention);
    else await store.release(key, fence);
  });
}

/** Nothing was begun. False when somebody else has taken over meanwhile: then there is nothing left to give back. */
export async function giveBack(
  { store, logger }: { readonly store: OperationStore; readonly logger: Logger },
  key: string,
  fence: number,
): Promise<boolean> {
  try {
    await repeated(() => store.release(key, fence));
  } catch (error) {
    if (isFenceLost(error)) return false;
    logger.log("error", "claim_not_released", { error });
  }
  return true;
}

async function repeated(write: () => void | Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (isFenceLost(error) || attempt >= COMMIT_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, COMMIT_RETRY_MS * attempt));
    }
  }
}
