/** Which field of a form fits a JSON Schema. What fits none is written as JSON. */
import type { Json } from "../page-types.js";

export interface Choice {
  readonly value: unknown;
  readonly label: string;
}

export interface Member {
  readonly name: string;
  readonly schema: Json;
  readonly required: boolean;
}

export type FieldForm =
  | { readonly kind: "text"; readonly long: boolean; readonly type: "text" | "date" | "email" | "url" | "password" }
  | { readonly kind: "number"; readonly integer: boolean }
  | { readonly kind: "boolean" }
  | { readonly kind: "choice"; readonly choices: readonly Choice[] }
  | { readonly kind: "choices"; readonly choices: readonly Choice[] }
  | { readonly kind: "list"; readonly item: Json }
  | { readonly kind: "object"; readonly members: readonly Member[] }
  | { readonly kind: "json" };

/** References that lead to references. */
const MAX_HOPS = 16;
/** From here on a line is too short for what is meant to be written. */
const LONG_TEXT = 200;
const JSON_FORM: FieldForm = { kind: "json" };

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema itself: local references followed, "or null" left out. */
export function plainSchema(schema: unknown, root: Json, hops = 0): Json {
  if (!isObject(schema) || hops > MAX_HOPS) return {};
  const { $ref: reference, ...beside } = schema;
  if (typeof reference === "string") {
    return { ...plainSchema(referred(reference, root), root, hops + 1), ...beside };
  }
  for (const word of ["anyOf", "oneOf"] as const) {
    const { [word]: forms, ...rest } = schema;
    if (!Array.isArray(forms)) continue;
    const real = forms.filter((one) => !(isObject(one) && one.type === "null"));
    if (real.length === 1) return { ...plainSchema(real[0], root, hops + 1), ...rest };
  }
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((one) => one !== "null");
    return types.length === 1 ? { ...schema, type: types[0] } : schema;
  }
  return schema;
}

function referred(reference: string, root: Json): unknown {
  if (!reference.startsWith("#")) return undefined;
  const tokens = decodeURIComponent(reference.slice(1)).split("/").slice(1);
  return tokens.reduce<unknown>((at, token) => {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    return (isObject(at) && Object.hasOwn(at, name)) || Array.isArray(at) ? (at as Json)[name] : undefined;
  }, root);
}

export function formOf(schema: Json, root: Json): FieldForm {
  const choices = choicesOf(schema);
  if (choices !== undefined) return { kind: "choice", choices };
  if (schema.anyOf !== undefined || schema.oneOf !== undefined || schema.allOf !== undefined) return JSON_FORM;
  switch (schema.type) {
    case "string":
      return textForm(schema);
    case "number":
    case "integer":
      return { kind: "number", integer: schema.type === "integer" };
    case "boolean":
      return { kind: "boolean" };
    case "array":
      return listForm(schema, root);
    case "object":
      return objectForm(schema);
    default:
      return isObject(schema.properties) ? objectForm(schema) : JSON_FORM;
  }
}

function textForm({ format, maxLength }: Json): FieldForm {
  const types = { date: "date", email: "email", uri: "url", password: "password" } as const;
  const type =
    typeof format === "string" && Object.hasOwn(types, format) ? types[format as keyof typeof types] : "text";
  return { kind: "text", long: type === "text" && typeof maxLength === "number" && maxLength > LONG_TEXT, type };
}

function listForm({ items, prefixItems }: Json, root: Json): FieldForm {
  if (!isObject(items) || prefixItems !== undefined) return JSON_FORM;
  const item = plainSchema(items, root);
  const form = formOf(item, root);
  return form.kind === "choice" ? { kind: "choices", choices: form.choices } : { kind: "list", item };
}

function objectForm({ properties, required, additionalProperties, patternProperties }: Json): FieldForm {
  if (!isObject(properties) || Object.keys(properties).length === 0) {
    const closed = additionalProperties === false || (properties !== undefined && patternProperties === undefined);
    return closed ? { kind: "object", members: [] } : JSON_FORM;
  }
  const needed = new Set(Array.isArray(required) ? required : []);
  const members = Object.entries(properties).map(([name, schema]) => ({
    name,
    schema: isObject(schema) ? schema : {},
    required: needed.has(name),
  }));
  return { kind: "object", members };
}

/** Values that are listed: `enum`, `const`, and constants with titles in `oneOf` or `anyOf`. */
function choicesOf(schema: Json): readonly Choice[] | undefined {
  if (Array.isArray(schema.enum)) {
    const names: readonly unknown[] = Array.isArray(schema.enumNames) ? schema.enumNames : [];
    return schema.enum.map((value, index) => ({ value, label: labelOf(names[index] ?? value) }));
  }
  if (Object.hasOwn(schema, "const")) return [{ value: schema.const, label: labelOf(schema.const) }];
  const forms = schema.oneOf ?? schema.anyOf;
  if (!Array.isArray(forms) || !forms.every((one) => isObject(one) && Object.hasOwn(one, "const"))) return undefined;
  return (forms as Json[]).map((one) => ({ value: one.const, label: labelOf(one.title ?? one.const) }));
}

function labelOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a field holds before anybody has touched it. */
export function initialOf(given: Json, root: Json, required: boolean): unknown {
  const schema = plainSchema(given, root);
  if (Object.hasOwn(schema, "default")) return schema.default;
  if (!required) return undefined;
  const form = formOf(schema, root);
  if (form.kind === "choice" && form.choices.length === 1) return form.choices[0]?.value;
  if (form.kind === "boolean") return false;
  if (form.kind === "list" || form.kind === "choices") return [];
  if (form.kind !== "object") return undefined;
  return Object.fromEntries(
    form.members
      .map((member) => [member.name, initialOf(member.schema, root, member.required)] as const)
      .filter(([, value]) => value !== undefined),
  );
}
