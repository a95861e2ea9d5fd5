/**
 * Programs that tests need and npm does not have (nginx, and the like): the system's own where there is one, else the
 * package of Debian or Ubuntu, unpacked below `.tmp/debian` and run from there. Nothing is installed: no service starts,
 * no root is needed, and a second run finds what the first one fetched.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CACHE = fileURLToPath(new URL("../../.tmp/debian/", import.meta.url));
/** Where servers are installed that are no commands of ordinary users. */
const SBIN = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
/** A mirror that does not answer for so long will not. */
const COMMAND_TIMEOUT_MS = 180_000;
/** What a hook that calls `requireProgram` should be given: the first run fetches package lists and packages. */
export const FETCH_TIMEOUT_MS: number = 2 * COMMAND_TIMEOUT_MS;

const exec = promisify(execFile);

export interface Program {
  readonly path: string;
  /** To be added to the environment of the program: where its libraries are, when they came with it. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds the program `name`, or fetches it with `debianPackage`, in which it is the file that ends in `binary`. Safe to call from several processes at once.
 *
 * @throws Error that says what is missing and how to get it.
 */
export async function requireProgram(
  name: string,
  debianPackage: string = name,
  binary = `bin/${name}`,
): Promise<Program> {
  const installed = findInstalled(name);
  if (installed !== undefined) return { path: installed, env: {} };
  const root = join(CACHE, debianPackage);
  try {
    if (!existsSync(root)) await fetchPackage(debianPackage, root);
    return await programIn(root, binary);
  } catch (cause) {
    const how = `install it (on Debian and Ubuntu: apt-get install ${debianPackage}) so that it is in PATH`;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`This test needs the program ${name}: ${how}. Fetching it for this test failed: ${why}`, { cause });
  }
}

function findInstalled(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SBIN].filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function programIn(root: string, binary: string): Promise<Program> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  const path = files
    .filter((file) => file.endsWith(binary))
    .map((file) => join(root, file))
    .find(isProgram);
  if (path === undefined) throw new Error(`${root} has no program ${binary}`);
  // Some libraries keep parts of themselves in a folder of their own.
  const libraries = files.filter((file) => /^(usr\/)?lib\/[^/]+-linux-[^/]+\/([^/]+\/)?[^/]+\.so[.\d]*$/.test(file));
  const folders = [...new Set(libraries.map((file) => join(root, dirname(file))))];
  const env: Record<string, string> = folders.length === 0 ? {} : { LD_LIBRARY_PATH: folders.join(delimiter) };
  const { stdout } = await exec("ldd", [path], { env: { ...process.env, ...env } });
  const missing = stdout.split("\n").filter((line) => line.includes("not found"));
  if (missing.length > 0) throw new Error(`libraries are missing: ${missing.map((line) => line.trim()).join("; ")}`);
  return { path, env };
}

/** Unpacks the package and what it depends on into `root`, which is there as a whole or not at all. */
async function fetchPackage(name: string, root: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  // Lists and caches of its own: another process may hold the system's locks, and an ordinary user could not take them.
  const work = await mkdtemp(join(CACHE, `${name}-`));
  try {
    const [lists, cache, debs, unpacked] = ["lists", "cache", "debs", "root"].map((one) => join(work, one)) as [
      string,
      string,
      string,
      string,
    ];
    for (const folder of [join(lists, "partial"), join(cache, "archives", "partial"), debs, unpacked]) {
      await mkdir(folder, { recursive: true });
    }
    const settings = [`Dir::State::Lists=${lists}`, `Dir::Cache=${cache}`, "Debug::NoLocking=1"];
    const options = [...settings, "APT::Sandbox::User=root"].flatMap((setting) => ["-o", setting]);
    const apt = async (...args: string[]): Promise<string> => {
      return (await run("apt-get", ["-qq", ...options, ...args], debs)).stdout;
    };
    await apt("update");
    await apt("download", ...missingOf(name, await apt("install", "--simulate", "--no-install-recommends", name)));
    for (const deb of await readdir(debs)) await run("dpkg", ["-x", deb, unpacked], debs);
    await rename(unpacked, root).catch((error: NodeJS.ErrnoException) => {
      // Somebody else was faster.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What a simulated installation would add; newer versions of what the system has are left alone (a second libc!). */
function missingOf(name: string, simulation: string): readonly string[] {
  const added = Array.from(simulation.matchAll(/^Inst (\S+) \(/gm), ([, one]) => one ?? "");
  return [...new Set([name, ...added])];
}

function run(command: string, args: readonly string[], cwd: string): Promise<{ readonly stdout: string }> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  return exec(command, args, { cwd, env, timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 });
}
