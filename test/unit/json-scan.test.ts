/** [62, 63, 64, 65, S17] What a JSON text from the network may hold, seen before `JSON.parse` builds anything of it. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { checkJson, type JsonBounds, parseJson } from "../../src/util/json-scan.js";

const BOUNDS: JsonBounds = { maxDepth: 128, maxKeys: 100_000 };
const UNBOUNDED: JsonBounds = { maxDepth: Infinity, maxKeys: Infinity };

afterEach(() => {
  vi.restoreAllMocks();
});

/** The value, or why there is none. */
function outcome(text: string, bounds = BOUNDS): unknown {
  const parsed = parseJson(text, bounds);
  return parsed.ok ? parsed.value : parsed.reason;
}

/** An object text with these keys, as they are spelled here. */
function objectOf(keys: readonly string[]): string {
  return `{${keys.map((key) => `"${key}":0`).join(",")}}`;
}

function numbered(count: number, key: (number: number) => string): string[] {
  return Array.from({ length: count }, (_, number) => key(number));
}

describe("[62, 63] size and depth", () => {
  it("are refused before JSON.parse sees the text, and in a parsed value", () => {
    const parse = vi.spyOn(JSON, "parse");
    const deep = "[".repeat(10_000) + "]".repeat(10_000);
    const keys = objectOf(numbered(1_000_000, (n) => `k${n}`));
    const batch = `[${"{},".repeat(10_000)}{}]`;
    expect(parseJson(deep, BOUNDS)).toEqual({
      ok: false,
      reason: "depth",
      message: "the message nests deeper than 128 levels (limits.maxJsonDepth)",
    });
    expect(parseJson("[".repeat(1_000_000), BOUNDS)).toMatchObject({ reason: "depth" });
    expect(parseJson("[".repeat(1_000_000), UNBOUNDED)).toMatchObject({ reason: "syntax" });
    expect(parseJson(keys, BOUNDS)).toMatchObject({
      reason: "keys",
      message: "the message has more than 100000 members and elements (limits.maxJsonKeys)",
    });
    expect(outcome(batch, { maxDepth: 2, maxKeys: 10_000 })).toBe("keys");
    expect(parse).not.toHaveBeenCalled();
    expect(checkJson(JSON.parse(deep), BOUNDS)).toMatchObject({ reason: "depth" });
    expect(checkJson(JSON.parse(batch), { maxDepth: 2, maxKeys: 10_000 })).toMatchObject({ reason: "keys" });
  });

  it("are counted exactly", () => {
    for (const [text, depth, members] of [
      ["1", 0, 0],
      ["[ ]", 1, 0],
      ["{}", 1, 0],
      ['[[],{},"",[ 1 ]]', 2, 5],
      ['{"a":{"b":[1,2,[]]},"c":true}', 4, 6],
    ] as const) {
      const exact = { maxDepth: depth, maxKeys: members };
      expect(outcome(text, exact)).toEqual(JSON.parse(text));
      expect(checkJson(JSON.parse(text), exact).ok).toBe(true);
      if (depth > 0) expect(outcome(text, { ...exact, maxDepth: depth - 1 })).toBe("depth");
      if (members > 0) expect(outcome(text, { ...exact, maxKeys: members - 1 })).toBe("keys");
    }
  });
});

