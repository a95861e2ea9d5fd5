/** Changes to a configuration file as text: an entry is put in or taken out, and everything else is the same afterwards. */
import { isDeepStrictEqual } from "node:util";
import type { ClientSpec, Format } from "./clients.js";
import { type Entry, mergedEntry, type Value } from "./entry.js";
import { InstallError } from "./errors.js";
import {
  type EntryAt,
  entryInJson,
  hasExtensions,
  namesInJson,
  putInJson,
  takeOutOfJson,
  valueOfJson,
} from "./json-edit.js";
import { entryInToml, namesInToml, putInToml, takeOutOfToml, valueOfToml } from "./toml-edit.js";

export interface Change {
  readonly text: string;
  readonly action: "added" | "replaced" | "unchanged" | "removed" | "absent";
}

type Place = Pick<ClientSpec, "format" | "key">;

interface Language {
  readonly names: (text: string, key: string) => readonly string[];
  readonly read: (text: string, at: EntryAt) => Value | undefined;
  readonly put: (text: string, at: EntryAt, entry: Entry) => string;
  readonly takeOut: (text: string, at: EntryAt) => string;
  readonly value: (text: string, key: string) => Value;
}

const JSON_TEXT: Language = {
  names: namesInJson,
  read: entryInJson,
  put: putInJson,
  takeOut: takeOutOfJson,
  value: valueOfJson,
};
const TOML_TEXT: Language = {
  names: namesInToml,
  read: entryInToml,
  put: putInToml,
  takeOut: takeOutOfToml,
  value: valueOfToml,
};
const LANGUAGES: Readonly<Record<Format, Language>> = { json: JSON_TEXT, jsonc: JSON_TEXT, toml: TOML_TEXT };

const MARK = "\uFEFF";

/** A byte order mark is no part of the language. */
function split(text: string): { readonly mark: string; readonly body: string } {
  return text.startsWith(MARK) ? { mark: MARK, body: text.slice(MARK.length) } : { mark: "", body: text };
}

export function serverNames(text: string, { format, key }: Place): readonly string[] {
  return LANGUAGES[format].names(split(text).body, key);
}

/** Puts the entry in, or in place of the one of its name. @throws InstallError when that cannot be done safely. */
export function putEntry(
  text: string,
  place: Place,
  { name, entry }: { readonly name: string; readonly entry: Entry },
): Change {
  const { mark, body } = split(text);
  const language = LANGUAGES[place.format];
  const at = { key: place.key, name };
  const before = language.read(body, at);
  const next = isEntry(before) ? mergedEntry(before, entry) : entry;
  if (isDeepStrictEqual(before, next)) return { text, action: "unchanged" };
  const result = language.put(body, at, next);
  verify({ language, at, before: body, after: result, entry: next });
  return { text: mark + result, action: before === undefined ? "added" : "replaced" };
}

/** Takes the entry out, and what was written for it alone. @throws InstallError when that cannot be done safely. */
export function removeEntry(text: string, place: Place, name: string): Change {
  const { mark, body } = split(text);
  const language = LANGUAGES[place.format];
  const at = { key: place.key, name };
  if (language.read(body, at) === undefined) return { text, action: "absent" };
  const result = language.takeOut(body, at);
  verify({ language, at, before: body, after: result, entry: undefined });
  return { text: mark + result, action: "removed" };
}

/** True where the client's parser may refuse the file whatever is in it. */
export function isBeyondPlainJson(text: string, { format }: Place): boolean {
  return format === "json" && hasExtensions(split(text).body);
}

function isEntry(value: Value | undefined): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Verification {
  readonly language: Language;
  readonly at: EntryAt;
  readonly before: string;
  readonly after: string;
  readonly entry: Entry | undefined;
}

/** Text was cut and joined: whether the result says what it is meant to say is asked of a parser. */
function verify({ language, at, before, after, entry }: Verification): void {
  let same: boolean;
  try {
    const rest = [before, after].map((text) => withoutEntry(language.value(text, at.key), at));
    same = isDeepStrictEqual(rest[0], rest[1]) && isDeepStrictEqual(language.read(after, at), entry);
  } catch (cause) {
    throw unsafe(cause);
  }
  if (!same) throw unsafe(undefined);
}

function unsafe(cause: unknown): InstallError {
  return new InstallError("ERR_INSTALL_UNSAFE", "the file is written in a way that this command cannot edit safely", {
    cause,
    hint: "Make the change by hand.",
  });
}

function withoutEntry(value: Value, { key, name }: EntryAt): Value {
  if (!isEntry(value)) return value;
  const { [key]: holder, ...rest } = value;
  if (!isEntry(holder)) return value;
  const others = Object.entries(holder).filter(([one]) => one !== name);
  return others.length === 0 ? rest : { ...rest, [key]: Object.fromEntries(others) };
}
