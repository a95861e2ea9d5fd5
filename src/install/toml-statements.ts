/** The statements of a TOML document and where they stand. For text that a parser has accepted; it checks nothing. */
import { parse } from "smol-toml";

export interface Statement {
  readonly kind: "table" | "pair";
  /** From the root of the document. */
  readonly path: readonly string[];
  /** The beginning of its first line. */
  readonly start: number;
  /** Behind the line break of its last line. */
  readonly end: number;
}

export function statementsOf(text: string): readonly Statement[] {
  const found: Statement[] = [];
  let table: readonly string[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    const first = skipBlanks(text, at);
    const char = text[first];
    if (char === undefined || char === "#" || char === "\n" || char === "\r") {
      at = endOfLine(text, first);
      continue;
    }
    if (char === "[") {
      const inside = text[first + 1] === "[" ? first + 2 : first + 1;
      const key = keyAt(text, inside);
      table = key.path;
      at = endOfLine(text, key.end);
      found.push({ kind: "table", path: table, start, end: at });
      continue;
    }
    const key = keyAt(text, first);
    at = endOfLine(text, endOfValue(text, key.end + 1));
    found.push({ kind: "pair", path: [...table, ...key.path], start, end: at });
  }
  return found;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at++;
  return at;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end + 1;
}

/** A key with its dots; `end` is at the `]` or `=` behind it. */
function keyAt(text: string, from: number): { readonly path: readonly string[]; readonly end: number } {
  const path: string[] = [];
  let at = from;
  for (;;) {
    at = skipBlanks(text, at);
    const start = at;
    if (text[at] === '"' || text[at] === "'") at = endOfString(text, at);
    else while (/[\w-]/.test(text[at] ?? "")) at++;
    path.push(unquoted(text.slice(start, at)));
    at = skipBlanks(text, at);
    if (text[at] !== ".") return { path, end: at };
    at++;
  }
}

function unquoted(key: string): string {
  if (key.startsWith("'")) return key.slice(1, -1);
  return key.startsWith('"') ? String(parse(`k = ${key}`).k) : key;
}

function endOfString(text: string, from: number): number {
  const quote = text[from] ?? "";
  const long = quote.repeat(3);
  const isLong = text.startsWith(long, from);
  let at = from + (isLong ? 3 : 1);
  while (at < text.length) {
    if (quote === '"' && text[at] === "\\") at += 2;
    else if (!isLong && text[at] === quote) return at + 1;
    else if (isLong && text.startsWith(long, at)) {
      at += 3;
      // Up to two more quotes belong to the text of the string.
      for (let more = 0; more < 2 && text[at] === quote; more++) at++;
      return at;
    } else at++;
  }
  return at;
}

/** Behind the value: arrays and inline tables may go over several lines, with comments. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (char === '"' || char === "'") {
      at = endOfString(text, at);
      continue;
    }
    if (char === "#") {
      at = text.indexOf("\n", at);
      if (at < 0) return text.length;
    }
    if (text[at] === "\n" && depth === 0) return at;
    if (char === "[" || char === "{") depth++;
    if (char === "]" || char === "}") depth--;
    at++;
  }
  return at;
}
