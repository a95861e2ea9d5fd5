/** URI templates (RFC 6570 §3), forwards: variables into a URI. */
import {
  type Expression,
  type OperatorRule,
  operatorRule,
  type TemplatePart,
  type VariableSpec,
} from "./uri-template-parse.js";

export type UriScalar = string | number | boolean;
/** A value, a list, or an associative array; null and undefined mean "not there" (RFC 6570 §2.3). */
export type UriValue =
  | UriScalar
  | readonly (UriScalar | null | undefined)[]
  | { readonly [key: string]: UriScalar | null | undefined }
  | null
  | undefined;
/** What a template is expanded with. Own properties only: a variable named `constructor` is undefined unless given. */
export type UriVariables = { readonly [name: string]: UriValue };

/** Expands parsed `parts` with `variables`. */
export function expandUriTemplate(parts: readonly TemplatePart[], variables: UriVariables): string {
  let uri = "";
  for (const part of parts) uri += part.kind === "literal" ? part.text : expandExpression(part, variables);
  return uri;
}

function expandExpression(expression: Expression, variables: UriVariables): string {
  const rule = operatorRule(expression.operator);
  const written: string[] = [];
  for (const spec of expression.variables) {
    const value = Object.hasOwn(variables, spec.name) ? variables[spec.name] : undefined;
    const text = expandVariable(spec, value, rule);
    if (text !== undefined) written.push(text);
  }
  return written.length === 0 ? "" : rule.first + written.join(rule.separator);
}

function expandVariable(spec: VariableSpec, value: UriValue, rule: OperatorRule): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") {
    const full = String(value);
    const text = encode(spec, spec.prefix === undefined ? full : prefixOf(full, spec.prefix, rule.reserved), rule);
    return rule.named ? named(spec.name, text, rule) : text;
  }
  if (spec.prefix !== undefined) throw new TypeError(`Variable ${spec.name} has a prefix, so it takes no list or map`);
  return Array.isArray(value)
    ? expandList(spec, value, rule)
    : expandMap(spec, value as Record<string, UriScalar>, rule);
}

function expandList(
  spec: VariableSpec,
  list: readonly (UriScalar | null | undefined)[],
  rule: OperatorRule,
): string | undefined {
  const items: string[] = [];
  for (const item of list) if (item !== undefined && item !== null) items.push(encode(spec, String(item), rule));
  if (items.length === 0) return undefined;
  if (!spec.explode) return rule.named ? named(spec.name, items.join(","), rule) : items.join(",");
  return items.map((item) => (rule.named ? named(spec.name, item, rule) : item)).join(rule.separator);
}

function expandMap(
  spec: VariableSpec,
  map: { readonly [key: string]: UriScalar | null | undefined },
  rule: OperatorRule,
): string | undefined {
  const pairs: string[] = [];
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined || value === null) continue;
    const name = encode(spec, key, rule);
    const text = encode(spec, String(value), rule);
    if (!spec.explode) pairs.push(`${name},${text}`);
    else pairs.push(rule.named ? named(name, text, rule) : `${name}=${text}`);
  }
  if (pairs.length === 0) return undefined;
  if (spec.explode) return pairs.join(rule.separator);
  return rule.named ? named(spec.name, pairs.join(","), rule) : pairs.join(",");
}

function named(name: string, text: string, rule: OperatorRule): string {
  return text === "" ? name + rule.ifEmpty : `${name}=${text}`;
}

const TRIPLET = /%[0-9A-Fa-f]{2}/g;

/** The first `count` characters; a percent-encoded triplet that will pass as it is is never cut (RFC 6570 §2.4.1). */
function prefixOf(text: string, count: number, reserved: boolean): string {
  let end = 0;
  for (let taken = 0; taken < count && end < text.length; taken++) {
    if (reserved && /^%[0-9A-Fa-f]{2}$/.test(text.slice(end, end + 3))) end += 3;
    else end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

function encode(spec: VariableSpec, text: string, rule: OperatorRule): string {
  try {
    return rule.reserved ? encodeReserved(text) : encodeUnreserved(text);
  } catch {
    throw new TypeError(`Variable ${spec.name} holds a lone surrogate, which is not a character`);
  }
}

/** RFC 3986 §2.3: encodeURIComponent leaves !'()* alone, which are reserved. */
function encodeUnreserved(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** RFC 6570 §3.2.3: reserved characters and existing triplets pass; encodeURI alone would encode [ ] and %. */
function encodeReserved(text: string): string {
  let encoded = "";
  let at = 0;
  for (const triplet of text.matchAll(TRIPLET)) {
    encoded += encodeUri(text.slice(at, triplet.index)) + triplet[0];
    at = triplet.index + triplet[0].length;
  }
  return encoded + encodeUri(text.slice(at));
}

function encodeUri(text: string): string {
  return encodeURI(text).replaceAll("%5B", "[").replaceAll("%5D", "]");
}
