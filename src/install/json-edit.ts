/** Entries in a JSON document: found, put in, replaced member by member, taken out. */
import { isDeepStrictEqual } from "node:util";
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import type { Entry, Value } from "./entry.js";
import { isOurs } from "./entry.js";
import { InstallError, placeOf } from "./errors.js";
import { indentOf, layoutOf, putIn, putInNothing, takeOut, valueText } from "./json-text.js";

export interface EntryAt {
  /** The member of the document that holds the servers. */
  readonly key: string;
  readonly name: string;
}

interface Parsed {
  readonly root: Node | undefined;
  readonly holder: Node | undefined;
}

/** @throws InstallError when the text is no JSON, or not of the shape that the client reads. */
function parsed(text: string, key: string): Parsed {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [error] = errors;
  if (error !== undefined) {
    const { line, column } = placeOf(text, error.offset);
    throw new InstallError("ERR_INSTALL_SYNTAX", `line ${line}, column ${column}: ${printParseErrorCode(error.error)}`);
  }
  if (root === undefined) return { root: undefined, holder: undefined };
  if (root.type !== "object") throw shape(text, root, "the document is no object");
  const holder = only(text, root, key)?.children?.[1];
  if (holder !== undefined && holder.type !== "object") throw shape(text, holder, `${key} is no object`);
  return { root, holder };
}

function shape(text: string, node: Node, what: string): InstallError {
  const { line, column } = placeOf(text, node.offset);
  return new InstallError("ERR_INSTALL_SHAPE", `line ${line}, column ${column}: ${what}`);
}

/** Readers differ in which of two members of one name counts. */
function only(text: string, object: Node, name: string): Node | undefined {
  const [first, second] = (object.children ?? []).filter((one) => one.children?.[0]?.value === name);
  if (second !== undefined) throw shape(text, second, `there is a second ${JSON.stringify(name)}`);
  return first;
}

export function namesInJson(text: string, key: string): readonly string[] {
  return (parsed(text, key).holder?.children ?? []).map((member) => String(member.children?.[0]?.value));
}

export function entryInJson(text: string, { key, name }: EntryAt): Value | undefined {
  const { holder } = parsed(text, key);
  const value = holder && only(text, holder, name)?.children?.[1];
  return value === undefined ? undefined : plain(value);
}

export function putInJson(text: string, { key, name }: EntryAt, entry: Entry): string {
  const { root, holder } = parsed(text, key);
  const layout = layoutOf(text, root);
  if (root === undefined) return putInNothing(text, { member: { holder: key, name, value: entry }, layout });
  if (holder === undefined) return putIn(text, root, { member: { holder: key, name, value: entry }, layout });
  const there = only(text, holder, name);
  if (there === undefined) return putIn(text, holder, { member: { name, value: entry }, layout });
  return there.children?.[1]?.type === "object"
    ? replaceMembers(text, { key, name }, entry)
    : replaceValue(text, there, entry);
}

function replaceValue(text: string, member: Node, value: Value): string {
  const old = member.children?.[1];
  if (old === undefined) return text;
  const oneLine = old.parent?.parent !== undefined && !/[\r\n]/.test(text.slice(old.parent.parent.offset, old.offset));
  const layout = layoutOf(text, rootOf(old));
  const fresh = valueText(value, { indent: indentOf(text, member.offset), layout, oneLine });
  return text.slice(0, old.offset) + fresh + text.slice(old.offset + old.length);
}

function rootOf(node: Node): Node {
  return node.parent === undefined ? node : rootOf(node.parent);
}

/** Changes what differs, so that comments and members of the user stay inside the entry as well. */
function replaceMembers(text: string, at: EntryAt, entry: Entry): string {
  const before = entryInJson(text, at) as Entry;
  let result = text;
  for (const name of Object.keys(before)) {
    if (isOurs(name) && !(name in entry)) result = takeOut(result, pathTo(result, at), name);
  }
  for (const [name, value] of Object.entries(entry)) {
    if (isDeepStrictEqual(before[name], value)) continue;
    const path = pathTo(result, at);
    const object = path.at(-1) as Node;
    const member = only(result, object, name);
    result =
      member === undefined
        ? putIn(result, object, { member: { name, value }, layout: layoutOf(result, path[0]) })
        : replaceValue(result, member, value);
  }
  return result;
}

/** The document, what holds the servers, and the entry. */
function pathTo(text: string, { key, name }: EntryAt): readonly Node[] {
  const { root, holder } = parsed(text, key);
  const entry = holder && only(text, holder, name)?.children?.[1];
  return [root, holder, entry].filter((node) => node !== undefined);
}

export function takeOutOfJson(text: string, at: EntryAt): string {
  return takeOut(text, pathTo(text, at).slice(0, 2), at.name);
}

/** The document as a value, for the comparison of before and after. */
export function valueOfJson(text: string, key: string): Value {
  const { root } = parsed(text, key);
  return root === undefined ? {} : plain(root);
}

/** Objects as other code makes them: those of the parser have no prototype, which comparisons see. */
function plain(node: Node): Value {
  return JSON.parse(JSON.stringify(getNodeValue(node))) as Value;
}

/** True for JSON that plain parsers refuse: with comments or trailing commas. */
export function hasExtensions(text: string): boolean {
  try {
    if (text.trim() !== "") JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}
