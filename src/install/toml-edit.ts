/**
 * Entries in a TOML document. Put in as a table at the end, behind one blank line; taking out removes the statements of
 * the entry and that line, so that the bytes from before are back. A document that does not end with a line break does
 * not get one.
 */
import { isDeepStrictEqual } from "node:util";
import { parse, TomlError } from "smol-toml";
import { type Entry, isOurs, type Value } from "./entry.js";
import { InstallError } from "./errors.js";
import type { EntryAt } from "./json-edit.js";
import { lineBreakOf } from "./json-text.js";
import { type Statement, statementsOf } from "./toml-statements.js";

/** @throws InstallError when the text is no TOML. */
export function valueOfToml(text: string): Readonly<Record<string, Value>> {
  try {
    return plain(parse(text, { integersAsBigInt: "asNeeded" }) as unknown as Value) as Readonly<Record<string, Value>>;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split("\n")[0];
    throw new InstallError("ERR_INSTALL_SYNTAX", `line ${error.line}, column ${error.column}: ${what}`);
  }
}

/** Tables as other code makes them: those of the parser have no prototype, which comparisons see. */
function plain(value: Value): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map(plain);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

function holderOf(text: string, key: string): Readonly<Record<string, Value>> {
  const holder = valueOfToml(text)[key];
  if (holder === undefined) return {};
  if (isTable(holder)) return holder;
  throw new InstallError("ERR_INSTALL_SHAPE", `${key} is no table`);
}

function isTable(value: Value | undefined): value is Readonly<Record<string, Value>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function namesInToml(text: string, key: string): readonly string[] {
  return Object.keys(holderOf(text, key));
}

export function entryInToml(text: string, { key, name }: EntryAt): Value | undefined {
  const holder = holderOf(text, key);
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

export function putInToml(text: string, at: EntryAt, entry: Entry): string {
  const lineBreak = lineBreakOf(text);
  if (entryInToml(text, at) !== undefined) return replaced(text, at, entry);
  refuseInline(text, [at.key], `${at.key} is written in one line, { … }`);
  const lines = [`[${keyText(at.key)}.${keyText(at.name)}]`, ...linesOf(entry)].join(lineBreak);
  if (text === "") return lines + lineBreak;
  return text.endsWith("\n") ? text + lineBreak + lines + lineBreak : text + lineBreak + lineBreak + lines;
}

/** Where the server is, is written anew below the heading; comments and other members stay as they are. */
function replaced(text: string, at: EntryAt, entry: Entry): string {
  const path = [at.key, at.name];
  const before = entryInToml(text, at);
  if (headingOf(text, path) === undefined || !isTable(before)) throw notATable(at);
  const isFresh = ([name, value]: readonly [string, Value]) => !isDeepStrictEqual(before[name], value);
  const fresh = Object.fromEntries(Object.entries(entry).filter(isFresh));
  const gone = (name: string | undefined) => name !== undefined && isOurs(name) && (name in fresh || !(name in entry));
  const old = statementsOf(text).filter(({ path: own }) => startsWith(own, path) && gone(own[path.length]));
  const lineBreak = lineBreakOf(text);
  const rest = old.reduceRight((all, one) => all.slice(0, one.start) + all.slice(one.end), text);
  const end = headingOf(rest, path)?.end ?? rest.length;
  const head = rest.slice(0, end).endsWith("\n") ? rest.slice(0, end) : rest.slice(0, end) + lineBreak;
  const result =
    head +
    linesOf(fresh)
      .map((line) => line + lineBreak)
      .join("") +
    rest.slice(end);
  return text.endsWith("\n") ? result : result.replace(/\r?\n$/, "");
}

function headingOf(text: string, path: readonly string[]): Statement | undefined {
  return statementsOf(text).find(({ kind, path: own }) => kind === "table" && isDeepStrictEqual(own, path));
}

export function takeOutOfToml(text: string, at: EntryAt): string {
  const path = [at.key, at.name];
  refuseInline(text, [at.key], `${at.key} is written in one line, { … }`);
  const all = statementsOf(text);
  const runs: { start: number; end: number; first: Statement }[] = [];
  for (const [index, one] of all.entries()) {
    if (!startsWith(one.path, path)) continue;
    const last = runs.at(-1);
    // Comments between two statements of the entry are about the entry.
    if (last !== undefined && last.end === all[index - 1]?.end) last.end = one.end;
    else runs.push({ start: one.start, end: one.end, first: one });
  }
  return runs.reduceRight((rest, { start, end, first }) => {
    const head = first.kind === "table" ? headWithout(rest, start, rest.slice(end) === "") : rest.slice(0, start);
    return head + rest.slice(end);
  }, text);
}

/** What is before a table, without the blank line above it, and without the line break that the document did not have. */
function headWithout(text: string, start: number, isLast: boolean): string {
  const lineBreak = lineBreakOf(text);
  const head = text.slice(0, start);
  const blankAbove = head === lineBreak || head.endsWith(`\n${lineBreak}`);
  if (!blankAbove) return head;
  const above = head.slice(0, -lineBreak.length);
  return isLast && !text.endsWith("\n") ? above.slice(0, -lineBreak.length) : above;
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((part, index) => path[index] === part);
}

/** An inline table is closed: nothing can be added to it, and taking a part out means to write it anew. */
function refuseInline(text: string, path: readonly string[], what: string): void {
  const inline = statementsOf(text).some(({ kind, path: own }) => kind === "pair" && isDeepStrictEqual(own, path));
  if (!inline) return;
  throw new InstallError("ERR_INSTALL_SHAPE", `${what}, which is not edited`, {
    hint: `Write each server as a table of its own: [${path.map(keyText).join(".")}.NAME]`,
  });
}

function notATable({ key, name }: EntryAt): InstallError {
  return new InstallError("ERR_INSTALL_SHAPE", `${key}.${name} is not written as a table of its own`, {
    hint: `Write it as [${keyText(key)}.${keyText(name)}], or take it out first: --remove`,
  });
}

function linesOf(entry: Entry): readonly string[] {
  return Object.entries(entry).map(([name, value]) => `${keyText(name)} = ${tomlValue(value)}`);
}

function keyText(name: string): string {
  return /^[\w-]+$/.test(name) ? name : tomlString(name);
}

/** JSON's escapes are TOML's; TOML wants DEL escaped as well. */
function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\u007F", "\\u007F");
}

function tomlValue(value: Value): string {
  if (typeof value === "string") return tomlString(value);
  if (isTable(value)) {
    const members = Object.entries(value).map(([name, one]) => `${keyText(name)} = ${tomlValue(one)}`);
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(tomlValue).join(", ")}]`;
  return String(value);
}
