/** The JSON parser with bounds, against `JSON.parse` and a slow parser that counts what the bounds are on. */
import { checkJson, type JsonBounds, parseJson } from "../../../src/util/json-scan.js";
import type { Dice } from "../kit/dice.js";
import { mutateJson, oddString, oddValue, setOwn, writeJson } from "../kit/json.js";
import { ENVELOPE, request } from "../kit/messages.js";
import { type JsonFacts, readJson } from "../kit/slow-json.js";
import { must, type Target } from "../kit/target.js";
import { mutateText, oddLength } from "../kit/text.js";

interface Text {
  readonly text: string;
  readonly bounds: JsonBounds;
}

const PIECES = [
  ..."[]{}:,",
  ...[
    '"',
    '"a"',
    '"b":',
    '"a":1,',
    '"\\u0061":',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    "\\",
    "\\u",
    "\\\\",
    '\\"',
    "1",
    "-0",
    "1e5",
  ],
  ...["true", "null", " ", "\n", "\t", "\ufeff", "\u2028", "\0", "é", "\ud800", "\u{1f600}", '{"a":{"b":[]}}'],
];
const BOUNDS: readonly JsonBounds[] = [
  { maxDepth: 128, maxKeys: 100_000 },
  { maxDepth: 3, maxKeys: 6 },
  { maxDepth: 1, maxKeys: 1 },
  { maxDepth: Number.POSITIVE_INFINITY, maxKeys: Number.POSITIVE_INFINITY },
];
/** `JSON.stringify` runs out of stack somewhere above. */
const COMPARED_DEPTH = 1000;
/** Keys of one object beyond which it is looked up in another way. */
const MANY_KEYS = 40;

export const jsonScan: Target<Text> = {
  name: "json-scan",
  weight: 120,
  generate: (dice: Dice): Text => ({ text: text(dice), bounds: dice.pick(BOUNDS) }),
  run: ({ text, bounds }) => {
    const parsed = parseJson(text, bounds);
    const facts = readJson(text);
    if (facts === undefined) {
      must(!parsed.ok, () => `not JSON, and yet it was read: ${JSON.stringify(text)}`);
      return;
    }
    const allowed = reasons(facts, bounds);
    if (!parsed.ok) {
      must(allowed.includes(parsed.reason), () => `refused for ${parsed.reason}: ${JSON.stringify(text)}`);
      return;
    }
    must(allowed.length === 0, () => `read in spite of ${allowed.join()}: ${JSON.stringify(text)}`);
    const same = facts.depth > COMPARED_DEPTH || JSON.stringify(parsed.value) === JSON.stringify(facts.value);
    must(same, () => `read as something else: ${JSON.stringify(text)}`);
    // Of a value that was parsed by somebody else the same must be said.
    const checked = checkJson(parsed.value, bounds);
    must(checked.ok, () => `${JSON.stringify(text)} is read, its value is not`);
  },
};

function text(dice: Dice): string {
  switch (dice.below(6)) {
    case 0:
      return dice.several(24, () => dice.pick(PIECES)).join("");
    case 1:
      return `{${dice.several(MANY_KEYS * 2, () => key(dice)).map((name) => `${name}:1`)}}`;
    case 2:
      return writeJson(mutateJson(dice, { a: request(dice, "2025-11-25"), b: ENVELOPE })).text;
    case 3:
      return nested(dice);
    case 4:
      return mutateText(dice, writeJson(wide(dice)).text);
    default:
      return writeJson(oddValue(dice)).text;
  }
}

/** A key as it may be written; few different ones, so that some occur twice. */
function key(dice: Dice): string {
  const name = dice.flip(8) ? JSON.stringify(oddString(dice)) : `"k${dice.below(600)}"`;
  return dice.flip(6) ? name.replace("k", "\\u006b") : name;
}

function wide(dice: Dice): object {
  const object = {};
  dice.several(6, () => setOwn(object, dice.flip(2) ? String(dice.below(20)) : oddString(dice), oddValue(dice, 1)));
  return object;
}

function nested(dice: Dice): string {
  const depth = dice.flip(4) ? oddLength(dice, 2048) : dice.between(1, 6);
  const inner = dice.pick(["1", "", "[]", "{}", '{"a":1,"a":2}', '"\\ud800"']);
  return dice.flip(2)
    ? "[".repeat(depth) + inner + "]".repeat(depth)
    : `${'{"a":'.repeat(depth)}${inner || 1}${"}".repeat(depth)}`;
}

/** Why a text may be refused; any of them will do. */
function reasons(facts: JsonFacts, { maxDepth, maxKeys }: JsonBounds): readonly string[] {
  return [
    ...(facts.depth > maxDepth ? ["depth"] : []),
    ...(facts.members > maxKeys ? ["keys"] : []),
    ...(facts.duplicate ? ["duplicate"] : []),
    ...(facts.loneSurrogate ? ["surrogate"] : []),
  ];
}
