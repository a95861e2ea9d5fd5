/** Texts and bytes that have gone wrong. */
import type { Dice } from "./dice.js";

/** What parsers stumble over, put into otherwise good text. */
const SNIPPETS = [
  " ",
  "\n",
  "\r\n",
  "\0",
  "\u2028",
  "\u2029",
  "\ufeff",
  "\ud800",
  "\u00e9",
  "\u{1f600}",
  "\\",
  "\\u0000",
  "\\ud800",
  '"',
  "'",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  ";",
  "=",
  "%",
  "%00",
  "%2f",
  "../",
  "//",
  "/",
  "?",
  "#",
  "&",
  "null",
  "true",
  "1e400",
  "-0",
  "9007199254740993",
  "00",
  "0x1",
  ".",
  "-",
  "+",
  "*",
  "<",
  "__proto__",
  "constructor",
  "=?base64?",
  "?=",
  "data: x\n\n",
] as const;

/** `text` with one to three things done to it. */
export function mutateText(dice: Dice, text: string): string {
  let changed = text;
  for (let left = dice.between(1, 3); left > 0; left -= 1) changed = mutateOnce(dice, changed);
  return changed;
}

function mutateOnce(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1);
  const end = Math.min(text.length, at + dice.between(1, 8));
  switch (dice.below(7)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at);
    case 2:
      return text.slice(0, at) + dice.pick(SNIPPETS) + text.slice(at);
    case 3:
      return text.slice(0, at) + dice.pick(SNIPPETS) + text.slice(end);
    case 4:
      return text.slice(0, end) + text.slice(at);
    case 5:
      return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1);
    default:
      return text.slice(0, at) + swapCase(text.slice(at, end)) + text.slice(end);
  }
}

function swapCase(text: string): string {
  const upper = text.toUpperCase();
  return upper === text ? text.toLowerCase() : upper;
}

/** Bytes that are no UTF-8, and some that nearly are. */
const BAD_BYTES = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x80], [0x80]];

/** `bytes` with one to three things done to them. */
export function mutateBytes(dice: Dice, bytes: Buffer): Buffer {
  let changed = bytes;
  for (let left = dice.between(1, 3); left > 0; left -= 1) {
    const at = dice.below(changed.length + 1);
    const end = Math.min(changed.length, at + dice.between(0, 8));
    changed = Buffer.concat([changed.subarray(0, at), insertion(dice, changed), changed.subarray(end)]);
  }
  return changed;
}

function insertion(dice: Dice, all: Buffer): Uint8Array {
  switch (dice.below(5)) {
    case 0:
      return Buffer.alloc(0);
    case 1:
      return Buffer.from([dice.below(256)]);
    case 2:
      return Buffer.from(dice.pick(SNIPPETS));
    case 3:
      return Buffer.from(dice.pick(BAD_BYTES));
    default:
      return all.subarray(dice.below(all.length + 1), dice.below(all.length + 1));
  }
}

/** Lengths around the bounds that code has: powers of two, one more, one less. */
export function oddLength(dice: Dice, most: number): number {
  const power = 2 ** dice.below(Math.log2(most) + 1);
  return Math.max(0, Math.min(most, power + dice.between(-1, 1)));
}
