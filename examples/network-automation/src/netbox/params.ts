import { NetworkError } from "../errors.js";
import { isSecretField } from "./secrets.js";

export type ParamValue = string | number | boolean | null;
export type Params = Readonly<Record<string, ParamValue | readonly ParamValue[]>>;

/** NetBox sits behind servers that refuse request lines over 8 KB, so we refuse first, with a reason. */
const MAX_QUERY_LENGTH = 6_000;
const MAX_FILTERS = 40;
const FILTER_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,99}$/;

/** Ours, or not JSON lists: each with what to do instead. */
const RESERVED: Readonly<Record<string, string>> = {
  start: 'use "offset"',
  format: "the answer is always JSON",
  export: "export templates are not available here",
};

export interface ListQuery {
  readonly filters: URLSearchParams;
  readonly offset: number;
  /** A `limit` the caller put among the filters, where NetBox itself has it. */
  readonly limit: number | undefined;
}

export function parseParams(params: Params): ListQuery {
  const filters = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (name === "limit" || name === "offset") continue;
    // NetBox takes any text as "yes" here, "false" included.
    if (name === "brief" && ["false", "0", "", "null"].includes(String(value))) continue;
    assertFilterName(name);
    // A list means "any of these": NetBox wants the name repeated.
    for (const one of Array.isArray(value) ? value : [value]) filters.append(name, one === null ? "null" : String(one));
  }
  if (filters.size > MAX_FILTERS || filters.toString().length > MAX_QUERY_LENGTH) {
    throw new NetworkError("invalid", `Too many filter values (at most ${MAX_FILTERS}). Ask in several calls.`);
  }
  return { filters, offset: wholeNumber(params, "offset") ?? 0, limit: wholeNumber(params, "limit") };
}

function assertFilterName(name: string): void {
  if (!FILTER_NAME.test(name)) {
    throw new NetworkError(
      "invalid",
      `"${name}" is not a filter name. Examples: "name", "name__ic", "site", "role_id".`,
    );
  }
  const instead = Object.hasOwn(RESERVED, name) ? RESERVED[name] : undefined;
  if (instead !== undefined) throw new NetworkError("invalid", `The parameter "${name}" is not supported: ${instead}.`);
  // Filtering by a hidden value would give it away one guess at a time.
  const field = name.split("__", 1)[0] ?? name;
  if (isSecretField(field))
    throw new NetworkError("refused", `"${field}" is a secret field: filtering by it is not allowed.`);
}

function wholeNumber(params: Params, name: string): number | undefined {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value === undefined || value === null) return undefined;
  const number = Number(value);
  if (Array.isArray(value) || !Number.isSafeInteger(number) || number < 0) {
    throw new NetworkError("invalid", `"${name}" must be one whole number, 0 or more.`);
  }
  return number;
}
