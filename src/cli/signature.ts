/** JSON Schemas in the few words that fit into a list. */
import { oneLine } from "./terminal.js";

export type Schema = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** References within the schema, as libraries write them; more than a few in a row lead nowhere. */
const MAX_REFERENCES = 8;

/** The schema that `schema` stands for, within `root`. */
export function dereferenced(schema: unknown, root: unknown): Schema {
  let found: unknown = schema;
  for (let step = 0; step < MAX_REFERENCES && isObject(found) && typeof found.$ref === "string"; step++) {
    const path = found.$ref === "#" ? [] : found.$ref.startsWith("#/") ? found.$ref.slice(2).split("/") : undefined;
    if (path === undefined) return {};
    found = path.reduce<unknown>((inner, part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      return isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
    }, root);
  }
  return isObject(found) ? found : {};
}

export function propertiesOf(schema: Schema): Readonly<Record<string, unknown>> {
  return isObject(schema.properties) ? schema.properties : {};
}

export function requiredOf(schema: Schema): readonly string[] {
  return Array.isArray(schema.required) ? schema.required.filter((one) => typeof one === "string") : [];
}

/** `(a: number, b?: string)` */
export function signatureOf(input: unknown): string {
  const schema = dereferenced(input, input);
  const required = new Set(requiredOf(schema));
  const parts = Object.entries(propertiesOf(schema)).map(([name, property]) => {
    return `${oneLine(name)}${required.has(name) ? "" : "?"}: ${typeName(property, input)}`;
  });
  return `(${parts.join(", ")})`;
}

/** Names of choices beyond this are for `inspect`. */
const MAX_CHOICES = 4;

export function typeName(property: unknown, root: unknown, depth = 0): string {
  if (depth > MAX_REFERENCES) return "…";
  const schema = dereferenced(property, root);
  if (Object.hasOwn(schema, "const")) return oneLine(JSON.stringify(schema.const));
  if (Array.isArray(schema.enum)) {
    const shown = schema.enum.slice(0, MAX_CHOICES).map((one) => oneLine(JSON.stringify(one)));
    return [...shown, ...(schema.enum.length > MAX_CHOICES ? ["…"] : [])].join("|");
  }
  const kinds = [...new Set(typesOf(schema, root))];
  if (kinds.length === 0) return "any";
  return kinds
    .map((kind) => (kind === "array" ? `${typeName(schema.items ?? {}, root, depth + 1)}[]` : kind))
    .join("|");
}

/** The types a value may have, looked up through `anyOf` and `oneOf`. */
export function typesOf(schema: Schema, root: unknown, depth = 0): readonly string[] {
  if (typeof schema.type === "string") return [schema.type];
  if (Array.isArray(schema.type)) return schema.type.filter((one) => typeof one === "string");
  const values = Array.isArray(schema.enum) ? schema.enum : Object.hasOwn(schema, "const") ? [schema.const] : [];
  if (values.length > 0)
    return values.map((one) => (one === null ? "null" : Array.isArray(one) ? "array" : typeof one));
  const branches = [schema.anyOf, schema.oneOf].find(Array.isArray);
  if (branches === undefined || depth > MAX_REFERENCES) return [];
  return branches.flatMap((one) => typesOf(dereferenced(one, root), root, depth + 1));
}
