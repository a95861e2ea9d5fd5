/**
 * What went wrong outside the framework, in words a model can act on. The lower layers (NetBox, SSH,
 * validation) throw this and know nothing of MCP; `tools/actionable.ts` is the one place that turns it
 * into the framework's `ToolError`.
 */
export type FailureCode =
  | "invalid"
  | "refused"
  | "not_found"
  | "forbidden"
  | "unreachable"
  | "timeout"
  | "too_large"
  | "cancelled"
  | "upstream";

export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
