import { setOwn } from "./json-copy.js";

/**
 * Nesting of a value that is validated. Far more than arguments need, and far less than what exhausts the stack of a
 * recursive validator.
 */
export const MAX_VALUE_DEPTH = 256;
/**
 * Members and items of a value that is validated, all levels together. The evaluator may keep several error records for
 * each: at this bound a hostile value costs a quarter of a second and 100 MB for a moment; a body within its limit alone
 * would cost many times that.
 */
export const MAX_VALUE_SIZE = 100_000;

/** Why a value cannot be validated as JSON; the message is for the caller. */
export class NotJsonError extends Error {}

/** A value as JSON, and how many values it consists of. */
export interface JsonValue {
  readonly value: unknown;
  readonly size: number;
}

/**
 * `value` as it will be on the wire, by the rules of `JSON.stringify`: members that are undefined are gone, `toJSON` is
 * asked. A handler's `{ name, nickname: undefined }` is what its client will see, and that is what is validated.
 * Nothing is changed, and a value that is JSON already is returned as it is, without a copy.
 *
 * @throws NotJsonError for a bigint, and beyond `MAX_VALUE_DEPTH` (so also for cycles) or `MAX_VALUE_SIZE`.
 */
export function toJsonValue(value: unknown): JsonValue {
  const projection = new Projection();
  return { value: projection.project(value, "", 0), size: projection.size };
}

class Projection {
  size = 0;

  project(given: unknown, key: string, depth: number): unknown {
    if (++this.size > MAX_VALUE_SIZE)
      throw new NotJsonError(`The value has more than ${MAX_VALUE_SIZE} members and items.`);
    const value = hasToJson(given) ? given.toJSON(key) : given;
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : null;
      case "bigint":
        throw new NotJsonError("A bigint cannot be written as JSON.");
      case "object":
        if (value === null) return null;
        if (depth >= MAX_VALUE_DEPTH)
          throw new NotJsonError(`The value is nested deeper than ${MAX_VALUE_DEPTH} levels.`);
        return Array.isArray(value) ? this.#array(value, depth + 1) : this.#object(value, depth + 1);
      default:
        return undefined;
    }
  }

  #array(array: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | undefined;
    // By index, because holes count: JSON writes them as null.
    for (let index = 0; index < array.length; index++) {
      const item = array[index];
      const projected = this.project(item, String(index), depth) ?? null;
      if (copy === undefined && projected !== item) copy = array.slice(0, index);
      copy?.push(projected);
    }
    return copy ?? array;
  }

  #object(object: object, depth: number): object {
    let copy: object | undefined;
    const keys = Object.keys(object);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string;
      const member = (object as Record<string, unknown>)[key];
      const projected = this.project(member, key, depth);
      // An undefined member equals its projection but must go all the same.
      if (copy === undefined && (projected === undefined || projected !== member)) copy = copyOf(object, keys, index);
      if (copy !== undefined && projected !== undefined) setOwn(copy, key, projected);
    }
    return copy ?? object;
  }
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === "object" && value !== null && typeof (value as { toJSON?: unknown }).toJSON === "function";
}

/** A copy with the first `count` of `keys`. */
function copyOf(object: object, keys: readonly string[], count: number): object {
  const copy = {};
  for (const key of keys.slice(0, count)) setOwn(copy, key, (object as Record<string, unknown>)[key]);
  return copy;
}
