/** Checks of single facts; each throws `ERR_CONFIG` that names the field. */
import { HoldfastError } from "../errors.js";

export function text(field: string, value: unknown, pattern: RegExp, rule?: string): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw bad(field, `${JSON.stringify(value)} ${rule ?? `does not fit ${pattern}`}`);
}

export function optional(field: string, value: string | undefined, pattern: RegExp): string | undefined {
  return value === undefined ? undefined : text(field, value, pattern);
}

export function positive(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw bad(field, "must be a whole number above 0");
}

export function portNumber(field: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= 65_535) return value;
  throw bad(field, "must be a port");
}

export function bad(field: string, why: string): HoldfastError {
  return new HoldfastError("ERR_CONFIG", `deploy: ${field} ${why}.`);
}
