/**
 * What the warehouse refuses, in words a person or a model can act on. Nothing below `tools/` and `api/` knows of MCP or
 * HTTP; they turn this into an answer of theirs.
 */
export type RefusalCode = "not_found" | "insufficient_stock" | "reference_taken" | "invalid" | "no_tenant";

export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
