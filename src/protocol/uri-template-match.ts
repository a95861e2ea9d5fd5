/**
 * URI templates (RFC 6570), backwards: a URI into variables. The RFC leaves matching undefined; the rules are those
 * documented at `UriTemplate`.
 *
 * The template is a row of atoms. `reachable` fills a table, from the last atom to the first, that says for every atom
 * and position whether the rest of the URI can match from there; a walk from the start then takes the longest run that
 * keeps the rest reachable. Nothing is tried twice, so there is no input that backtracks (CVE-2026-0621).
 */
import { bindParams, bindRun, type Found, type ParamGroup, resolveFound, type UriMatch } from "./uri-template-bind.js";
import { type Expression, operatorRule, type TemplatePart, type VariableSpec } from "./uri-template-parse.js";

/** Longest URI that is matched (after percent-encoding of characters outside ASCII): what proxies allow in a request line. */
export const MAX_URI_LENGTH = 8192;

type LiteralAtom = { readonly kind: "literal"; readonly text: string };
/** A value: as many characters of `allowed` as possible, at least `min`. */
type RunAtom = {
  readonly kind: "run";
  readonly allowed: Uint8Array;
  readonly min: 0 | 1;
  readonly variable: VariableSpec;
  readonly separator: string;
};
/** `{;a,b}`, `{?a,b}`, `{&a,b}`: nothing, or the lead character and a list of parameters. */
type ParamsAtom = {
  readonly kind: "params";
  readonly lead: number;
  readonly allowed: Uint8Array;
  readonly group: ParamGroup;
};
export type Atom = LiteralAtom | RunAtom | ParamsAtom;

/** Compiles parsed parts for `matchUri`. */
export function compileAtoms(parts: readonly TemplatePart[]): readonly Atom[] {
  const atoms: Atom[] = [];
  const query: ParamGroup = { separator: "&", variables: new Map() };
  let path: ParamGroup | undefined;
  parts.forEach((part, index) => {
    const operator = part.kind === "literal" ? undefined : part.operator;
    // Path parameters belong to their segment; neighbours `{;a}{;b}` read as one list.
    path = operator === ";" ? (path ?? { separator: ";", variables: new Map() }) : undefined;
    const delimiters = delimitersAfter(parts, index);
    if (part.kind === "literal") atoms.push({ kind: "literal", text: part.text });
    else if (path !== undefined) atoms.push(paramsAtom(part, path, `/?#${delimiters.replaceAll(";", "")}`));
    else if (operator === "?" || operator === "&") atoms.push(paramsAtom(part, query, "#"));
    else atoms.push(...runAtoms(part, delimiters));
  });
  return atoms;
}

function paramsAtom(part: Expression, group: ParamGroup, stops: string): ParamsAtom {
  for (const variable of part.variables) group.variables.set(variable.name, variable);
  return { kind: "params", lead: operatorRule(part.operator).first.charCodeAt(0), allowed: allExcept(stops), group };
}

function runAtoms(part: Expression, delimiters: string): readonly Atom[] {
  const { first, separator, reserved } = operatorRule(part.operator);
  const atoms: Atom[] = [];
  part.variables.forEach((variable, index) => {
    const lead = index === 0 ? first : separator;
    if (lead !== "") atoms.push({ kind: "literal", text: lead });
    const segments = part.operator === "/" && variable.explode;
    let stops = (reserved ? "" : segments ? "?#" : "/?#") + delimiters;
    if (part.variables.length > 1 && !variable.explode) stops += separator;
    // "/" alone is what one empty segment expands to.
    atoms.push({ kind: "run", allowed: allExcept(stops), min: segments ? 0 : 1, variable, separator });
  });
  return atoms;
}

/** What a value may not hold because an expression that starts with it follows: `{+path}{?q}` must find its `?`. */
function delimitersAfter(parts: readonly TemplatePart[], index: number): string {
  let delimiters = "";
  // Parameters may be absent, so what follows them still follows directly.
  let direct = true;
  for (const part of parts.slice(index + 1)) {
    const operator = part.kind === "literal" ? undefined : part.operator;
    if (operator === "?" || operator === "#" || (direct && (operator === ";" || operator === "&")))
      delimiters += operator;
    direct &&= operator === ";" || operator === "?" || operator === "&";
  }
  return delimiters;
}

const ASCII = 128;

function allExcept(stops: string): Uint8Array {
  const allowed = new Uint8Array(ASCII).fill(1);
  for (const stop of stops) allowed[stop.charCodeAt(0)] = 0;
  return allowed;
}

