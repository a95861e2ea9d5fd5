/** `holdfast init` as a command: what it refuses, keeps, asks, and leaves where npm cannot help. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FETCH_TIMEOUT_MS, type Program, requireProgram } from "../support/debian.js";
import { CLI, folder, holdfast } from "./helpers/cli.js";

const files = folder();
/** No registry, and nothing that npm remembers of one: it fails at once. */
const OFFLINE = {
  npm_config_registry: "http://127.0.0.1:9/",
  npm_config_fetch_retries: "0",
  npm_config_cache: files.path("no-cache"),
};
const SPEC = ["--holdfast", "^0.1.0"];

describe("refuses", () => {
  it.each([
    ["capitals", ["x", "--name", "Notes"], /"Notes" is no name[\s\S]*--name notes/],
    ["a way out", ["x", "--name", "../up"], /no name for a package/],
    ["a name of a dependency", ["x", "--name", "zod"], /depends on a package of this name/],
    ["a folder that gives no name", ["§"], /No name can be made of "§"[\s\S]*--name/],
    ["a template that is not there", ["x", "--template", "web"], /none of basic, http/],
    ["an empty dependency", ["x", "--holdfast", ""], /--holdfast is empty/],
  ])("%s", async (_what, args, text) => {
    const cwd = files.path("refused");
    mkdirSync(cwd, { recursive: true });
    const { code, stdout, stderr } = await holdfast(["init", ...args], { cwd });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(text);
    expect(existsSync(join(cwd, "x", "package.json"))).toBe(false);
  });

  it("a folder that is not empty, and names what is in it; a file", async () => {
    const full = files.path("full");
    files.write("full/thesis.md", "years of work");
    files.write("full/.git/HEAD", "");
    const refused = await holdfast(["init", full, "--json"]);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(/is not empty: thesis\.md\.\n.*--force/);
    expect(readdirSync(full).sort()).toEqual([".git", "thesis.md"]);
    const { code, stderr } = await holdfast(["init", join(full, "thesis.md")]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("is a file")]);
  });
});

describe("with --force", () => {
  it("keeps every file that is there, and says how to bring in what package.json needs", async () => {
    const there = { "package.json": '{"name":"mine"}', "README.md": "# Mine\n", "src/server.ts": "// mine\n" };
    for (const [name, text] of Object.entries(there)) files.write(`forced/${name}`, text);
    const cwd = files.path("forced");
    const { code, stdout } = await holdfast(["init", "--force", "--json", ...SPEC], { cwd, env: OFFLINE });
    const made = JSON.parse(stdout) as { kept: string[]; files: string[]; packages: string; next: string[] };
    expect([code, made.packages, made.kept.sort()]).toEqual([0, "own", Object.keys(there).sort()]);
    for (const [name, text] of Object.entries(there)) expect(readFileSync(join(cwd, name), "utf8")).toBe(text);
    expect(made.files).toContain("test/server.test.ts");
    expect(made.next.join("\n")).toMatch(/npm pkg set "type=module".*\nnpm install --save-exact holdfast@\^0\.1\.0 /);
  });

  it("warns of a .gitignore that lets the key into a repository", async () => {
    const init = async (name: string, ignored: string) => {
      files.write(`${name}/.gitignore`, ignored);
      files.write(`${name}/package.json`, "{}");
      const cwd = files.path(name);
      return await holdfast(["init", "--force", "--template", "http", ...SPEC], { cwd, env: OFFLINE });
    };
    const [open, closed] = await Promise.all([init("open", "node_modules\n"), init("closed", "/.env\r\n")]);
    expect([open.code, open.stderr]).toEqual([0, expect.stringContaining(".gitignore does not name that file")]);
    expect(open.stdout).not.toContain("git does not take");
    expect([closed.code, closed.stderr]).toEqual([0, ""]);
  });

  it("does not change a lock file that is there", async () => {
    files.write("locked/package-lock.json", "{}");
    const cwd = files.path("locked");
    const { code, stdout } = await holdfast(["init", "--force", ...SPEC], { cwd, env: OFFLINE });
    expect([code, stdout]).toEqual([0, expect.stringContaining("Nothing was installed")]);
    expect(readFileSync(join(cwd, "package-lock.json"), "utf8")).toBe("{}");
  });
});

describe("without a registry", () => {
  it("leaves all files, says why and what is left to do, and ends with 1", async () => {
    const cwd = files.path("offline");
    mkdirSync(cwd);
    const args = ["init", "my project", "--template", "http", ...SPEC];
    const { code, stdout, stderr } = await holdfast(args, { cwd, env: OFFLINE });
    expect(code).toBe(1);
    expect(stderr).toMatch(/npm did not install the packages[\s\S]*ECONNREFUSED/);
    expect(stderr).not.toMatch(/^ *npm error at /m);
    expect(stdout).toMatch(/ {2}cd "my project"\n {2}npm install\n {2}npm test\n/);
    const { name } = JSON.parse(readFileSync(join(cwd, "my project/package.json"), "utf8")) as { name: string };
    expect(name).toBe("my-project");
    const environment = join(cwd, "my project/.env");
    const [, key = "none"] = /^MCP_TOKEN=(\S+)$/m.exec(readFileSync(environment, "utf8")) ?? [];
    expect(`${stdout}${stderr}`).not.toContain(key);
    if (process.platform !== "win32") expect(statSync(environment).mode & 0o777).toBe(0o600);
    rmSync(join(cwd, "my project"), { recursive: true });
    const again = await holdfast([...args, "--json"], { cwd, env: OFFLINE });
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ packages: "failed", template: "http", holdfast: "^0.1.0" });
  });
});

describe("on a terminal", () => {
  let script: Program;
  beforeAll(async () => {
    script = await requireProgram("script", "bsdutils");
  }, FETCH_TIMEOUT_MS);

  /** Types each answer when its question has come. */
  async function typing(args: string, answers: readonly (readonly [RegExp, string])[]): Promise<string> {
    const cwd = files.path("terminal");
    mkdirSync(cwd, { recursive: true });
    const env = { ...process.env, ...OFFLINE, ...script.env, NO_COLOR: "1", TERM: "xterm" };
    const line = `${process.execPath} ${CLI} init ${args}`;
    const child = spawn(script.path, ["-qec", line, "/dev/null"], { cwd, env, timeout: 25_000 });
    const left = [...answers];
    let text = "";
    let seen = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = left[0]?.[0].exec(text.slice(seen));
      if (found === undefined || found === null) return;
      seen += found.index + found[0].length;
      child.stdin.write(left.shift()?.[1] ?? "");
    });
    await once(child, "close");
    expect(left).toEqual([]);
    return text;
  }

  it("asks for what was not given, again where an answer will not do", async () => {
    const text = await typing(SPEC.join(" "), [
      [/Folder \(empty for this one\): /, "Asked\n"],
      [/Name \(asked\): /, "NO\n"],
      [/capital letters[\s\S]*Name \(asked\): /, "@acme/asked\n"],
      [/Template \(basic\): /, "web\n"],
      [/basic and http[\s\S]*Template \(basic\): /, "http\n"],
    ]);
    expect(text).toContain("@acme/asked (http) is in Asked");
    expect(text).toContain("npm installs packages");
    expect(existsSync(files.path("terminal/Asked/Dockerfile"))).toBe(true);
  });

  it("writes nothing when it is left", async () => {
    const text = await typing("left", [[/Name \(left\): /, "\u0004"]]);
    expect(text).toContain("Cancelled");
    expect(existsSync(files.path("terminal/left"))).toBe(false);
  });
});
