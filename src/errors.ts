/**
 * Error classes and codes, used by every room. Three families, never mixed:
 * - `HoldfastError`: the server was configured or driven wrongly, or its surroundings failed; has a stable string code.
 * - `McpError`: becomes a JSON-RPC error on the wire; has the protocol's numeric code.
 * - `ToolError`: becomes an `isError` tool result whose message the model may read.
 */

/**
 * JSON-RPC and MCP error codes (specification 2026-07-28, basic, "Error Codes"; -32002 is of 2025-11-25 and earlier).
 *
 * @example
 * ```ts
 * throw new McpError(ErrorCode.InvalidParams, "No such order");
 * ```
 */
export const ErrorCode = {
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  /** Up to revision 2025-11-25; from 2026-07-28 on a missing resource is `InvalidParams`. */
  ResourceNotFound: -32002,
  HeaderMismatch: -32020,
  MissingRequiredClientCapability: -32021,
  UnsupportedProtocolVersion: -32022,
  /** Ours (outside the reserved range): the request was cancelled, the exchange is closed without a result. */
  RequestCancelled: 1499,
  /** Ours: the caller may not do this; the message and `data.requiredPermissions` name what it takes (403 over HTTP). */
  Forbidden: 1403,
  /** Ours: the idempotency key belongs to other arguments. */
  KeyConflict: 1409,
  /** Ours: the idempotency key was used, and its outcome is no longer kept. */
  KeyExpired: 1410,
  /** Ours: the caller has called too often, or does too much at once; `data.retryAfterMs` says when to call again. */
  RateLimited: 1429,
  /** Ours: the server is draining or over a limit; try again later. */
  Unavailable: 1503,
} as const;

/** Stable codes of `HoldfastError`; documented in `docs/errors.md`. */
export type HoldfastErrorCode =
  | "ERR_CONFIG"
  | "ERR_UNKNOWN_TRANSPORT"
  | "ERR_DUPLICATE_NAME"
  | "ERR_PUBLIC_WITHOUT_AUTH"
  | "ERR_ADDRESS_IN_USE"
  | "ERR_CLIENT_CAPABILITY"
  | "ERR_CLIENT_GONE"
  | "ERR_CLIENT_REPLY"
  | "ERR_TIMEOUT"
  | "ERR_CANCELLED"
  | "ERR_SEAL"
  | "ERR_LIMIT"
  | "ERR_STORE"
  | "ERR_FENCE_LOST"
  | "ERR_KEY_CONFLICT"
  | "ERR_KEY_EXPIRED"
  | "ERR_PERMISSION"
  | "ERR_UNAUTHENTICATED"
  | "ERR_AUTH_UNAVAILABLE"
  | "ERR_BLOCKED_URL";

/**
 * Base of every error Holdfast raises for configuration and surroundings; `code` is stable, `cause` is kept.
 *
 * @example
 * ```ts
 * try {
 *   await mcp.run({ transport: "http", port: 8000 });
 * } catch (error) {
 *   if (error instanceof HoldfastError && error.code === "ERR_ADDRESS_IN_USE") await mcp.run({ transport: "http", port: 0 });
 *   else throw error;
 * }
 * ```
 */
export class HoldfastError extends Error {
  override readonly name: string = "HoldfastError";
  readonly code: HoldfastErrorCode;

  constructor(code: HoldfastErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Throw it in a handler to answer with a JSON-RPC error: `code`, `message` and `data` go to the client as they are.
 *
 * @example
 * ```ts
 * throw new McpError(ErrorCode.InvalidParams, "No such order", { orderId });
 * ```
 */
export class McpError extends Error {
  override readonly name = "McpError";
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

/**
 * Throw it in a tool to tell the model what went wrong: the message becomes the text of an `isError` result. Any other
 * thrown error is masked (its message stays in the log, the client gets a correlation id).
 *
 * @example
 * ```ts
 * throw new ToolError("Site 'AMS9' does not exist. Sites: AMS1, AMS2.");
 * ```
 */
export class ToolError extends Error {
  override readonly name: string = "ToolError";
}

/**
 * Throw it in a tool when nothing was done and the same call may be made again: the operation is released, its
 * idempotency key is free, and the message becomes the text of an `isError` result.
 *
 * @example
 * ```ts
 * throw new Retryable("The warehouse is being counted. Call again in a minute.");
 * ```
 */
export class Retryable extends ToolError {
  override readonly name: string = "Retryable";
}

/**
 * Raised by `ctx.elicit`, `ctx.sample` and `ctx.roots` when the client did not declare what the call needs.
 *
 * @example
 * ```ts
 * const roots = await ctx.roots().catch((error: unknown) => {
 *   if (error instanceof MissingClientCapabilityError && ctx.revision !== "2026-07-28") return [];
 *   throw error;
 * });
 * ```
 */
export class MissingClientCapabilityError extends HoldfastError {
  override readonly name = "MissingClientCapabilityError";
  /** The missing capabilities in the shape of `ClientCapabilities`, e.g. `{ sampling: {} }`. */
  readonly requiredCapabilities: Readonly<Record<string, unknown>>;

  constructor(what: string, requiredCapabilities: Readonly<Record<string, unknown>>) {
    super("ERR_CLIENT_CAPABILITY", `The client does not support ${what}; it did not declare the capability.`);
    this.requiredCapabilities = requiredCapabilities;
  }
}

/**
 * Raised by `ctx.require`, and for calls that `requires` denies.
 *
 * @example
 * ```ts
 * const { permissions } = ctx.principal;
 * if (!hasPermission(permissions, "orders:approve")) throw new PermissionError(["orders:approve"], "large orders");
 * ```
 */
export class PermissionError extends HoldfastError {
  override readonly name = "PermissionError";
  /** All permissions the call needs, those the caller has included; empty when none would help. */
  readonly required: readonly string[];

  /** @param what is denied, e.g. `tool list_orders`. */
  constructor(required: readonly string[], what = "this") {
    const needs = required.length === 0 ? "you may not do this" : `it needs ${required.join(", ")}`;
    super("ERR_PERMISSION", `Permission denied for ${what}: ${needs}.`);
    this.required = required;
  }
}

/**
 * Thrown by an authenticator for credentials that are not good (401). The message is told to the client as
 * `error_description` (RFC 6750, section 3): it must hold nothing of the credentials and nothing it should not know.
 *
 * @example
 * ```ts
 * throw new AuthenticationError("The ticket has expired");
 * ```
 */
export class AuthenticationError extends HoldfastError {
  override readonly name = "AuthenticationError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_UNAUTHENTICATED", message, options);
  }
}

/**
 * Thrown by an authenticator that cannot find out now whether credentials are good, e.g. without the issuer's keys (503).
 *
 * @example
 * ```ts
 * throw new AuthenticationUnavailableError("The directory does not answer", { cause });
 * ```
 */
export class AuthenticationUnavailableError extends HoldfastError {
  override readonly name = "AuthenticationUnavailableError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_AUTH_UNAVAILABLE", message, options);
  }
}
