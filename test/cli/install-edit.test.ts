/** Entries in the text of configuration files: all other bytes stay, and taking out gives back what was there. */
import fc from "fast-check";
import { parse as parseJsonc } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import { describe, expect, it } from "vitest";
import type { Format } from "../../src/install/clients.js";
import { putEntry, removeEntry } from "../../src/install/edit.js";
import type { Entry } from "../../src/install/entry.js";

const JSON_FILE = { format: "jsonc" as Format, key: "mcpServers" as const };
const TOML_FILE = { format: "toml" as Format, key: "mcp_servers" as const };
const ENTRY: Entry = { command: "/usr/bin/node", args: ["/opt/x/cli.js", "run", "/srv/a b.ts"], env: { A: "1" } };
const OTHER: Entry = { type: "http", url: "https://tools.example.com/mcp" };
const NAME = "demo";

const install = (text: string, file = JSON_FILE as typeof JSON_FILE | typeof TOML_FILE, entry = ENTRY) =>
  putEntry(text, file, { name: NAME, entry });

/** White space of JSON and comments; `\r` alone is none that editors write. */
const lineBreak = fc.constantFrom("\n", "\r\n");
const trivia = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom("", " ", "  ", "\t", "\n", "\r\n", "\n\n", "\n  ", "\r\n\t", "\n   ") },
      {
        weight: 1,
        arbitrary: fc.constantFrom("/* c, } */", "/* two\n lines */", '// { , " \n', "// x  \r\n  ", "//\n"),
      },
    ),
    { maxLength: 3 },
  )
  .map((parts) => parts.join(""));

const scalar = fc.oneof(
  fc.constantFrom("1", "-0.5e3", "true", "null", '""', '"a,b}"', '"// no"', '"\\u00e9\\n"', "[]", "{}"),
  fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text)),
);
const trailing = fc.constantFrom(true, false);

/** Members with odd spaces around each mark. */
function objectText(
  names: readonly string[],
  values: readonly string[],
  gaps: readonly string[],
  comma: boolean,
): string {
  let next = 0;
  const gap = () => gaps[next++ % Math.max(gaps.length, 1)] ?? "";
  const members = names.map(
    (name, index) => `${gap()}${JSON.stringify(name)}${gap()}:${gap()}${values[index]}${gap()}`,
  );
  const last = comma && members.length > 0 ? `,${gap()}` : "";
  return `{${members.join(",")}${last}${members.length === 0 ? gap() : ""}}`;
}

const object = (inner: fc.Arbitrary<string>, taken: readonly string[]) =>
  fc
    .record({
      names: fc.uniqueArray(
        fc
          .oneof(fc.string({ maxLength: 5 }), fc.constantFrom("a", "toString", "é"))
          .filter((name) => ![...taken, "__proto__"].includes(name)),
        { maxLength: 3 },
      ),
      values: fc.array(inner, { minLength: 4, maxLength: 4 }),
      gaps: fc.array(trivia, { maxLength: 9 }),
      comma: trailing,
    })
    .map(({ names, values, gaps, comma }) => ({ names, values, gaps, comma }));

const document = fc
  .record({
    servers: fc.option(
      object(
        object(scalar, []).map(({ names, values, gaps, comma }) => objectText(names, values, gaps, comma)),
        [NAME],
      ),
      { nil: undefined },
    ),
    root: object(scalar, ["mcpServers"]),
    at: fc.nat(3),
    around: fc.tuple(trivia, trivia),
    mark: fc.constantFrom("", "\uFEFF"),
  })
  .map(({ servers, root, at, around, mark }) => {
    const names = [...root.names];
    const values = [...root.values];
    if (servers !== undefined) {
      const position = Math.min(at, names.length);
      names.splice(position, 0, "mcpServers");
      values.splice(position, 0, objectText(servers.names, servers.values, servers.gaps, servers.comma));
    }
    return mark + around[0] + objectText(names, values, root.gaps, root.comma) + around[1];
  });

const blank = fc.tuple(fc.constantFrom("", "\uFEFF"), trivia).map(([mark, text]) => mark + text);

/** The pieces of `before` are in `after`, in order: one or two places have more, and nothing is missing. */
function isSubsequence(before: string, after: string): boolean {
  let at = 0;
  for (const char of after) if (before[at] === char) at++;
  return at === before.length;
}

