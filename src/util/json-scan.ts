import { OpenKeys, quoteKey } from "./json-keys.js";

/** What one message may hold. */
export interface JsonBounds {
  /** Objects and arrays inside each other. */
  readonly maxDepth: number;
  /** Members of all objects and elements of all arrays together. */
  readonly maxKeys: number;
}

export type JsonFailure = "syntax" | "depth" | "keys" | "duplicate" | "surrogate";
interface Refused {
  readonly ok: false;
  readonly reason: JsonFailure;
  readonly message: string;
}
export type ParsedJson = { readonly ok: true; readonly value: unknown } | Refused;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Escaped surrogates: pairs, some at a time (each costs the matcher stack), or one that is in no pair. */
const SURROGATES = /(?:\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}){1,64}|\\u[dD][89a-fA-F][\da-fA-F]{2}/g;
/** Units of `\uXXXX`. */
const ESCAPE_LENGTH = 6;

const SYNTAX: Refused = refusal("syntax", "the message is not valid JSON (RFC 8259)");

const openKeys = new OpenKeys();

/**
 * Parses a text from the network: `JSON.parse`, after one pass that refuses what JSON allows and no message needs. These
 * are keys that occur twice (two readers of one message could take different values), escapes that are no characters,
 * and more depth or members than `bounds` allow, which `JSON.parse` so never builds. Takes time linear in the text.
 */
export function parseJson(text: string, bounds: JsonBounds): ParsedJson {
  const backslash = nextBackslash(text, 0);
  let refused: Refused | undefined;
  try {
    refused = scan(text, bounds, backslash) ?? loneSurrogate(text, backslash);
  } finally {
    openKeys.clear();
  }
  if (refused !== undefined) return refused;
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return SYNTAX;
  }
}

/** The same bounds for a value that a framework has parsed already; what it was made from cannot be seen any more. */
export function checkJson(value: unknown, bounds: JsonBounds): ParsedJson {
  const { maxDepth, maxKeys } = bounds;
  let members = 0;
  let level = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxDepth) return tooDeep(maxDepth);
    const next: object[] = [];
    for (const container of level) {
      const inside: readonly unknown[] = Array.isArray(container) ? container : Object.values(container);
      members += inside.length;
      if (members > maxKeys) return tooMany(maxKeys);
      for (const member of inside) if (isContainer(member)) next.push(member);
    }
    level = next;
  }
  return { ok: true, value };
}

/**
 * Sees structure and keys only. It reads valid JSON as `JSON.parse` does; of other texts `JSON.parse` reads no more than
 * up to the first fault, and all that comes before it was counted here.
 */
function scan(text: string, { maxDepth, maxKeys }: JsonBounds, firstBackslash: number): Refused | undefined {
  const { length } = text;
  let backslash = firstBackslash;
  let depth = 0;
  let members = 0;
  let inObject = false;
  let keyNext = false;
  let empty = false;
  let at = 0;
  // The order of the tests is that of how often they hold.
  while (at < length) {
    const unit = text.charCodeAt(at++);
    if (unit > COMMA && unit < OPEN_ARRAY) empty = false;
    else if (unit === QUOTE) {
      const start = at;
      const end = closingQuote(text, start, backslash);
      if (end === -1) return SYNTAX;
      const escaped = backslash < end;
      if (escaped) backslash = nextBackslash(text, end);
      at = end + 1;
      empty = false;
      if (!keyNext) continue;
      keyNext = false;
      if (++members > maxKeys) return tooMany(maxKeys);
      if (!openKeys.add(text, start, end, escaped)) return duplicate(quoteKey(text, start, end));
      // A colon, or white space before it.
      at++;
    } else if (unit <= SPACE) continue;
    else if (unit === COMMA) {
      if (inObject) keyNext = true;
      else if (++members > maxKeys) return tooMany(maxKeys);
    } else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      if (++depth > maxDepth) return tooDeep(maxDepth);
      inObject = unit === OPEN_OBJECT;
      openKeys.open(inObject);
      keyNext = inObject;
      empty = true;
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) {
      if (depth-- === 0) return SYNTAX;
      if (!inObject && !empty && ++members > maxKeys) return tooMany(maxKeys);
      inObject = openKeys.close();
      keyNext = false;
      empty = false;
    } else {
      empty = false;
      at += restOfLiteral(unit);
    }
  }
  return depth === 0 ? undefined : SYNTAX;
}

/** What follows the first unit of `true`, `null` or `false`; nothing follows others, such as the exponent's `e`. */
function restOfLiteral(unit: number): number {
  if (unit === LOWER_T || unit === LOWER_N) return 3;
  return unit === LOWER_F ? 4 : 0;
}

/** The next backslash from `at` on, or the length of the text. Asked for once per backslash, it reads the text once. */
function nextBackslash(text: string, at: number): number {
  const next = text.indexOf("\\", at);
  return next === -1 ? text.length : next;
}

/** The quote that ends the string from `start` on, or -1; `backslash` is the next one in the text. */
function closingQuote(text: string, start: number, backslash: number): number {
  let at = text.indexOf('"', start);
  if (backslash < at) while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at;
}

/** True when an odd number of backslashes precedes `at`. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (before > 0 && text.charCodeAt(before - 1) === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}

/** Escapes occur in strings only, so this needs to know nothing of the structure. */
function loneSurrogate(text: string, backslash: number): Refused | undefined {
  // Text decoded from UTF-8 has none unescaped. V8 says so at once for Latin-1 text, and otherwise reads it.
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) return lone("a surrogate");
  if (backslash === text.length) return undefined;
  SURROGATES.lastIndex = backslash;
  for (let match = SURROGATES.exec(text); match !== null; match = SURROGATES.exec(text)) {
    if (isEscaped(text, match.index)) SURROGATES.lastIndex = match.index + 1;
    else if (match[0].length === ESCAPE_LENGTH) return lone(`the escape ${match[0]}`);
  }
  return undefined;
}

function refusal(reason: JsonFailure, message: string): Refused {
  return { ok: false, reason, message };
}

function tooDeep(maxDepth: number): Refused {
  return refusal("depth", `the message nests deeper than ${maxDepth} levels (limits.maxJsonDepth)`);
}

function tooMany(maxKeys: number): Refused {
  return refusal("keys", `the message has more than ${maxKeys} members and elements (limits.maxJsonKeys)`);
}

function lone(surrogate: string): Refused {
  return refusal("surrogate", `${surrogate} lacks the other half of its pair: send both, or U+FFFD instead`);
}

function duplicate(key: string): Refused {
  return refusal("duplicate", `the key ${key} occurs twice in one object`);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
