/** JSON values that nobody expects, and valid ones in which something small is wrong. */
import type { Dice } from "./dice.js";
import { DEPTHS, ODD_KEYS, ODD_NUMBERS, ODD_STRINGS, RAW_TOKENS } from "./odd.js";
import { mutateText, oddLength } from "./text.js";

/** A private-use character that no generator makes otherwise: what follows it stands in the text without quotes. */
const RAW = "\uf8ff";
const RAW_TOKEN = new RegExp(`"${RAW}([^"]*)"`, "g");

function rawToken(dice: Dice): string {
  if (!dice.flip(12)) return RAW + dice.pick(RAW_TOKENS).replaceAll("'", RAW);
  const depth = dice.pick(DEPTHS);
  return RAW + (dice.flip(2) ? "[".repeat(depth) + "]".repeat(depth) : nestedObjects(depth));
}

function nestedObjects(depth: number): string {
  return `${`{${RAW}a${RAW}:`.repeat(depth)}1${"}".repeat(depth)}`;
}

/** A text, and whether it is one that every parser takes: as `JSON.stringify` writes it, with nothing odd in it. */
export interface Written {
  readonly text: string;
  readonly plain: boolean;
}

/** The text of `value`; tokens that are no values stand in it as they are. */
export function writeJson(value: unknown): Written {
  const text = JSON.stringify(value) ?? "null";
  // `JSON.stringify` escapes no surrogate but a lone one, which is a character to nobody.
  if (!text.includes(RAW)) return { text, plain: !text.includes("\\ud") };
  return { text: text.replace(RAW_TOKEN, (_, token: string) => unescaped(token)).replaceAll(RAW, '"'), plain: false };
}

/** `JSON.stringify` escaped what stands in a token; a token that was mutated since may be no text any more. */
function unescaped(token: string): string {
  try {
    return JSON.parse(`"${token}"`) as string;
  } catch {
    return token;
  }
}

/** A JSON value of any kind. */
export function oddValue(dice: Dice, depth = 3): unknown {
  switch (dice.below(depth > 0 ? 10 : 7)) {
    case 0:
      return null;
    case 1:
      return dice.flip(2);
    case 2:
      return dice.pick(ODD_NUMBERS);
    case 3:
    case 4:
      return oddString(dice);
    case 5:
      return dice.below(1000);
    case 6:
      return rawToken(dice);
    case 7:
      return dice.several(4, () => oddValue(dice, depth - 1));
    default:
      return oddObject(dice, depth - 1);
  }
}

/** A JSON object of odd keys and values. */
export function oddObject(dice: Dice, depth = 2): object {
  const object = {};
  dice.several(4, () => setOwn(object, dice.pick(ODD_KEYS), oddValue(dice, depth)));
  return object;
}

/** A text of odd characters, now and then a long one. */
export function oddString(dice: Dice): string {
  if (dice.flip(200)) return "x".repeat(oddLength(dice, 65_536));
  if (dice.flip(20)) return "x".repeat(oddLength(dice, 2048));
  return dice.flip(3) ? mutateText(dice, dice.pick(ODD_STRINGS)) : dice.pick(ODD_STRINGS);
}

/** `value` with something changed somewhere in it; the parts that stay are shared. */
export function mutateJson(dice: Dice, value: unknown): unknown {
  if (typeof value === "object" && value !== null && dice.below(4) > 0) {
    const keys = Object.keys(value);
    const key = keys.length === 0 ? undefined : dice.pick(keys);
    if (key !== undefined) return withMember(value, key, mutateJson(dice, (value as Record<string, unknown>)[key]));
  }
  return mutateHere(dice, value);
}

function mutateHere(dice: Dice, value: unknown): unknown {
  const choice = dice.below(6);
  if (choice < 2 || value === null || value === undefined) return oddValue(dice);
  if (typeof value === "string") return choice === 2 ? oddString(dice) : mutateText(dice, value);
  if (typeof value === "number") return choice === 2 ? String(value) : dice.pick(ODD_NUMBERS);
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return mutateArray(dice, value);
  return mutateObject(dice, value as object);
}

function mutateArray(dice: Dice, array: readonly unknown[]): unknown {
  const at = dice.below(array.length + 1);
  if (dice.flip(3)) return [...array, ...array];
  return dice.flip(2) ? array.toSpliced(at, 1) : array.toSpliced(at, 0, oddValue(dice, 1));
}

function mutateObject(dice: Dice, object: object): object {
  const keys = Object.keys(object);
  const key = keys.length === 0 ? "a" : dice.pick(keys);
  const copy = { ...object };
  switch (dice.below(4)) {
    case 0:
      delete (copy as Record<string, unknown>)[key];
      return copy;
    case 1:
      setOwn(copy, dice.pick(ODD_KEYS), oddValue(dice, 1));
      return copy;
    case 2:
      delete (copy as Record<string, unknown>)[key];
      setOwn(copy, mutateText(dice, key), (object as Record<string, unknown>)[key]);
      return copy;
    default:
      // The same key once more, in another writing.
      setOwn(copy, key.toUpperCase(), oddValue(dice, 1));
      return copy;
  }
}

function withMember(value: object, key: string, member: unknown): object {
  if (Array.isArray(value)) return value.with(Number(key), member);
  const copy = { ...value };
  setOwn(copy, key, member);
  return copy;
}

/** An own property whatever its name: assigning to `__proto__` would set the prototype instead. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key !== "__proto__") (target as Record<string, unknown>)[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
