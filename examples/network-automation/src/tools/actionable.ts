import { ToolError } from "holdfast";
import { NetworkError } from "../errors.js";

/**
 * Our own failures say what to do and go to the model; anything else is a bug, and stays for Holdfast to
 * mask. Holdfast's own signals (a question being asked, a missing permission) pass through untouched.
 */
export async function actionable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NetworkError) throw new ToolError(error.message, { cause: error });
    throw error;
  }
}
