/** JSON in and out of the author's hands: bounded copies in which every key, `__proto__` too, is an own property. */

/** Nesting of a schema document as JSON. Two levels for each subschema, and room for values in `default` or `enum`. */
export const MAX_SCHEMA_JSON_DEPTH = 160;
/** Values in one schema document; stops objects that contain themselves or share parts exponentially. */
export const MAX_SCHEMA_JSON_VALUES = 100_000;

/** Sets an own property; plain assignment of `__proto__` would set the prototype instead. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    (target as Record<string, unknown>)[key] = value;
  }
}

/** True for objects made by a literal, `JSON.parse` or `Object.create(null)`, not for class instances. */
export function isPlainObject(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * A deep copy of a schema document, so that later changes by its author change nothing here. Members that are undefined
 * are left out, as in JSON.
 *
 * @throws TypeError that begins with `what` when the document is too large, too deep or holds something that is no JSON.
 */
export function copyJson(document: unknown, what: string): unknown {
  let values = 0;
  const copy = (value: unknown, depth: number): unknown => {
    if (++values > MAX_SCHEMA_JSON_VALUES)
      throw new TypeError(`${what} holds more than ${MAX_SCHEMA_JSON_VALUES} values`);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (depth >= MAX_SCHEMA_JSON_DEPTH)
      throw new TypeError(`${what} is nested deeper than ${MAX_SCHEMA_JSON_DEPTH} levels`);
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
    if (!isPlainObject(value)) throw new TypeError(`${what} holds a value that is no JSON: ${describe(value)}`);
    const object = {};
    for (const key of Object.keys(value)) {
      if (value[key] !== undefined) setOwn(object, key, copy(value[key], depth + 1));
    }
    return object;
  };
  return copy(document, 0);
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "number" ? String(value) : typeof value;
  return `an instance of ${value.constructor?.name ?? "a class"}`;
}

/** Freezes a copy made by `copyJson`. */
export function freezeJson<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) freezeJson(member);
  }
  return value;
}
