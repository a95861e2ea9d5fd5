/**
 * A parser of JSON (RFC 8259) that is slow and plain: `JSON.parse` says what is valid, and every literal in the text is
 * then walked again for what `JSON.parse` does not tell.
 */
import { isWellFormed } from "./surrogates.js";

export interface JsonFacts {
  readonly value: unknown;
  /** Containers inside each other. */
  readonly depth: number;
  /** Members of objects and elements of arrays. */
  readonly members: number;
  readonly duplicate: boolean;
  /** Half a character with no other half beside it, as an escape or as it is. */
  readonly loneSurrogate: boolean;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/gs;
const ESCAPES =
  /(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\\\|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})/g;

/** Undefined for a text that is no JSON. */
export function readJson(text: string): JsonFacts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const open: (Set<string> | undefined)[] = [];
  let depth = 0;
  let members = 0;
  let duplicate = false;
  const tokens = text.match(TOKEN) ?? [];
  for (const [at, token] of tokens.entries()) {
    if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : undefined);
      depth = Math.max(depth, open.length);
      const next = tokens[at + 1];
      if (next !== "]" && next !== "}") members += 1;
    } else if (token === "}" || token === "]") open.pop();
    else if (token === ",") members += 1;
    else if (token.startsWith('"') && tokens[at + 1] === ":") {
      const keys = open.at(-1);
      const key = JSON.parse(token) as string;
      duplicate ||= keys?.has(key) ?? false;
      keys?.add(key);
    }
  }
  const loneSurrogate = !isWellFormed(text) || [...text.matchAll(ESCAPES)].some(([, lone]) => lone !== undefined);
  return { value, depth, members, duplicate, loneSurrogate };
}
