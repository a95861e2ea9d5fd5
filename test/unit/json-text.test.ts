import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonText } from "../../src/util/json-text.js";

/** Half pairs, whole pairs and what their escapes look like, close together. */
const text = fc
  .array(fc.constantFrom("\ud83d", "\ude00", "\ud83d\ude00", "\\", "\\ud83d", "ud83d", "\ud7ff", "\n", '"', "a"))
  .map((parts) => parts.join(""));
const value = fc.dictionary(fc.string(), fc.oneof(text, fc.array(text), fc.dictionary(fc.string(), text)));
const ESCAPED_HALF = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

describe("[65] the text of what is sent", () => {
  test("has U+FFFD for half a character, and nothing else is changed", () => {
    fc.assert(
      fc.property(value, (sent) => {
        const json = jsonText(sent);
        expect(json).not.toMatch(ESCAPED_HALF);
        expect(JSON.parse(json)).toEqual(wellFormed(sent));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["\ud83d", '{"a":"\ufffd"}'],
    ["\ude00x", '{"a":"\ufffdx"}'],
    ["\ud83d\ude00", '{"a":"\ud83d\ude00"}'],
    ["\\ud83d", '{"a":"\\\\ud83d"}'],
    ["\\\ud83d", '{"a":"\\\\\ufffd"}'],
  ])("%j", (given, expected) => {
    expect(jsonText({ a: given })).toBe(expected);
  });
});

function wellFormed(given: unknown): unknown {
  if (typeof given === "string") return Buffer.from(given, "utf8").toString("utf8");
  if (Array.isArray(given)) return given.map(wellFormed);
  if (typeof given !== "object" || given === null) return given;
  return Object.fromEntries(Object.entries(given).map(([key, inner]) => [key, wellFormed(inner)]));
}
