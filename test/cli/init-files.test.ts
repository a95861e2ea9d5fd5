/** What `holdfast init` writes, and what it takes for a name or a registry, without running npm. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { INIT } from "../../src/cli/init-command.js";
import { dependencyFor, isFromRegistry } from "../../src/cli/init-package.js";
import { hashApiKey } from "../../src/index.js";
import {
  NODE_RANGE,
  nameFor,
  nameProblem,
  OVERRIDES,
  projectFiles,
  TEMPLATE_NAMES,
  VERSIONS,
} from "../../src/init/index.js";
import { serviceName } from "../../src/init/names.js";
import { folder, ROOT } from "./helpers/cli.js";

const files = folder();
const FACTS = {
  name: "@acme/notes",
  holdfast: "file:vendor/holdfast-0.1.0.tgz",
  key: "hf_key-of-this-test",
  keyHash: hashApiKey("hf_key-of-this-test"),
  secret: "secret-of-this-test",
};
type Table = Readonly<Record<string, string>>;
interface Manifest {
  readonly name: string;
  readonly engines: Table;
  readonly scripts: Table;
  readonly dependencies: Table;
  readonly devDependencies: Table;
  readonly optionalDependencies: Table;
  readonly overrides: Table;
}
const root = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;

describe("versions", () => {
  it("are those that this package is tested with", () => {
    const own: Table = { ...root.devDependencies, ...root.optionalDependencies };
    expect(VERSIONS).toEqual(Object.fromEntries(Object.keys(VERSIONS).map((name) => [name, own[name]])));
    expect([NODE_RANGE, OVERRIDES]).toEqual([root.engines.node, root.overrides]);
  });
});

describe.each(TEMPLATE_NAMES)("template %s", (template) => {
  const made = projectFiles(template, FACTS);
  const content = (path: string) => made.find((file) => file.path === path)?.content ?? "";
  const manifest = JSON.parse(content("package.json")) as Manifest;

  it("has what every project has, each file once", () => {
    const paths = made.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    const all = ["package.json", "tsconfig.json", ".gitignore", ".editorconfig", "README.md", "src/server.ts"];
    expect(paths).toEqual(expect.arrayContaining([...all, "test/server.test.ts"]));
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(["start", "dev", "call", "test", "types"]));
  });

  it("is filled in, and ends each file with one line end", () => {
    for (const { path, content: text } of made) {
      expect([path, /\{\{|\[object |: "?undefined"?,?$/m.test(text)]).toEqual([path, false]);
      expect([path, /[^\n]\n$/.test(text)]).toEqual([path, true]);
    }
    expect(content("src/server.ts")).toContain('name: "notes"');
  });

  it("depends on what it imports, and on nothing that it does not use", () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    const imported = made.flatMap(({ content: text }) => [...text.matchAll(/^import .* from "([^."][^"]*)";$/gm)]);
    const names = imported.map(([, specifier = ""]) =>
      specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/"),
    );
    const foreign = new Set(names.filter((name) => !name.startsWith("node:")));
    // Used by scripts, by the types, and by Holdfast.
    const byOthers = new Set(["typescript", "tsx", "@types/node", "lmdb"]);
    expect(
      Object.keys(all)
        .filter((name) => !byOthers.has(name))
        .sort(),
    ).toEqual([...foreign].sort());
    expect(all).toEqual({
      ...Object.fromEntries(Object.keys(all).map((name) => [name, (VERSIONS as Table)[name]])),
      holdfast: FACTS.holdfast,
    });
    expect(manifest).toMatchObject({ name: FACTS.name, private: true, type: "module", engines: { node: NODE_RANGE } });
  });

  it("says in README.md what is in vendor/ only where something is", () => {
    expect(content("README.md")).toContain("vendor/");
    const other = projectFiles(template, { ...FACTS, holdfast: "^0.1.0" });
    for (const { content: text } of other) expect(text).not.toContain("vendor");
  });
});

describe("template http", () => {
  const made = projectFiles("http", FACTS);
  const content = (path: string) => made.find((file) => file.path === path)?.content ?? "";

  it("has the key in .env alone, which neither git nor an image takes", () => {
    const holders = (text: string) => made.filter((file) => file.content.includes(text)).map(({ path }) => path);
    expect([holders(FACTS.key), holders(FACTS.secret)]).toEqual([[".env"], [".env"]]);
    expect(made.filter(({ secret }) => secret === true).map(({ path }) => path)).toEqual([".env"]);
    for (const path of [".gitignore", ".dockerignore"]) expect(content(path)).toMatch(/^\.env\*?$/m);
    expect(JSON.parse(content("api-keys.json"))).toMatchObject([{ hash: FACTS.keyHash }]);
  });

  it("has a unit and an image that find the package, the state and the public name", () => {
    expect(content("Dockerfile")).toMatch(
      /COPY package.json package-lock.json \.\/\nCOPY vendor \.\/vendor\nRUN npm ci/,
    );
    expect(content("Dockerfile")).toContain("ENV STATE_DIRECTORY=/data\n");
    expect(content("compose.yaml")).toContain("      PUBLIC_URL: https://notes.example.com\n");
    expect(content("deploy/notes.env")).toContain("\nPUBLIC_URL=https://notes.example.com\n");
    expect(content("deploy/notes.service")).toContain("StateDirectory=notes\n");
  });
});

describe("names", () => {
  it.each(["a", "notes", "my-server.2", "@acme/notes", "~x", "n".repeat(214)])("takes %s", (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });

  it.each([
    ["", "empty"],
    ["n".repeat(215), "longer"],
    ["Notes", "capital"],
    [".notes", "begins with"],
    ["_notes", "begins with"],
    ["my notes", "lower case"],
    ["a/b", "scope"],
    ["@acme/", "scope"],
    ["../up", "begins with"],
    ['a"b', "lower case"],
    ["nötes", "lower case"],
    ["node_modules", "npm keeps"],
    ["fs", "module of Node"],
    ["holdfast", "depends"],
    ["zod", "depends"],
  ])("refuses %j: %s", (name, why) => {
    expect(nameProblem(name)).toContain(why);
  });

  it("are made of folders, where one can be", () => {
    const folders = ["My Server", "_x_", "zod", "…", "Notes (2)"];
    expect(folders.map(nameFor)).toEqual(["my-server", "x", undefined, undefined, "notes-2"]);
  });

  it("of services are what units, containers and YAML take", () => {
    const names = ["@acme/notes.app", "2cool", "yes", "~", "n".repeat(60)];
    expect(names.map(serviceName)).toEqual(["notes-app", "mcp-2cool", "mcp-yes", "mcp", "n".repeat(48)]);
  });
});

describe("where the package comes from", () => {
  const registry = "https://registry.example.com/holdfast/-/holdfast-0.1.0.tgz";
  const integrity = "sha512-x";
  const copyOf = (name: string, entry: object | undefined) => {
    const modules = files.path(join(name, "node_modules"));
    mkdirSync(join(modules, "holdfast"), { recursive: true });
    if (entry !== undefined) {
      writeFileSync(
        join(modules, ".package-lock.json"),
        JSON.stringify({ packages: { "node_modules/holdfast": entry } }),
      );
    }
    return join(modules, "holdfast");
  };

  it.each([
    ["a registry", { resolved: registry, integrity }, true],
    ["a registry that npm leaves out", { integrity }, true],
    ["a file", { resolved: "file:vendor/holdfast-0.1.0.tgz", integrity }, false],
    ["a URL", { resolved: "https://example.com/build/holdfast-0.1.0.tgz", integrity }, false],
    ["a repository", { resolved: "git+ssh://git@example.com/a/holdfast.git#1" }, false],
    ["a link", { resolved: "../holdfast", link: true }, false],
    ["nobody knows where", undefined, false],
  ])("%s", async (what, entry, expected) => {
    expect(await isFromRegistry(copyOf(what, entry))).toBe(expected);
  });

  it("a checkout is none", async () => {
    expect(await isFromRegistry(ROOT)).toBe(false);
  });

  it.each([
    ["^0.1.0", "^0.1.0"],
    ["latest", "latest"],
    ["https://example.com/a.tgz", "https://example.com/a.tgz"],
    ["./a.tgz", "file:../a.tgz"],
    ["file:a.tgz", "file:../a.tgz"],
    ["a.tgz", "file:../a.tgz"],
    [join(process.cwd(), "b/a.tgz"), "file:../b/a.tgz"],
  ])("--holdfast %s is %s in a project of the folder below", async (given, spec) => {
    expect(await dependencyFor(join(process.cwd(), "project"), given)).toEqual({ spec });
  });
});

it("offers the templates that there are", () => {
  expect(INIT.options.find(({ flags }) => flags.startsWith("--template"))?.choices).toEqual(TEMPLATE_NAMES);
});
