/** [S31] What is installed with the package, and what is published as it: nothing that was not decided on. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const json = <T>(name: string): T => JSON.parse(read(name)) as T;

type Versions = Readonly<Record<string, string>>;
interface Manifest {
  readonly scripts?: Versions;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly peerDependencies?: Versions;
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>;
  readonly bundleDependencies?: unknown;
  readonly bin?: unknown;
  readonly overrides?: Versions;
}
interface Locked {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly version?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Versions;
  readonly optional?: boolean;
}

const manifest = json<Manifest>("package.json");
const { packages } = json<{ packages: Record<string, Locked> }>("package-lock.json");
const workspaces = Object.keys(packages).filter((name) => name !== "" && !name.includes("node_modules/"));
const installed = Object.entries(packages).filter(([name]) => name.includes("node_modules/"));
/** Exactly one version: no range, no tag, no address. */
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

describe("[S31] package.json", () => {
  /** What npm runs on the machine of whoever installs, or, unasked, of whoever publishes. */
  const HOOKS =
    /^(pre|post)?(install|uninstall|prepare|pack|publish|publishOnly|prepublish|prepublishOnly|dependencies|version)$/;

  test("has no script that runs by itself, and brings one command", () => {
    expect(Object.keys(manifest.scripts ?? {})).toContain("build");
    expect(Object.keys(manifest.scripts ?? {}).filter((name) => HOOKS.test(name))).toEqual([]);
    expect([manifest.bin, manifest.bundleDependencies]).toEqual([{ holdfast: "./dist/cli.js" }, undefined]);
    for (const folder of workspaces) {
      const { scripts = {} } = json<Manifest>(`${folder}/package.json`);
      expect([folder, Object.keys(scripts).filter((name) => HOOKS.test(name))]).toEqual([folder, []]);
    }
    // With it, npm would compile something without any script.
    expect(existsSync(join(ROOT, "binding.gyp"))).toBe(false);
  });

  test("names every version exactly", () => {
    const { dependencies, devDependencies, optionalDependencies, overrides } = manifest;
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies, ...overrides });
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter(([, version]) => !EXACT.test(version))).toEqual([]);
  });

  test("depends at run time on what decisions/0001-dependencies.md gives a reason for, and on nothing else", () => {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = manifest;
    expect(Object.keys({ ...dependencies, ...optionalDependencies }).sort()).toEqual(decided("Run time"));
    expect(Object.keys(peerDependencies).sort()).toEqual(decided("Optional peer"));
    expect(Object.keys(manifest.peerDependenciesMeta ?? {}).sort()).toEqual(decided("Optional peer"));
  });

  /** Names in the table of this title that have a reason. */
  function decided(title: string): readonly string[] {
    const tables = new RegExp(`\\| ${title} \\|[^\\n]*\\n((?:\\|[^\\n]*\\n)+)`);
    const [, table = ""] = tables.exec(read("decisions/0001-dependencies.md")) ?? [];
    const names = table.split("\n").flatMap((row) => {
      const [, cell = "", reason = ""] = row.split("|");
      // Less is a label and no reason.
      return reason.trim().length < 40 ? [] : [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    });
    return names.sort();
  }
});

describe("[S31] package-lock.json", () => {
  test("knows the bytes of everything that is installed", () => {
    const foreign = installed.filter(([, { link }]) => link !== true);
    expect(foreign.length).toBeGreaterThan(100);
    const unknown = foreign.filter(([, { integrity = "" }]) => !/^sha512-[\w+/]{86}==$/.test(integrity));
    expect(unknown.map(([name]) => name)).toEqual([]);
    const elsewhere = foreign.filter(([, { resolved }]) => resolved !== undefined && !resolved.startsWith("https://"));
    expect(elsewhere.map(([name]) => name)).toEqual([]);
    const links = installed.filter(([, { link }]) => link === true).map(([, { resolved = "" }]) => resolved);
    expect(links.filter((target) => target !== "" && !workspaces.includes(target))).toEqual([]);
  });

  test("has the versions of package.json", () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const wanted = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    const got = wanted.map(([name]) => [name, packages[`node_modules/${name}`]?.version]);
    expect(got).toEqual(wanted);
  });

  test("what must be installed with the package has no dependency and runs nothing when installed", () => {
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      const { dependencies = {}, hasInstallScript = false } = packages[`node_modules/${name}`] ?? {};
      expect([name, dependencies, hasInstallScript]).toEqual([name, {}, false]);
    }
    // The native parts: two of the optional store, a compiler for development, what the example about SSH needs; and
    // protobufjs, whose script only compares versions.
    const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([name]) => name);
    const known = ["cpu-features", "esbuild", "lmdb", "msgpackr-extract", "protobufjs", "ssh2"];
    expect(
      scripted.map((name) => name.split("node_modules/").at(-1) ?? "").filter((name) => !known.includes(name)),
    ).toEqual([]);
  });
});

describe("[S31] what is published", () => {
  test("is dist, and what says what it is", async () => {
    const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--offline"];
    const { stdout } = await promisify(execFile)("npm", args, { cwd: ROOT, maxBuffer: 16_777_216 });
    const [{ files }] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }];
    const paths = files.map(({ path }) => path);
    const beside = paths.filter((path) => !path.startsWith("dist/")).sort();
    expect(beside).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(paths).toContain("dist/index.js");
    // The licences of what is bundled into the command.
    const others = paths.filter((path) => path.startsWith("dist/") && !/\.(js|d\.ts|js\.map)$/.test(path));
    const licences = ["commander", "jsonc-parser", "preact", "smol-toml"].map((name) => `dist/cli-${name}-license.txt`);
    expect(others.sort()).toEqual(licences);
    expect(paths.filter((path) => /(^|\/)(\.[^/]*|node_modules|tests?)(\/|$)|\.test\./.test(path))).toEqual([]);
  });

  const dist = (): readonly string[] => {
    const names = readdirSync(join(ROOT, "dist"), { recursive: true, encoding: "utf8" });
    return names.filter((name) => name.endsWith(".js"));
  };

  test("makes no code of texts, and imports nothing but Node and what it depends on", () => {
    expect(dist().length).toBeGreaterThan(5);
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    const known = new Set(Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));
    for (const name of dist()) {
      const code = read(`dist/${name}`).replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, "");
      expect(code, name).not.toMatch(
        /\beval\s*\(|\bnew\s+Function\b|\bFunction\s*\(|["'](?:node:)?vm["']|\bWebAssembly\b/,
      );
      const imported = [...code.matchAll(/(?:\bfrom |^import |\bimport\(|\brequire\w*\()["']([^"']+)["']/gm)];
      const foreign = imported.map(([, specifier = ""]) => specifier).filter((one) => !/^(\.|node:)/.test(one));
      expect([name, foreign.filter((one) => !known.has(packageOf(one)))]).toEqual([name, []]);
    }
  });
});

/** `@scope/name` of `@scope/name/entry`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
