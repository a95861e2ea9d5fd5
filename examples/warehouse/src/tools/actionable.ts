import { ErrorCode, McpError, Retryable, ToolError } from "holdfast";
import { DatabaseUnavailable } from "../db/database.js";
import { Refused } from "../inventory/errors.js";

const UNAVAILABLE =
  "The database of the warehouse cannot be reached at the moment. Nothing was changed. Call again in a minute.";

/** Turns what the warehouse refuses into words for a model. Other errors stay what they are: masked. */
export async function actionable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) throw new ToolError(error.message);
    if (isOutOfReach(error)) throw new Retryable(UNAVAILABLE);
    throw error;
  }
}

/** The same for work that changes something: what was refused has done nothing, so its key is free for another try. */
export async function actionableWrite<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) throw new Retryable(error.message);
    if (isOutOfReach(error)) throw new Retryable(UNAVAILABLE);
    throw error;
  }
}

/** The same for resources and prompts, which have no `isError`. */
export async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) throw new McpError(codeOf(error), error.message);
    if (isOutOfReach(error)) throw new McpError(ErrorCode.Unavailable, UNAVAILABLE);
    throw error;
  }
}

function codeOf({ code }: Refused): number {
  return code === "no_tenant" ? ErrorCode.Forbidden : ErrorCode.InvalidParams;
}

function isOutOfReach(error: unknown): boolean {
  return error instanceof DatabaseUnavailable && !error.inDoubt;
}
