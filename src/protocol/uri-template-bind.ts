/** URI templates, the end of matching: raw pieces of a URI into decoded variables. */
import type { VariableSpec } from "./uri-template-parse.js";

/** Variables of a URI, by name; without a prototype, so `__proto__` or `constructor` are names like any other. */
export type UriMatch = Record<string, string | string[]>;

/** One occurrence of a variable, decoded. */
export interface Found {
  readonly variable: VariableSpec;
  readonly value: string | string[];
}

/** Parameters that are read as one list, whatever number of expressions asks for them. */
export interface ParamGroup {
  readonly separator: "&" | ";";
  readonly variables: Map<string, VariableSpec>;
}

/** Adds a positional value; false when its percent-encoding is broken. */
export function bindRun(variable: VariableSpec, separator: string, raw: string, found: Found[]): boolean {
  // Split before decoding: an encoded separator belongs to an item.
  const value = variable.explode ? decodeAll(raw.split(separator)) : decode(raw);
  if (value === undefined) return false;
  found.push({ variable, value });
  return true;
}

/**
 * Adds the known parameters of `blocks`. False when one is broken, or given twice without `*`: a proxy and a handler
 * could disagree on which of two values counts.
 */
export function bindParams(group: ParamGroup, blocks: readonly string[], found: Found[]): boolean {
  const values = new Map<string, string[]>();
  for (const block of blocks) {
    for (const piece of block.split(group.separator)) {
      const equals = piece.indexOf("=");
      const name = equals === -1 ? piece : piece.slice(0, equals);
      if (!group.variables.has(name)) continue;
      const value = decode(equals === -1 ? "" : piece.slice(equals + 1));
      if (value === undefined) return false;
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else known.push(value);
    }
  }
  for (const [name, list] of values) {
    const variable = group.variables.get(name);
    const [first, second] = list;
    if (variable === undefined || first === undefined) continue;
    if (second !== undefined && !variable.explode) return false;
    found.push({ variable, value: variable.explode ? list : first });
  }
  return true;
}

/** Puts occurrences together; undefined when two of one name disagree or one is longer than its prefix. */
export function resolveFound(found: readonly Found[]): UriMatch | undefined {
  const match: UriMatch = Object.create(null);
  // Whole values first, then prefixes from long to short, so that each later one only confirms what is known.
  const ordered = [...found].sort((a, b) => prefixRank(b.variable) - prefixRank(a.variable));
  for (const { variable, value } of ordered) {
    const known = match[variable.name];
    if (known === undefined) {
      if (!fitsPrefix(value, variable.prefix)) return undefined;
      match[variable.name] = value;
    } else if (!agrees(known, value, variable.prefix)) {
      return undefined;
    }
  }
  return match;
}

function prefixRank(variable: VariableSpec): number {
  return variable.prefix ?? Number.POSITIVE_INFINITY;
}

function fitsPrefix(value: string | string[], prefix: number | undefined): boolean {
  return prefix === undefined || (typeof value === "string" && [...value].length <= prefix);
}

function agrees(known: string | string[], value: string | string[], prefix: number | undefined): boolean {
  if (typeof known === "string" && typeof value === "string") {
    return prefix === undefined ? known === value : [...known].slice(0, prefix).join("") === value;
  }
  if (typeof known === "string" || typeof value === "string") return false;
  return known.length === value.length && known.every((item, index) => item === value[index]);
}

function decodeAll(items: readonly string[]): string[] | undefined {
  const decoded: string[] = [];
  for (const item of items) {
    const value = decode(item);
    if (value === undefined) return undefined;
    decoded.push(value);
  }
  return decoded;
}

/** `+` stays `+`: RFC 6570 writes a space as %20, only HTML forms write it as a plus sign. */
function decode(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