describe("JSON with comments", () => {
  it("a server is put in, nothing else changes, and taking it out restores every byte", () => {
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: document }, { weight: 1, arbitrary: blank }), (text) => {
        const { text: after, action } = install(text);
        expect(action).toBe("added");
        const value = parseJsonc(after.replace(/^\uFEFF/, ""), [], { allowTrailingComma: true }) as Record<
          string,
          Record<string, unknown>
        >;
        expect(value.mcpServers?.[NAME]).toEqual(ENTRY);
        expect(isSubsequence(text, after)).toBe(true);
        expect(install(after)).toEqual({ text: after, action: "unchanged" });
        const replaced = putEntry(after, JSON_FILE, { name: NAME, entry: OTHER });
        expect(replaced.action).toBe("replaced");
        expect(removeEntry(replaced.text, JSON_FILE, NAME).text).toBe(text);
        expect(removeEntry(after, JSON_FILE, NAME)).toEqual({ text, action: "removed" });
        const second = putEntry(after, JSON_FILE, { name: "second", entry: OTHER }).text;
        expect(removeEntry(second, JSON_FILE, "second").text).toBe(after);
        parseJsonc(removeEntry(second, JSON_FILE, NAME).text);
      }),
      { numRuns: 600 },
    );
  });
});

const tomlKey = fc.constantFrom("a", "b-c", '"q.r"', "'l'", "d . e", "_1");
const tomlValue = fc.constantFrom(
  "1",
  "true",
  '"x # no"',
  "'lit'",
  '"""\n[no]\n"" " """',
  "'''\n[mcp_servers.demo]\n'''",
  "[ 1, # c ]\n  2,\n]",
  "{ x = 1 }",
  "1979-05-27",
  "9007199254740993",
  '"\\u00e9 \\" ["',
  '[\n  "[mcp_servers.demo]", # x\n]',
  '""',
  '""""quoted""""',
);
const tomlGap = fc.constantFrom("", "", "\n", "# c\n", "  # [x]\n", "\t\n", "\n\n");
const tomlTable = fc.constantFrom(
  "[t]",
  " [ u . v ] # c",
  "[[list]]",
  "[mcp_servers]",
  "[mcp_servers.other]",
  '[mcp_servers."x.y".env]',
  "[mcp_servers.other.env]",
);

const toml = fc
  .record({
    head: fc.array(fc.tuple(tomlGap, tomlKey, tomlValue), { maxLength: 3 }),
    tables: fc.array(fc.tuple(tomlGap, tomlTable, fc.array(fc.tuple(tomlGap, tomlKey, tomlValue), { maxLength: 3 })), {
      maxLength: 4,
    }),
    end: fc.constantFrom("", "\n", "\n\n", "# end", "\n# end\n", "  "),
    cut: fc.boolean(),
    lines: lineBreak,
    mark: fc.constantFrom("", "\uFEFF"),
  })
  .map(({ head, tables, end, cut, lines, mark }) => {
    const pair = ([gap, key, value]: readonly [string, string, string]) => `${gap}${key} = ${value}\n`;
    const text =
      head.map(pair).join("") +
      tables.map(([gap, table, pairs]) => `${gap}${table}\n${pairs.map(pair).join("")}`).join("") +
      end;
    return mark + (cut ? text.replace(/\n$/, "") : text).replaceAll("\n", lines);
  })
  .filter((text) => {
    try {
      parseToml(text.replace(/^\uFEFF/, ""), { integersAsBigInt: "asNeeded" });
      return true;
    } catch {
      return false;
    }
  });

describe("TOML", () => {
  it("a server is put in, nothing else changes, and taking it out restores every byte", () => {
    fc.assert(
      fc.property(toml, (text) => {
        const { text: after, action } = install(text, TOML_FILE);
        expect(action).toBe("added");
        expect(after.startsWith(text)).toBe(true);
        const value = parseToml(after.replace(/^\uFEFF/, ""), { integersAsBigInt: "asNeeded" }) as unknown as Record<
          string,
          Record<string, unknown>
        >;
        expect(value.mcp_servers?.[NAME]).toEqual(ENTRY);
        expect(install(after, TOML_FILE)).toEqual({ text: after, action: "unchanged" });
        const replaced = putEntry(after, TOML_FILE, { name: NAME, entry: { url: "https://tools.example.com/mcp" } });
        expect(replaced.action).toBe("replaced");
        expect(removeEntry(replaced.text, TOML_FILE, NAME).text).toBe(text);
        expect(removeEntry(after, TOML_FILE, NAME)).toEqual({ text, action: "removed" });
        const second = putEntry(after, TOML_FILE, { name: "second", entry: { url: "https://x" } }).text;
        expect(removeEntry(second, TOML_FILE, "second").text).toBe(after);
      }),
      { numRuns: 400 },
    );
  });
});
