/** Bytes on stdin: cut into lines by the framer, however they arrive, as a simple reference cuts them at once. */
import { isUtf8 } from "node:buffer";
import { LineFramer } from "../../../src/transports/stdio/framing.js";
import type { Dice } from "../kit/dice.js";
import { must, type Target } from "../kit/target.js";
import { mutateBytes, oddLength } from "../kit/text.js";

interface Arrival {
  readonly bytes: Buffer;
  /** Where chunks end. */
  readonly cuts: readonly number[];
  readonly maxLineBytes: number;
}

const PIECES = [
  "\n",
  "\r\n",
  '{"id":1}',
  "é",
  "\u{1f600}",
  " ",
  "\t",
  "\r",
  "\ufeff",
  "\0",
  "\u2028",
  "long line ",
  "x",
].map((text) => Buffer.from(text));
const OVERLONG = "(overlong)";
const INVALID = "(not UTF-8)";
/** What the framer calls a blank line. */
const BLANK = /^[ \t\r]*$/;

export const stdio: Target<Arrival> = {
  name: "stdio",
  weight: 100,
  generate: (dice: Dice): Arrival => {
    const pieces = dice.several(24, () => dice.pick(PIECES));
    if (dice.flip(50)) pieces.push(Buffer.alloc(oddLength(dice, 131_072), "y"));
    const whole = Buffer.concat(pieces);
    const bytes = dice.flip(3) ? mutateBytes(dice, whole) : whole;
    const cuts = dice.several(8, () => dice.below(bytes.length + 1)).sort((one, other) => one - other);
    return { bytes, cuts, maxLineBytes: dice.flip(3) ? oddLength(dice, 64) : 65_536 };
  },
  run: ({ bytes, cuts, maxLineBytes }) => {
    const lines: string[] = [];
    const framer = new LineFramer({
      maxLineBytes,
      onLine: (text) => lines.push(`"${text}`),
      onOverlong: () => lines.push(OVERLONG),
      onInvalidUtf8: () => lines.push(INVALID),
    });
    let from = 0;
    // The same memory for every chunk: a framer that kept it would see it change.
    const shared = Buffer.alloc(bytes.length);
    for (const to of [...cuts, bytes.length]) {
      bytes.copy(shared, 0, from, to);
      framer.push(shared.subarray(0, to - from));
      shared.fill(0x21);
      from = to;
    }
    framer.end();
    const expected = reference(bytes, maxLineBytes);
    const same = lines.length === expected.length && lines.every((line, index) => line === expected[index]);
    must(same, () => `${JSON.stringify(lines)} instead of ${JSON.stringify(expected)}`);
  },
};

function reference(bytes: Buffer, maxLineBytes: number): readonly string[] {
  // Latin-1 keeps every byte apart, so that text tools can be used on bytes.
  const lines = bytes.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.flatMap((line, index) => {
    if (line.length > maxLineBytes) return [OVERLONG];
    const bare = (index === 0 ? line.replace(/^\xef\xbb\xbf/, "") : line).replace(/\r$/, "");
    if (BLANK.test(bare)) return [];
    const raw = Buffer.from(bare, "latin1");
    return [isUtf8(raw) ? `"${raw.toString("utf8")}` : INVALID];
  });
}
