/** Asks the author's `recover` what came of work that was cut off. */
import { ErrorCode, McpError } from "../errors.js";
import type { Logger } from "../util/logger.js";
import { after } from "../util/timer.js";
import type { RunningOperation } from "./running.js";
import type { Recovery } from "./types.js";

type AuthorsRecovery = Exclude<Recovery, string>;

/**
 * What the author's function says; "unknown" when it throws. Where it does not answer nothing is decided, and the key is
 * not held for as long as this process lives: whoever calls later asks it again.
 *
 * @throws McpError 1503 when it does not answer in time.
 */
export async function askAuthor(
  recovery: AuthorsRecovery,
  operation: RunningOperation,
  { logger, recoveryMs }: { readonly logger: Logger; readonly recoveryMs: number },
): ReturnType<AuthorsRecovery> {
  const { id, fence } = operation;
  const failed = (error: unknown) => logger.log("error", "recover_failed", { id, error });
  const asking = recovery({ id, fence, journal: operation.entries() }).catch((error: unknown) => {
    failed(error);
    return "unknown" as const;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = after(recoveryMs, () => {
      failed(new Error(`recover gave no answer within ${recoveryMs} ms`));
      reject(undecided());
    });
    timer?.unref?.();
  });
  return Promise.race([asking, late]).finally(() => clearTimeout(timer));
}

function undecided(): McpError {
  const text = "It could not be found out in time what came of an earlier call: nothing was run, call again.";
  return new McpError(ErrorCode.Unavailable, text);
}
