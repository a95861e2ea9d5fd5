/** [S20] Nothing that comes over a transport can name a program, a module or a text to run. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { IMPORTS_COMMAND, OF_COMMAND } from "./helpers/rooms.js";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

interface Source {
  readonly name: string;
  /** Without comments, which may say anything. */
  readonly code: string;
}

const ALL: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => {
    const text = readFileSync(`${SRC}${name}`, "utf8");
    return { name, code: text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, "") };
  });
const SOURCES: readonly Source[] = ALL.filter(({ name }) => !OF_COMMAND.test(name));

const having = (pattern: RegExp) => SOURCES.filter(({ code }) => pattern.test(code)).map(({ name }) => name);

test("the sources are read", () => {
  expect(SOURCES.length).toBeGreaterThan(100);
  expect(having(/from "node:http"/)).not.toEqual([]);
});

test("no part of a server is loaded with the command", () => {
  expect(ALL.length).toBeGreaterThan(SOURCES.length);
  expect(having(IMPORTS_COMMAND)).toEqual([]);
});

describe("programs", () => {
  /** The rooms that a message passes on its way. */
  const GUARD = /^transports\/stdio\/(guard|early-output|native-code)/;

  test("only the guard of stdout knows how to start one: it watches what tools start", () => {
    const importers = having(/["'](node:)?(child_process|cluster)["']/);
    expect(importers.filter((name) => !GUARD.test(name))).toEqual([]);
    expect(
      having(/["'](node:)?worker_threads["']/).filter((name) => !/^(transports\/stdio|stdio-guard)/.test(name)),
    ).toEqual([]);
  });

  test("it starts one itself, whose command is a constant", () => {
    const calls = SOURCES.flatMap(({ name, code }) => {
      return [...code.matchAll(/(?<![.\w])(spawn|exec|execFile|fork|spawnSync|execSync|execFileSync)\(([^)]*)/g)].map(
        ([, , args = ""]) => `${name}: ${args.split(",").slice(0, 2).join(",")}`,
      );
    });
    expect(calls).toEqual(['transports/stdio/guard-relay.ts: "/bin/sh", ["-c"']);
    const relay = SOURCES.find(({ name }) => name === "transports/stdio/guard-relay.ts")?.code;
    expect(relay).toMatch(/^const RELAY_COMMAND = '[^'$]*';$/m);
    expect(relay).toContain('spawn("/bin/sh", ["-c", RELAY_COMMAND],');
  });
});

test("texts are never run, and modules are named by constants", () => {
  expect(having(/\beval\(|\bnew Function\b|["'](node:)?vm["']|process\.binding|process\.dlopen/)).toEqual([]);
  expect(having(/\bimport\((?!")/)).toEqual([]);
  expect(having(/createRequire\([^)]*\)\((?!"lmdb"\))/)).toEqual([]);
  // Text as a timer's argument would be run, too; with strict types it cannot be written.
  expect(having(/set(Timeout|Interval)\(\s*["'`]/)).toEqual([]);
});
