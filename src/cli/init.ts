import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type ProjectFile, projectFiles } from "../init/index.js";
import { EXIT } from "./errors.js";
import { type NpmEnd, npm } from "./init-npm.js";
import { type Dependency, dependencyFor } from "./init-package.js";
import { type Plan, planOf } from "./init-plan.js";
import { newApiKey, newSecret } from "./keys.js";
import type { Action } from "./spec.js";
import { paletteOf } from "./terminal.js";

/** `.env` holds a key. */
const SECRET_MODE = 0o600;

/** Whatever npm is set to elsewhere: tools for tests are installed, and the lock names no registry of this machine. */
const NPM_INSTALL = [
  "install",
  "--include=dev",
  "--package-lock",
  "--omit-lockfile-registry-resolved",
  "--no-workspaces",
  "--no-audit",
  "--no-fund",
];

/** `locked`: package-lock.json is there, the packages are not. `own`: files that npm would change were there before. */
type Installed = "installed" | "locked" | "failed" | "own";

/** What the project's package.json has. */
interface Manifest {
  readonly type: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
}

interface Made extends Plan {
  readonly manifest: Manifest;
  readonly dependency: Dependency;
  readonly files: readonly string[];
  readonly kept: readonly string[];
  readonly packages: Installed;
  readonly said: readonly string[];
}

/** `holdfast init`: writes a project and installs its packages. */
export const init: Action = async (invocation) => {
  const { options } = invocation;
  const plan = await planOf(invocation);
  const { directory, name, template } = plan;
  await mkdir(directory, { recursive: true });
  const own = ["package.json", "package-lock.json"].some((file) => existsSync(join(directory, file)));
  const dependency = await dependencyFor(
    directory,
    typeof options.holdfast === "string" ? options.holdfast : undefined,
  );
  const { key, hash } = newApiKey();
  const facts = { name, holdfast: dependency.spec, keyHash: hash, key, secret: newSecret() };
  const project = projectFiles(template, facts);
  const manifest = JSON.parse(project.find(({ path }) => path === "package.json")?.content ?? "{}") as Manifest;
  const written = await writeAll(directory, project);
  const { packages, said } = own
    ? { packages: "own" as const, said: [] }
    : await install(directory, options.install !== false);
  const made: Made = { ...plan, manifest, dependency, ...written, packages, said };
  const warning = await warningOf(made);
  if (warning !== undefined) process.stderr.write(`${paletteOf(process.stderr).red("warning:")} ${warning}\n`);
  if (options.json === true) process.stdout.write(`${JSON.stringify(asJson(made), undefined, 2)}\n`);
  else report(made);
  return packages === "failed" ? EXIT.failed : EXIT.ok;
};

/** Never over a file that is there, also one that came to be there a moment ago. */
async function writeAll(directory: string, all: readonly ProjectFile[]): Promise<Pick<Made, "files" | "kept">> {
  const files: string[] = [];
  const kept: string[] = [];
  for (const { path, content, secret } of all) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    try {
      await writeFile(file, content, { flag: "wx", ...(secret === true && { mode: SECRET_MODE }) });
      files.push(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      kept.push(path);
    }
  }
  return { files, kept };
}

async function install(directory: string, all: boolean): Promise<Pick<Made, "packages" | "said">> {
  const args = [...NPM_INSTALL, ...(all ? [] : ["--package-lock-only"])];
  const doing = all ? "npm installs packages" : "npm looks packages up";
  const { ok, said }: NpmEnd = await npm({ cwd: directory, args, doing });
  if (!ok) return { packages: "failed", said };
  return { packages: all ? "installed" : "locked", said: [] };
}

/** A .gitignore that was there is somebody's own, and may let the key go into a repository. */
async function warningOf({ directory, files, kept }: Made): Promise<string | undefined> {
  if (!files.includes(".env") || !kept.includes(".gitignore")) return undefined;
  const lines = (await readFile(join(directory, ".gitignore"), "utf8")).split("\n").map((line) => line.trim());
  if (lines.some((line) => /^(?:\*\*)?\/?(?:\*|\.env\*?|\*\.env)$/.test(line))) return undefined;
  return "There is a key in .env, and .gitignore does not name that file: add it before you commit.";
}

function asJson(made: Made): object {
  const { directory, name, template, dependency, files, kept, packages, said } = made;
  const { spec, vendored } = dependency;
  return {
    ...{ directory, name, template, holdfast: spec, ...(vendored !== undefined && { vendored }) },
    ...{ files, kept, packages, ...(said.length > 0 && { npm: said }), next: nextSteps(made) },
  };
}

function nextSteps(made: Made): readonly string[] {
  const { packages, directory, kept } = made;
  const folder = relative(process.cwd(), directory) || ".";
  const words = /^[\w./@+-]+$/.test(folder) ? folder : JSON.stringify(folder);
  const first = folder === "." ? [] : [`cd ${words}`];
  const own = kept.includes("package.json") ? merging(made.manifest) : ["npm install"];
  const npmStep = { installed: [], locked: ["npm ci"], failed: ["npm install"], own }[packages];
  return [...first, ...npmStep, "npm test", "npm start"];
}

/** Commands that bring into somebody's package.json what the project needs. */
function merging({ type, scripts, dependencies, devDependencies, overrides }: Manifest): readonly string[] {
  const exact = (record: Manifest["scripts"]) => Object.entries(record).map(([name, spec]) => `${name}@${spec}`);
  const values = [
    `type=${type}`,
    ...Object.entries(scripts).map(([name, line]) => `scripts.${name}=${line}`),
    ...Object.entries(overrides).map(([name, version]) => `overrides.${name}=${version}`),
  ];
  return [
    `npm pkg set ${values.map((value) => JSON.stringify(value)).join(" ")}`,
    `npm install --save-exact ${exact(dependencies).join(" ")}`,
    `npm install --save-exact --save-dev ${exact(devDependencies).join(" ")}`,
  ];
}

function report(made: Made): void {
  const { directory, name, template, dependency, files, kept, packages, said } = made;
  const { bold, dim, red } = paletteOf(process.stdout);
  const where = relative(process.cwd(), directory) || "this folder";
  const lines = [`${bold(name)} (${template}) is in ${where}: ${files.length} files.`];
  if (kept.length > 0) lines.push(`Kept as they were: ${kept.join(", ")}.`);
  if (dependency.vendored !== undefined) {
    lines.push(
      `Holdfast is in ${dependency.vendored}: this copy did not come from a registry. Put it under version control.`,
    );
  }
  if (files.includes(".env"))
    lines.push(`A key to call it with is in .env${kept.includes(".gitignore") ? "" : ", which git does not take"}.`);
  if (packages === "own") lines.push("Nothing was installed: package.json or its lock file was there before.");
  if (packages === "failed") process.stderr.write(failure(said, red));
  lines.push("", ...nextSteps(made).map((step) => `  ${step}`));
  if (files.includes("README.md")) lines.push("", dim("README.md says the rest."));
  process.stdout.write(`${lines.join("\n")}\n`);
}

function failure(said: readonly string[], red: (text: string) => string): string {
  const what = `${red("error:")} npm did not install the packages; the files are written. When a registry can be reached, go on as below.`;
  return `${[what, ...said.map((line) => `  ${line}`)].join("\n")}\n`;
}
