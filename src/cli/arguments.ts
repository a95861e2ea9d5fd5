/** Arguments of a tool from the words of a command line, typed by the tool's input schema. */
import { usage } from "./errors.js";
import {
  dereferenced,
  isObject,
  propertiesOf,
  requiredOf,
  type Schema,
  signatureOf,
  typeName,
  typesOf,
} from "./signature.js";
import { didYouMean } from "./suggest.js";

export type Arguments = Record<string, unknown>;

export interface ToolLike {
  readonly name: string;
  readonly inputSchema: unknown;
}

/**
 * `key=value` by the schema, `a.b=1` into an object, `key:=JSON` as it is, `{…}` as the start of everything. What comes
 * later wins, but for lists, which grow.
 *
 * @throws CliError for what cannot be meant.
 */
export function argumentsOf(words: readonly string[], tool: ToolLike): Arguments {
  const found: Arguments = {};
  /** Lists that grow with their key, and those that were given whole do not. */
  const growing = new Set<string>();
  for (const word of words) {
    if (word.startsWith("{")) assign(found, jsonObject(word));
    else setWord(found, word, { tool, growing });
  }
  return found;
}

/** Required arguments that are not there. */
export function missingIn(found: Arguments, { inputSchema }: ToolLike): readonly string[] {
  return requiredOf(dereferenced(inputSchema, inputSchema)).filter((name) => !Object.hasOwn(found, name));
}

interface Setting {
  readonly tool: ToolLike;
  readonly growing: Set<string>;
}

function setWord(found: Arguments, word: string, { tool, growing }: Setting): void {
  const equals = word.indexOf("=");
  if (equals < 1) {
    throw usage(
      `${JSON.stringify(word)} is no argument of ${tool.name}.`,
      `Arguments are key=value, key:=JSON or '{…}': ${tool.name}${signatureOf(tool.inputSchema)}`,
    );
  }
  const asJson = word[equals - 1] === ":";
  const key = word.slice(0, asJson ? equals - 1 : equals);
  const text = word.slice(equals + 1);
  const root = dereferenced(tool.inputSchema, tool.inputSchema);
  const path = Object.hasOwn(propertiesOf(root), key) ? [key] : key.split(".");
  const schema = schemaAt(path, { tool, key, asJson });
  if (asJson) return put(found, path, jsonOf(text, key));
  const types = typesOf(schema, tool.inputSchema);
  if (!types.includes("array") || text.trimStart().startsWith("["))
    return put(found, path, typedValue(text, { schema, key, root: tool.inputSchema }));
  const item = typedValue(text, {
    schema: dereferenced(schema.items ?? {}, tool.inputSchema),
    key,
    root: tool.inputSchema,
  });
  const before = growing.has(key) ? get(found, path) : [];
  growing.add(key);
  put(found, path, [...(Array.isArray(before) ? before : []), item]);
}

interface Place {
  readonly tool: ToolLike;
  readonly key: string;
  readonly asJson: boolean;
}

/** The schema of a member; `{}` where the schema says nothing. @throws CliError for a name that looks like a mistake. */
function schemaAt(path: readonly string[], { tool, key, asJson }: Place): Schema {
  let schema = dereferenced(tool.inputSchema, tool.inputSchema);
  for (const name of path) {
    const properties = propertiesOf(schema);
    if (Object.hasOwn(properties, name)) schema = dereferenced(properties[name], tool.inputSchema);
    else if (isObject(schema.additionalProperties))
      schema = dereferenced(schema.additionalProperties, tool.inputSchema);
    else if (asJson || isOpen(schema)) return {};
    else {
      const names = Object.keys(properties);
      const hint = `${didYouMean(name, names) ?? ""} ${tool.name}${signatureOf(tool.inputSchema)}`.trim();
      throw usage(`${tool.name} has no argument ${key}.`, `${hint}\nIf you mean it: '${key}:=…' passes any JSON.`);
    }
  }
  return schema;
}

/** True where names that the schema does not list may well be meant. */
function isOpen(schema: Schema): boolean {
  const parts = ["patternProperties", "allOf", "anyOf", "oneOf", "$ref", "if"];
  if (schema.additionalProperties === true || parts.some((part) => Object.hasOwn(schema, part))) return true;
  return !Object.hasOwn(schema, "properties") && schema.additionalProperties !== false;
}

interface Meaning {
  readonly schema: Schema;
  readonly key: string;
  readonly root: unknown;
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...(["true", "yes", "y", "on", "1"] as const).map((word) => [word, true] as const),
  ...(["false", "no", "n", "off", "0"] as const).map((word) => [word, false] as const),
]);
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A text as the schema means it: what is no text comes first, so that `2` is a number wherever it may be one. */
export function typedValue(text: string, { schema, key, root }: Meaning): unknown {
  const value = converted(text, typesOf(schema, root), { schema, key, root });
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) {
    const hint = didYouMean(text, schema.enum.map(String));
    throw usage(`${key}: ${JSON.stringify(text)} is none of its values.`, hint);
  }
  return value;
}

function converted(text: string, types: readonly string[], meaning: Meaning): unknown {
  const word = text.trim();
  if (types.includes("null") && word === "null") return null;
  if (types.includes("integer") || types.includes("number")) {
    const number = NUMBER.test(word) ? Number(word) : Number.NaN;
    if (Number.isFinite(number) && (types.includes("number") || Number.isInteger(number))) return number;
  }
  if (types.includes("boolean")) {
    const value = WORDS.get(word.toLowerCase());
    if (value !== undefined) return value;
  }
  if ((types.includes("object") && word.startsWith("{")) || (types.includes("array") && word.startsWith("["))) {
    return jsonOf(text, meaning.key);
  }
  if (types.length === 0 || types.includes("string")) return text;
  throw usage(`${meaning.key}: ${JSON.stringify(text)} is no ${typeName(meaning.schema, meaning.root)}.`);
}

export function jsonObject(text: string): Arguments {
  const value = jsonOf(text, "arguments");
  if (isObject(value)) return value as Arguments;
  throw usage("Arguments as JSON must be one object, e.g. '{\"a\":1}'.");
}

function jsonOf(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw usage(
      `${key}: this is no JSON: ${(cause as Error).message}.`,
      "Quote it for the shell: 'key:=[1, 2]' or '{\"key\": 1}'.",
    );
  }
}

function assign(found: Arguments, more: Arguments): void {
  for (const [key, value] of Object.entries(more)) define(found, key, value);
}

/** As own members, whatever their name is. */
function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function get(found: Arguments, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    found,
  );
}

function put(found: Arguments, path: readonly string[], value: unknown): void {
  let holder: object = found;
  for (const key of path.slice(0, -1)) {
    const inner: unknown = Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined;
    const next = isObject(inner) ? inner : {};
    if (next !== inner) define(holder, key, next);
    holder = next;
  }
  define(holder, path.at(-1) ?? "", value);
}
