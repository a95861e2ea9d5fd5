/** [62, 64, 65, S17] The guarded JSON parser against a slow reader of its own, on texts that are made at random. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkJson, type JsonBounds, type JsonFailure, parseJson } from "../../src/util/json-scan.js";

/** All that is wrong with a text, found the slow way: by tokens, recursion and a set for each object. */
function faultsOf(text: string, bounds: JsonBounds): Set<JsonFailure> {
  try {
    JSON.parse(text);
  } catch {
    return new Set(["syntax"]);
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  const faults = new Set<JsonFailure>();
  let members = 0;
  let at = 0;
  const readString = (): string => {
    const token = tokens[at++] as string;
    const value = JSON.parse(token) as string;
    if (/\p{Surrogate}/u.test(token) || /\p{Surrogate}/u.test(value)) faults.add("surrogate");
    return value;
  };
  const readValue = (depth: number): void => {
    const token = tokens[at] as string;
    if (token.startsWith('"')) {
      readString();
      return;
    }
    at++;
    if (token !== "{" && token !== "[") return;
    if (depth === bounds.maxDepth) faults.add("depth");
    const keys = new Set<string>();
    while (tokens[at] !== "}" && tokens[at] !== "]") {
      if (tokens[at] === ",") at++;
      if (token === "{") {
        const key = readString();
        if (keys.has(key)) faults.add("duplicate");
        keys.add(key);
        at++;
      }
      members++;
      readValue(depth + 1);
    }
    at++;
  };
  readValue(0);
  if (members > bounds.maxKeys) faults.add("keys");
  return faults;
}

const space = fc.constantFrom("", "", "", " ", "\n\t", "\r ");
const units = [
  "a",
  "B",
  "0",
  "é",
  "\\u0061",
  "\\u00E9",
  '\\"',
  "\\\\",
  "\\n",
  "\\/",
  "ud800",
  "\\\\ud83d",
  "{",
  "]",
  ",",
];
const pairs = ["😀", "\\ud83d\\ude00", "\\uD83D\\uDE00", "\\uDBFF\\udfff"];
const halves = ["\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF", "\ud800", "\udc00"];
const unit = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...units) },
  { weight: 8, arbitrary: fc.constantFrom(...pairs) },
  { weight: 1, arbitrary: fc.constantFrom(...halves) },
);
const string = fc.array(unit, { maxLength: 6 }).map((parts) => `"${parts.join("")}"`);
const names = [
  "a",
  "\\u0061",
  "A",
  "a\\u0000",
  "__proto__",
  "__prot\\u006f__",
  "constructor",
  "1",
  "\\u0031",
  "01",
  "",
];
const key = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...names).map((name) => `"${name}"`) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 99 }).map((number) => `"key${number}"`) },
  { weight: 1, arbitrary: string },
);
const scalar = fc.constantFrom("0", "-0", "-1.5E+3", "2e5", "1e400", "9".repeat(40), "true", "false", "null");
const { value: validText } = fc.letrec<{ value: string; array: string; object: string; large: string }>((tie) => ({
  value: fc
    .tuple(space, fc.oneof({ maxDepth: 5 }, scalar, string, tie("array"), tie("object"), tie("object")), space)
    .map((parts) => parts.join("")),
  array: fc.array(tie("value"), { maxLength: 4 }).map((values) => `[${values.join(",") || " "}]`),
  object: fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.tuple(space, key, space, tie("value")), { maxLength: 5 }).map(toObject) },
    { weight: 1, arbitrary: tie("large") },
  ),
  large: fc
    .tuple(fc.integer({ min: 28, max: 40 }), fc.array(fc.tuple(space, key, space, tie("value")), { maxLength: 2 }))
    .map(([size, more]) =>
      toObject([...Array.from({ length: size }, (_, n) => ["", `"k${n}"`, "", "1"] as const), ...more]),
    ),
}));
const bounds = fc.record({
  maxDepth: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 6 })),
  maxKeys: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 50 })),
});

function toObject(members: readonly (readonly [string, string, string, string])[]): string {
  return `{${members.map(([before, name, after, value]) => `${before}${name}${after}:${value}`).join(",")}}`;
}

function expectAsReference(text: string, given: JsonBounds): void {
  const faults = faultsOf(text, given);
  const parsed = parseJson(text, given);
  if (parsed.ok) {
    expect([...faults]).toEqual([]);
    expect(isDeepStrictEqual(parsed.value, JSON.parse(text))).toBe(true);
  } else if (faults.has("syntax")) expect(parsed.message).not.toBe("");
  else expect(faults).toContain(parsed.reason);
}

describe("[62, 64, 65, S17] any text", () => {
  it("that is valid is read as JSON.parse reads it, or refused for what a slow reader finds too", () => {
    fc.assert(fc.property(validText, bounds, expectAsReference), { numRuns: 3000 });
  });

  it("with one place changed, which mostly makes it invalid", () => {
    const piece = fc.constantFrom(
      "",
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\\u",
      "t",
      "\u0122",
      "\ufeff",
      '"a":1,',
    );
    fc.assert(
      fc.property(validText, fc.nat(), fc.nat(3), piece, bounds, (text, place, removed, added, given) => {
        const at = place % (text.length + 1);
        expectAsReference(text.slice(0, at) + added + text.slice(at + removed), given);
      }),
      { numRuns: 3000 },
    );
  });

  it("of structural characters in any order", () => {
    const noise = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ud81atfn '), maxLength: 40 });
    fc.assert(fc.property(noise, bounds, expectAsReference), { numRuns: 3000 });
  });

  it("gives the depth and count that a parsed value has", () => {
    fc.assert(
      fc.property(validText, bounds, (text, given) => {
        const faults = faultsOf(text, given);
        fc.pre(!faults.has("duplicate"));
        const checked = checkJson(JSON.parse(text), given);
        expect(checked.ok).toBe(!faults.has("depth") && !faults.has("keys"));
      }),
    );
  });
});