describe("[62] texts made to cost much", () => {
  const wide = (n: number) => `a${String(n).padStart(6, "0")}z`;
  it.each([
    ["keys of equal length and ends", objectOf(numbered(200_000, wide))],
    ["keys that V8 hashes by their value", objectOf(numbered(60_000, (n) => String(n * 65_536)))],
    ["keys that V8 hashes by their length", objectOf(numbered(100, (n) => `${"k".repeat(20_000)}${n + 100}`))],
    ["keys that are escaped", objectOf(numbered(100_000, (n) => `\\u0061${n}`))],
    ["many objects of many keys", `[${numbered(2000, () => objectOf(numbered(33, wide))).join(",")}]`],
    ["a string of 10 MB", `"${"x".repeat(10_000_000)}"`],
    ["a string of escaped quotes", `"${'\\"'.repeat(2_000_000)}"`],
    ["a string of backslashes", `"${"\\\\".repeat(4_000_000)}"`],
    ["a string of escaped surrogates", `"${"\\ud83d\\ude00".repeat(300_000)}"`],
    ["strings with an escape in each", `[${'"\\n",'.repeat(500_000)}0]`],
    ["white space", `${" ".repeat(4_000_000)}1`],
    ["a number of a million digits", "1".repeat(1_000_000)],
    ["objects in objects", `${'{"a":0,"b":0,"c":'.repeat(10_000)}0${"}".repeat(10_000)}`],
    ["arrays in arrays", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
  ])("%s: read in one pass", (_, text) => {
    expect(parseJson(text, UNBOUNDED).ok).toBe(true);
  });

  it.each([
    ["quotes only", '"'.repeat(4_000_001)],
    ["backslashes between quotes", `"${'\\\\"'.repeat(2_000_000)}`],
    ["a string without end", `["${"\\".repeat(4_000_000)}`],
    ["closing brackets", "]".repeat(1_000_000)],
    ["commas", ",".repeat(1_000_000)],
    ["keys outside any object", '{}"a"'.repeat(500_000)],
    ["keys without values", objectOf(numbered(100_000, String)).replaceAll(":0", "")],
  ])("%s: refused", (_, text) => {
    expect(parseJson(text, UNBOUNDED).ok).toBe(false);
  });

  it("numbers at the edge are those of JSON.parse", () => {
    expect(outcome("[-0, 1e400, -1e400, 1e-400, 9007199254740993]")).toStrictEqual([
      -0,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0,
      9_007_199_254_740_992,
    ]);
  });
});

describe("[64, S17] keys", () => {
  it.each([
    ['"name"', '{"name":1,"name":2}'],
    ['"a"', '{"a":1,"\\u0061":2}'],
    ['"a"', '{"\\u0061":1,"a":2}'],
    ['""', '[{"x":{"":0,"b":{},"":0}}]'],
    ['"__proto__"', '{"__proto__":{},"__prot\\u006f__":{}}'],
    ['"\\n"', '{"\\n":1,"\\u000A":1}'],
    ['"a"', '{"a":{"a":1},"b":[{"a":1}],"a":1}'],
    ['"0"', objectOf([...numbered(100, String), "0"])],
    ['"31"', objectOf([...numbered(32, String), "3\\u0031"])],
    [`"${"l".repeat(40)}…"`, objectOf(["long", ...numbered(2, () => "l".repeat(9000))])],
    [`"${"l".repeat(40)}…"`, objectOf([...numbered(40, String), ...numbered(2, () => "l".repeat(20_000))])],
    [`"${"e".repeat(39)}…"`, objectOf(numbered(2, () => `${"e".repeat(39)}😀!`))],
  ])("%s twice in one object is refused", (key, text) => {
    const message = `the key ${key} occurs twice in one object`;
    expect(parseJson(text, BOUNDS)).toEqual({ ok: false, reason: "duplicate", message });
  });

  it("that only look alike are distinct, and inert", () => {
    const text =
      '{"name":1,"Name":2,"name\\u0000":3,"__proto__":{"polluted":1},"constructor":{"prototype":{}},"n":[{"n":{"n":1}}]}';
    const value = outcome(text) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["name", "Name", "name\0", "__proto__", "constructor", "n"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("in one text leave nothing behind for the next", () => {
    const wide = objectOf([...numbered(50, String), "0"]);
    for (const refused of [`{"a":[{"b":1,${wide.slice(1)}`, '{"a":{"b":', '{"a":1,"a":1}', "[".repeat(200)]) {
      expect(parseJson(refused, BOUNDS).ok).toBe(false);
      expect(outcome('{"a":1,"b":{"a":1},"0":2}')).toEqual({ a: 1, b: { a: 1 }, "0": 2 });
    }
  });
});

describe("[65] characters", () => {
  it.each([
    ['"\\ud800"', "the escape \\ud800 lacks"],
    ['{"\\uDC00":1}', "the escape \\uDC00 lacks"],
    ['["\\ud83d","\\ude00"]', "the escape \\ud83d lacks"],
    ['"\\ude00\\ud83d"', "the escape \\ude00 lacks"],
    ['"\\ud83d\\ude00\\ud83d"', "the escape \\ud83d lacks"],
    ['"\\\\ud83d\\ude00"', "the escape \\ude00 lacks"],
    ['"\\ud83d\\n\\ude00"', "the escape \\ud83d lacks"],
    ['"\ud800"', "a surrogate lacks"],
    ['"\\ud83d\ude00"', "a surrogate lacks"],
  ])("%j: half of a surrogate pair is refused", (text, message) => {
    expect(parseJson(text, BOUNDS)).toMatchObject({ reason: "surrogate", message: expect.stringContaining(message) });
  });

  it("of every kind come through whole", () => {
    const texts = [
      "😀",
      "\\ud83d\\ude00",
      "\\uD83D\\uDE00".repeat(200),
      "\\\\ud800",
      "é\\u00e9\\u0000\\uFFFF",
      "\u2028",
    ];
    for (const text of texts) expect(outcome(`["${text}"]`)).toEqual(JSON.parse(`["${text}"]`));
  });

  it.each([
    "",
    " ",
    "\ufeff{}",
    "\0{}",
    "{} x",
    "{'a':1}",
    '{"a":1,}',
    "[1,]",
    '"\n"',
    '"\\x"',
    "NaN",
    "01",
    "{]",
    "[}",
  ])("%j is no JSON", (text) => {
    const message = "the message is not valid JSON (RFC 8259)";
    expect(parseJson(text, BOUNDS)).toEqual({ ok: false, reason: "syntax", message });
  });
});
