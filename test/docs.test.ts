/** The documentation as a test: its programs compile and run, its tables and links are right, it says nothing private. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FILES = listFiles().filter((name) => existsSync(join(ROOT, name)));
const PAGES = FILES.filter((name) => name.endsWith(".md"));

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

const BLOCKS = PAGES.flatMap(blocksOf);
/** Complete programs: everything that begins with an import. */
const PROGRAMS = BLOCKS.filter(({ page, language, text }) => {
  return language === "ts" && /^(README\.md|docs\/)/.test(page) && text.startsWith("import ");
});

// Inside the repository, so that imports resolve as they do for a reader who follows the page.
let folder = "";

beforeAll(() => {
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".tmp", "docs-"));
  for (const program of PROGRAMS) writeFileSync(join(folder, fileOf(program)), program.text);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("programs", () => {
  test("all of them compile", { timeout: 120_000 }, () => {
    expect(PROGRAMS.length).toBeGreaterThan(20);
    const compilerOptions = {
      ...{ target: "ES2023", lib: ["ES2023"], module: "NodeNext", moduleResolution: "NodeNext", types: ["node"] },
      ...{ strict: true, noUncheckedIndexedAccess: true, skipLibCheck: true, noEmit: true },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const { stdout, stderr, status } = spawnSync(process.execPath, [tsc, "-p", folder], { cwd: folder });
    expect(`${stdout}${stderr}`).toBe("");
    expect(status).toBe(0);
  });

  const runnable = PROGRAMS.filter(({ text }) => /from "node:assert|from "holdfast\/testing"/.test(text));

  test("the example of testing.md is among those that run", () => {
    expect(runnable.filter(({ page }) => page === "docs/testing.md").length).toBeGreaterThan(0);
  });

  test.each(runnable.map((program) => ({ ...program, name: `${program.page}:${program.line}` })))(
    "$name runs",
    (program) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, argumentsFor(program), {
        cwd: ROOT,
        timeout: 25_000,
      });
      expect(status, `${stdout}${stderr}`).toBe(0);
    },
  );

  test("the first server of the README answers over stdio", async () => {
    const program = PROGRAMS.find(({ page, text }) => page === "README.md" && text.includes('from "holdfast"'));
    if (program === undefined) throw new Error("the README has no server");
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ["--import", "tsx", join(folder, fileOf(program))],
      cwd: ROOT,
      stderr: "pipe",
    });
    const client = new Client({ name: "docs-test", version: "1.0.0" });
    await client.connect(transport);
    try {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(["add"]);
      const result = await client.callTool({ name: "add", arguments: { a: 2, b: 3 } });
      expect(result.structuredContent).toEqual({ sum: 5 });
    } finally {
      await client.close();
    }
  });

  test.each(BLOCKS.filter(({ language }) => language === "json"))("JSON of $page:$line parses", ({ text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});

describe("pages", () => {
  test.each(["docs.mjs", "coverage.mjs"])("what scripts/%s generates is fresh", (script) => {
    const { status, stderr } = spawnSync(process.execPath, [`scripts/${script}`, "--check"], { cwd: ROOT });
    expect(stderr.toString()).toBe("");
    expect(status).toBe(0);
  });

  test("every error code is explained", () => {
    const codes = readFileSync(join(ROOT, "src", "errors.ts"), "utf8").match(/ERR_[A-Z_]+/g) ?? [];
    const page = readFileSync(join(ROOT, "docs", "errors.md"), "utf8");
    expect([...new Set(codes)].filter((code) => !page.includes(`| \`${code}\` |`))).toEqual([]);
  });

  test("every relative link leads somewhere", () => {
    expect(PAGES.flatMap(brokenLinks)).toEqual([]);
  });

  test("no file names a place of one machine or a package registry", () => {
    expect(FILES.flatMap(privateWords)).toEqual([]);
  });
});

/** Every file that is, or is about to be, under version control; in an exported tree, every file that is not made here. */
function listFiles(): readonly string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { status, stdout } = spawnSync("git", args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
  if (status === 0) return stdout.toString().split("\0").filter(Boolean);
  const made = new Set(["node_modules", "dist", "coverage", ".git", ".tmp"]);
  const walk = (below: string): readonly string[] =>
    readdirSync(join(ROOT, below), { withFileTypes: true })
      .filter(({ name }) => !made.has(name))
      .flatMap((entry) => {
        const name = join(below, entry.name);
        if (entry.isDirectory()) return walk(name);
        return entry.isFile() ? [name] : [];
      });
  return walk("");
}

function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly language: string; readonly lines: string[] } | undefined;
  for (const [index, line] of readFileSync(join(ROOT, page), "utf8").split("\n").entries()) {
    const fence = /^```(\w*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { line: index + 1, language: fence[1] ?? "", lines: [] };
    else {
      blocks.push({ page, line: open.line, language: open.language, text: `${open.lines.join("\n")}\n` });
      open = undefined;
    }
  }
  return blocks;
}

/** Tests run in their framework, everything else as it is. */
function argumentsFor(program: Block): readonly string[] {
  const file = fileOf(program);
  if (!program.text.includes('from "vitest"')) return ["--import", "tsx", join(folder, file)];
  const config = join(folder, `${file}.config.mjs`);
  writeFileSync(config, `export default { test: { include: [${JSON.stringify(file)}] } };\n`);
  return [join(ROOT, "node_modules", "vitest", "vitest.mjs"), "run", "--root", folder, "--config", config];
}

function fileOf({ page, line }: Block): string {
  return `${page.replaceAll(/[^A-Za-z0-9]+/g, "-")}-${line}.ts`;
}

function brokenLinks(page: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target.replaceAll("\n", " "));
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !leadsSomewhere(page, target))
    .map((target) => `${page}: ${target}`);
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
  if (!existsSync(file) || relative(ROOT, file).startsWith("..")) return false;
  if (anchor === undefined) return true;
  return statSync(file).isFile() && anchorsOf(file).includes(anchor);
}

/** Anchors of headings, as code hosts make them. */
function anchorsOf(file: string): readonly string[] {
  const headings = readFileSync(file, "utf8").match(/^#+ .+$/gm) ?? [];
  return headings.map((heading) => {
    const words = heading.replace(/^#+ /, "").toLowerCase();
    return words.replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  });
}

/** Folders of people and of build machines, wherever an absolute path may begin. */
const PLACES = /(?<![\w.~:/\\-])(?:\/(?:root|work|home\/[\w.-]+|Users\/[\w.-]+)\/|[A-Z]:\\Users\\)/;
/** Split, so that this file does not find itself. */
const REGISTRIES = [
  ["registry", "npmjs"],
  ["registry", "yarnpkg"],
  ["npm", "pkg", "github"],
  ["files", "pythonhosted"],
];

function privateWords(name: string): readonly string[] {
  const bytes = readFileSync(join(ROOT, name));
  if (bytes.includes(0)) return [];
  const words = [ROOT, homedir(), ...REGISTRIES.map((parts) => parts.join("."))].filter((word) => word.length > 5);
  const lines = bytes.toString("utf8").split("\n");
  return lines.flatMap((line, index) => {
    return PLACES.test(line) || words.some((word) => line.includes(word)) ? [`${name}:${index + 1}`] : [];
  });
}
