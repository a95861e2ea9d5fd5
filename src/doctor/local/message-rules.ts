/** JSON-RPC 2.0 as far as it is the same in every revision. */
import { isObject } from "../../util/json.js";
import type { OutputFault } from "./faults/output.js";

/** The errors of a server that could not read the id (JSON-RPC 2.0, response object). */
const WITHOUT_ID: ReadonlySet<unknown> = new Set([-32700, -32600]);

/** What is wrong with a message, or undefined. */
export function judgeMessage(value: unknown): OutputFault | undefined {
  if (!isObject(value) || value.jsonrpc !== "2.0") return "message-invalid";
  const { id, method, result, error } = value;
  if (method !== undefined) {
    const sound = typeof method === "string" && id !== null && result === undefined && error === undefined;
    return sound ? undefined : "message-invalid";
  }
  if (result !== undefined && error !== undefined && error !== null) return "message-both";
  if (result === undefined) return judgeError(value, error);
  // An error of null beside a result is no member of the schema; clients refuse it as one.
  if ("error" in value) return "message-both";
  if (id === null || id === undefined) return "message-id-null";
  return isObject(result) ? undefined : "message-invalid";
}

function judgeError({ id }: { readonly [key: string]: unknown }, error: unknown): OutputFault | undefined {
  if (!isObject(error) || !Number.isInteger(error.code) || typeof error.message !== "string") return "message-invalid";
  return (id === null || id === undefined) && !WITHOUT_ID.has(error.code) ? "message-id-null" : undefined;
}