/** Matches `uri` against `atoms`; undefined when it does not fit. */
export function matchUri(atoms: readonly Atom[], uri: string): UriMatch | undefined {
  const ascii = toAscii(uri);
  if (ascii === undefined) return undefined;
  const first = atoms[0];
  // Most URIs offered to a template belong to another one: they are refused before the table is made.
  if (first?.kind === "literal" && !ascii.startsWith(first.text)) return undefined;
  const table = reachable(atoms, ascii);
  return table[0] === 1 ? walk(atoms, ascii, table) : undefined;
}

/** An IRI becomes the URI it maps to (RFC 3987 §3.1), so that tables have 128 entries and literals one form. */
function toAscii(uri: string): string | undefined {
  if (uri.length > MAX_URI_LENGTH) return undefined;
  if (!/\P{ASCII}/u.test(uri)) return uri;
  try {
    const ascii = uri.replace(/\P{ASCII}+/gu, encodeURIComponent);
    return ascii.length > MAX_URI_LENGTH ? undefined : ascii;
  } catch {
    return undefined;
  }
}

/** Row `i`, column `p` is 1 when atoms `i`... can match all of the URI from `p` on. */
function reachable(atoms: readonly Atom[], uri: string): Uint8Array {
  const width = uri.length + 1;
  const table = new Uint8Array((atoms.length + 1) * width);
  table[table.length - 1] = 1;
  for (let row = atoms.length - 1; row >= 0; row--) {
    const atom = atoms[row];
    if (atom === undefined) continue;
    const here = table.subarray(row * width, (row + 1) * width);
    const next = table.subarray((row + 1) * width, (row + 2) * width);
    if (atom.kind === "literal") fillLiteral(atom, uri, here, next);
    else if (atom.kind === "run") fillRun(atom, uri, here, next);
    else fillParams(atom, uri, here, next);
  }
  return table;
}

function fillLiteral({ text }: LiteralAtom, uri: string, here: Uint8Array, next: Uint8Array): void {
  for (let at = uri.length - text.length; at >= 0; at--) {
    if (next[at + text.length] === 1 && uri.startsWith(text, at)) here[at] = 1;
  }
}

function fillRun(atom: RunAtom, uri: string, here: Uint8Array, next: Uint8Array): void {
  for (let at = uri.length; at >= 0; at--) {
    const more = atom.allowed[uri.charCodeAt(at)] === 1 && (next[at + 1] === 1 || here[at + 1] === 1);
    if (more || (atom.min === 0 && next[at] === 1)) here[at] = 1;
  }
}

function fillParams(atom: ParamsAtom, uri: string, here: Uint8Array, next: Uint8Array): void {
  let inside = false;
  for (let at = uri.length; at >= 0; at--) {
    const code = uri.charCodeAt(at);
    if (next[at] === 1 || (code === atom.lead && inside)) here[at] = 1;
    inside = next[at] === 1 || (atom.allowed[code] === 1 && inside);
  }
}

function walk(atoms: readonly Atom[], uri: string, table: Uint8Array): UriMatch | undefined {
  const width = uri.length + 1;
  const found: Found[] = [];
  const blocks = new Map<ParamGroup, string[]>();
  let at = 0;
  for (const [row, atom] of atoms.entries()) {
    const next = table.subarray((row + 1) * width, (row + 2) * width);
    if (atom.kind === "literal") {
      at += atom.text.length;
    } else if (atom.kind === "run") {
      const end = longest(atom.allowed, uri, at, at + atom.min, next);
      if (!bindRun(atom.variable, atom.separator, uri.slice(at, end), found)) return undefined;
      at = end;
    } else if (uri.charCodeAt(at) === atom.lead) {
      const end = longest(atom.allowed, uri, at + 1, at + 1, next);
      // -1: the lead character belongs to what follows, and the parameters are absent.
      if (end === -1) continue;
      const block = blocks.get(atom.group) ?? [];
      blocks.set(atom.group, [...block, uri.slice(at + 1, end)]);
      at = end;
    }
  }
  for (const [group, texts] of blocks) if (!bindParams(group, texts, found)) return undefined;
  return resolveFound(found);
}

/** The last position not before `min` where a run from `start` may end, or -1. */
function longest(allowed: Uint8Array, uri: string, start: number, min: number, next: Uint8Array): number {
  let end = -1;
  for (let at = start; ; at++) {
    if (at >= min && next[at] === 1) end = at;
    if (allowed[uri.charCodeAt(at)] !== 1) return end;
  }
}
