/** [S18] No URL of a stranger reaches a shell: what reads such URLs knows none, and what knows one reads none. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { OF_COMMAND } from "./helpers/rooms.js";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
/** Of Node; neither programs nor files nor code that is made at run time. */
const HARMLESS = ["async_hooks", "buffer", "crypto", "dns/promises", "http", "https", "net", "stream", "zlib"];
/** Calls that start a program or run a text; methods of that name (`RegExp`) are others. */
const STARTS = /(?<![.\w])(?:exec|execSync|execFile|execFileSync|spawn|spawnSync|fork|eval)\(|\bnew Function\b/;
/** Ways to a module that no import shows; a harmless one named in full is none. */
const HIDDEN =
  /getBuiltinModule(?!\("node:crypto"\))|process\.(?:binding|dlopen)|createRequire|\bimport\((?!")|\brequire\(/;

/** Without comments, which may say anything. */
const code = (file: string): string => {
  return readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, "");
};

/** What a file imports when it runs. */
function importsOf(file: string): readonly string[] {
  const found = code(file).matchAll(/(?:^import (?!type )[^;]*?|^export [^;]*? from |\bimport\()"([^"]+)"/gm);
  return [...found].map(([, specifier = ""]) => specifier);
}

interface Closure {
  readonly files: ReadonlySet<string>;
  /** What is no file of ours, with one that imports it. */
  readonly others: ReadonlyMap<string, string>;
}

/** What is loaded with these files. */
function closure(roots: readonly string[]): Closure {
  const files = new Set<string>();
  const others = new Map<string, string>();
  for (const waiting = [...roots]; waiting.length > 0; ) {
    const file = waiting.pop() ?? "";
    if (files.has(file)) continue;
    files.add(file);
    for (const one of importsOf(file)) {
      if (one.startsWith(".")) waiting.push(resolve(dirname(file), one.replace(/\.js$/, ".ts")));
      else others.set(one, relative(SRC, file));
    }
  }
  return { files, others };
}

const sources = (room = "") => {
  const names = readdirSync(join(SRC, room), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => join(SRC, room, name));
};

test("what reads URLs of authorization servers is loaded with nothing that starts programs, runs text or opens files", () => {
  const roots = [...sources("auth"), join(SRC, "guarded-fetch.ts"), join(SRC, "transports/http/protection.ts")];
  const { files, others } = closure(roots);
  expect(files.size).toBeGreaterThan(roots.length);
  expect(others.has("jose")).toBe(true);
  const allowed = new Set([...HARMLESS.map((name) => `node:${name}`), "jose"]);
  expect([...others].filter(([name]) => !allowed.has(name))).toEqual([]);
  const suspicious = [...files].filter((file) => STARTS.test(code(file)) || HIDDEN.test(code(file)));
  expect(suspicious.map((file) => relative(SRC, file))).toEqual([]);
});

test("programs are started in one room, which is loaded with nothing that listens to a network", () => {
  const served = sources().filter((file) => !OF_COMMAND.test(relative(SRC, file)));
  const starting = served.filter((file) => importsOf(file).some((one) => /^(?:node:)?child_process$/.test(one)));
  expect([...new Set(starting.map((file) => relative(SRC, dirname(file))))]).toEqual(["transports/stdio"]);
  for (const file of starting) {
    const names = [...closure([file]).others.keys()];
    expect(names.filter((name) => /^(?:node:)?(?:https?|http2|net|dgram|dns)\b/.test(name))).toEqual([]);
  }
});
