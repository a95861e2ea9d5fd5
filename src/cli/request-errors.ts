import { messageOf } from "./connect-errors.js";
import { CliError, EXIT } from "./errors.js";

/** `MissingRequiredClientCapability` (2026-07-28). */
const CAPABILITY_MISSING = -32021;
const UNANSWERED = "On a terminal, without --no-input, you can answer what a tool asks; --root gives it roots.";

/** A request that failed after the connection was made. */
export function requestFailed(error: unknown, timeoutMs: number): CliError {
  if (error instanceof CliError) return error;
  const { name, code, data } = (error ?? {}) as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly data?: unknown;
  };
  if (code === "REQUEST_TIMEOUT") {
    return new CliError(EXIT.connection, `The server did not answer within ${timeoutMs} ms.`, {
      hint: "--timeout gives it more time; a server that reports progress has it anyway.",
      cause: error,
    });
  }
  if (code === "CONNECTION_CLOSED" || code === "NOT_CONNECTED") {
    return new CliError(EXIT.connection, "The server closed the connection before it answered.", { cause: error });
  }
  // What the server said no to: a JSON-RPC error has a number.
  const status = (data as { readonly status?: unknown } | undefined)?.status;
  if (typeof code === "number" && status === undefined) {
    const hint = code === CAPABILITY_MISSING ? { hint: UNANSWERED } : {};
    return new CliError(EXIT.failed, `The server refused: ${messageOf(error)} (${code})`, { cause: error, ...hint });
  }
  const unauthorized = name === "UnauthorizedError" || status === 401;
  return new CliError(
    EXIT.connection,
    unauthorized ? "The server asks for (other) credentials (401)." : messageOf(error),
    {
      ...(unauthorized && { hint: "Give an access token with --token or MCP_TOKEN." }),
      cause: error,
    },
  );
}
