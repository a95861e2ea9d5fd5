/** How a new project gets this package: the same copy that makes it, and never somebody else's of the same name. */
import { constants } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError, EXIT, usage } from "./errors.js";
import { npm } from "./init-npm.js";

export interface Dependency {
  /** What package.json says. */
  readonly spec: string;
  /** Below the project, where the package comes from a file there. */
  readonly vendored?: string;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

/** What the project depends on; packs this copy into it where no registry is known to have it. */
export async function dependencyFor(project: string, given: string | undefined): Promise<Dependency> {
  if (given !== undefined) return { spec: specOf(given, project) };
  const root = await packageRoot(import.meta.url);
  const { version = "" } = await manifestOf(root);
  if (await isFromRegistry(root)) return { spec: `^${version}` };
  const vendored = await packInto(project, root);
  return { spec: `file:${vendored}`, vendored };
}

/** A path is meant from where the command was typed; package.json means it from the project. */
function specOf(given: string, project: string): string {
  const spec = given.trim();
  if (spec === "")
    throw usage("--holdfast is empty.", "Give what npm takes: 0.1.0, ^0.1.0, ./holdfast-0.1.0.tgz, a URL.");
  const path = spec.replace(/^file:/, "");
  const isPath =
    spec.startsWith("file:") || /^\.{0,2}[\\/]/.test(path) || isAbsolute(path) || /^[\w.-]+\.tgz$/.test(path);
  return isPath ? `file:${relative(project, resolve(path)).replaceAll("\\", "/")}` : spec;
}

/** The folder above this file that is a package: the build may put the file anywhere in it. */
async function packageRoot(url: string): Promise<string> {
  for (let folder = dirname(fileURLToPath(url)); dirname(folder) !== folder; folder = dirname(folder)) {
    if ((await manifestOf(folder)).name === "holdfast") return folder;
  }
  throw new CliError(EXIT.failed, "The package.json of holdfast is not where it should be.", {
    hint: "Say what to depend on: --holdfast ^0.1.0",
  });
}

async function manifestOf(folder: string): Promise<Manifest> {
  return ((await readJson(join(folder, "package.json"))) ?? {}) as Manifest;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

interface HiddenLock {
  readonly packages?: Readonly<
    Record<string, { readonly resolved?: string; readonly integrity?: string; readonly link?: boolean }>
  >;
}

/**
 * Whether npm installed this copy from a registry: its record beside the package says so. Without a record (a checkout,
 * another package manager) nobody knows, and a name alone proves nothing.
 */
export async function isFromRegistry(root: string): Promise<boolean> {
  const modules = dirname(root);
  if (basename(modules) !== "node_modules") return false;
  const { packages = {} } = ((await readJson(join(modules, ".package-lock.json"))) ?? {}) as HiddenLock;
  const entry = packages[`node_modules/${basename(root)}`];
  if (entry?.integrity === undefined || entry.link === true) return false;
  // Left out, where npm is told to name no registry; files and URLs are always named.
  return entry.resolved === undefined || /^https?:\/\/.*\/holdfast\/-\/holdfast-[^/]+\.tgz$/.test(entry.resolved);
}

/** Gives the path of the packed file, below the project. */
async function packInto(project: string, root: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-pack-"));
  try {
    const args = ["pack", root, "--pack-destination", folder, "--ignore-scripts", "--no-workspaces"];
    const { ok, said } = await npm({ cwd: folder, args, doing: "packing holdfast" });
    const [file] = await readdir(folder);
    if (!ok || file === undefined) {
      const hint = [...said, "Or say what to depend on: --holdfast ^0.1.0"].join("\n");
      throw new CliError(EXIT.failed, "npm could not pack the package.", { hint });
    }
    await mkdir(join(project, "vendor"), { recursive: true });
    await copyFile(join(folder, file), join(project, "vendor", file), constants.COPYFILE_EXCL).catch(keepThere);
    return `vendor/${file}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function keepThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
