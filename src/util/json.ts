/** A parsed JSON object. Read own properties only: keys come from the network. */
export type JsonObject = { readonly [key: string]: unknown };

/** True for a JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The own property `key` of `object`, so that `__proto__` or `constructor` sent by a client read as absent. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The own string property `key`, or undefined when it is absent or not a string. */
export function ownString(object: JsonObject | undefined, key: string): string | undefined {
  if (object === undefined) return undefined;
  const value = own(object, key);
  return typeof value === "string" ? value : undefined;
}

/** The own object property `key`, or undefined when it is absent or not an object. */
export function ownObject(object: JsonObject | undefined, key: string): JsonObject | undefined {
  if (object === undefined) return undefined;
  const value = own(object, key);
  return isObject(value) ? value : undefined;
}

/** A copy of `object` with only the named own keys that are present and not undefined. */
export function pick(object: object, keys: readonly string[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of keys) {
    const value = Object.hasOwn(object, key) ? (object as JsonObject)[key] : undefined;
    if (value !== undefined) copy[key] = value;
  }
  return copy;
}
