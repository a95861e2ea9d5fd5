/**
 * Changes to single members in the text of a JSON document, with comments and trailing commas or without.
 *
 * Invariants:
 * 1. No byte outside what is put in or taken out is touched.
 * 2. `takeOut` undoes `putIn`, byte for byte. Where `putIn` had to write more than the member itself, the number of
 *    spaces after the member's colon says so: 2, the object was empty on one line and was opened up; 3, the object was
 *    made for the member. A member that somebody wrote by hand has one space, and nothing but itself is taken out.
 */
import type { Node } from "jsonc-parser";
import type { Value } from "./entry.js";
import { afterComments, commaBetween, tokenBefore } from "./json-scan.js";

const OPENED_UP = 2;
const MADE_FOR_IT = 3;

export interface Layout {
  readonly lineBreak: string;
  /** One step of indentation. */
  readonly step: string;
}

export function lineBreakOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? "\n";
}

export function layoutOf(text: string, root: Node | undefined): Layout {
  const lineBreak = lineBreakOf(text);
  for (const member of root?.children ?? []) {
    const indent = startOfLine(text, member.offset);
    const step = text.slice(indent, member.offset);
    if (/^(?: +|\t+)$/.test(step) && indent > (root?.offset ?? 0)) return { lineBreak, step };
  }
  return { lineBreak, step: "  " };
}

/** What goes in; `holder` is the name of an object that is made for it. */
export interface Member {
  readonly holder?: string;
  readonly name: string;
  readonly value: Value;
}

interface Place {
  readonly indent: string;
  readonly gap: number;
  readonly layout: Layout;
  readonly oneLine: boolean;
}

const keyText = (name: string, gap: number): string => `${JSON.stringify(name)}:${" ".repeat(gap)}`;

function memberText({ holder, name, value }: Member, place: Place): string {
  const { indent, gap, layout } = place;
  if (holder === undefined) return keyText(name, gap) + valueText(value, place);
  const inner = indent + layout.step;
  const member = memberText({ name, value }, { indent: inner, gap: MADE_FOR_IT, layout, oneLine: false });
  return `${keyText(holder, gap)}{${layout.lineBreak}${inner}${member}${layout.lineBreak}${indent}}`;
}

export function valueText(value: Value, { indent, layout, oneLine }: Omit<Place, "gap">): string {
  const text = JSON.stringify(value, undefined, oneLine ? " " : layout.step);
  return oneLine ? text.replace(/\n */g, " ") : text.replaceAll("\n", layout.lineBreak + indent);
}

interface PutIn {
  readonly member: Member;
  readonly layout: Layout;
}

/** Adds a member at the end of an object. */
export function putIn(text: string, object: Node, { member, layout }: PutIn): string {
  const end = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  if (last === undefined) return putInEmpty(text, object, { member, layout });
  const lastEnd = last.offset + last.length;
  const comma = commaBetween(text, lastEnd, end);
  const at = afterComments(text, comma === undefined ? lastEnd : comma + 1, end);
  const oneLine = !/[\r\n]/.test(text.slice(object.offset, end));
  const indent = indentOf(text, last.offset);
  const between = oneLine ? " " : layout.lineBreak + indent;
  const fresh = between + memberText(member, { indent, gap: 1, layout, oneLine });
  if (comma !== undefined) return `${text.slice(0, at)}${fresh},${text.slice(at)}`;
  return `${text.slice(0, lastEnd)},${text.slice(lastEnd, at)}${fresh}${text.slice(at)}`;
}

function putInEmpty(text: string, object: Node, { member, layout }: PutIn): string {
  const end = object.offset + object.length - 1;
  const at = afterComments(text, object.offset + 1, end);
  const outer = indentOf(text, object.offset);
  const indent = outer + layout.step;
  const opened = !/[\r\n]/.test(text.slice(at, end));
  const fresh = memberText(member, { indent, gap: opened ? OPENED_UP : 1, layout, oneLine: false });
  return `${text.slice(0, at)}${layout.lineBreak}${indent}${fresh}${opened ? layout.lineBreak + outer : ""}${text.slice(at)}`;
}

/** Puts a document where there is none, behind the blanks and comments that may be there. */
export function putInNothing(text: string, { member, layout }: PutIn): string {
  const { lineBreak, step } = layout;
  const inner = memberText(member, { indent: step, gap: MADE_FOR_IT, layout, oneLine: false });
  const document = `{${lineBreak}${step}${inner}${lineBreak}}`;
  // Without a line break at its end before, without one afterwards: so `takeOut` knows which of the two was added.
  return text === "" || /\n$/.test(text) ? text + document + lineBreak : text + lineBreak + document;
}

/** Takes a member out of the objects that hold it, the outermost first. */
export function takeOut(text: string, path: readonly Node[], name: string): string {
  const object = path.at(-1);
  const member = object?.children?.find((one) => one.children?.[0]?.value === name);
  if (object === undefined || member === undefined) return text;
  const alone = object.children?.length === 1;
  const gap = gapOf(text, member);
  if (alone && gap === MADE_FOR_IT && holdsNothingElse(text, object, member)) return takeOutObject(text, path);
  const end = object.offset + object.length - 1;
  const after = member.offset + member.length;
  const comma = commaBetween(text, after, end);
  const previous = object.children?.[object.children.indexOf(member) - 1];
  let cut = text.slice(after, end);
  if (comma !== undefined) cut = text.slice(after, comma) + text.slice(comma + 1, end);
  const closing = lineBreakOf(text) + indentOf(text, object.offset);
  if (alone && gap === OPENED_UP && cut.startsWith(closing)) cut = cut.slice(closing.length);
  const before = tokenBefore(text, object.offset, member.offset);
  let head = text.slice(0, before.end);
  // A comment that ends with its line must not swallow what follows.
  if (before.isLineComment && !/^[ \t]*\r?\n/.test(cut)) head = text.slice(0, member.offset);
  if (comma === undefined && previous !== undefined) {
    const dangling = commaBetween(head, previous.offset + previous.length, head.length);
    if (dangling !== undefined) head = head.slice(0, dangling) + head.slice(dangling + 1);
  }
  return head + cut + text.slice(end);
}

function takeOutObject(text: string, path: readonly Node[]): string {
  const object = path.at(-1) as Node;
  const parents = path.slice(0, -1);
  const name: unknown = object.parent?.children?.[0]?.value;
  if (parents.length > 0 && typeof name === "string") return takeOut(text, parents, name);
  const before = text.slice(0, object.offset);
  const after = text.slice(object.offset + object.length);
  return /^\r?\n/.test(after) ? before + after.replace(/^\r?\n/, "") : before.replace(/\r?\n$/, "") + after;
}

function holdsNothingElse(text: string, object: Node, member: Node): boolean {
  const before = text.slice(object.offset + 1, member.offset);
  const after = text.slice(member.offset + member.length, object.offset + object.length - 1);
  return /^\s*$/.test(before) && /^\s*$/.test(after);
}

function gapOf(text: string, member: Node): number {
  const value = member.children?.[1];
  if (member.colonOffset === undefined || value === undefined) return 1;
  const gap = text.slice(member.colonOffset + 1, value.offset);
  return /^ +$/.test(gap) ? gap.length : 1;
}

function startOfLine(text: string, offset: number): number {
  return Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;
}

/** The blanks that begin the line of an offset. */
export function indentOf(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(startOfLine(text, offset), offset))?.[0] ?? "";
}
