/** Installs the official conformance suite into a cache folder and runs its server role against a URL. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Everything the runner leaves behind; git and the linter ignore it. */
export const TEMPORARY = join(ROOT, ".tmp");
/** Pinned: no pre-release has a dist-tag, and `latest` knows nothing of 2026-07-28. */
const VERSION = "0.2.0-alpha.12";
const PACKAGE = "@modelcontextprotocol/conformance";

/** No dependency of ours: 52 MB that only this command needs. Returns the folder of the package. */
export async function installSuite(report) {
  const home = join(TEMPORARY, `conformance-suite-${VERSION}`);
  const installed = join(home, "node_modules", PACKAGE);
  if (fs.existsSync(join(installed, "requirements"))) return installed;
  report(`installing ${PACKAGE}@${VERSION}`);
  await mkdir(TEMPORARY, { recursive: true });
  const fresh = await mkdtemp(`${home}-`);
  await writeFile(join(fresh, "package.json"), '{ "private": true }\n');
  const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  const code = await run("npm", ["install", "--prefix", fresh, ...flags, `${PACKAGE}@${VERSION}`], {
    cwd: fresh,
    log: join(fresh, "npm.log"),
    timeoutMs: 300_000,
  });
  if (code !== 0)
    throw new Error(`npm could not install the suite:\n${fs.readFileSync(join(fresh, "npm.log"), "utf8")}`);
  // One rename publishes the finished install; where a run beside this one was faster, its install is as good.
  await rename(fresh, home).catch(() => rm(fresh, { recursive: true, force: true }));
  if (!fs.existsSync(join(installed, "requirements"))) throw new Error(`${home} is broken: remove it`);
  return installed;
}

/** Runs all scenarios of one revision; the results are in `output`. Returns the suite's exit code. */
export async function runSuite({ suite, url, revision, output, log }) {
  const preload = "globSync" in fs ? [] : ["--import", new URL("conformance-node20.mjs", import.meta.url).href];
  const entry = join(suite, "dist", "index.js");
  const options = ["server", "--url", url, "--requirements", revision, "-o", output];
  // The suite gives each scenario 30 s, so a server that never answers would hold it for a quarter of an hour.
  return await run(process.execPath, [...preload, entry, ...options], { cwd: dirname(log), log, timeoutMs: 300_000 });
}

const children = new Set();

/** Ends what was started here, by its process id. */
export function endChildren() {
  for (const child of children) child.kill("SIGKILL");
}

async function run(command, args, { cwd, log, timeoutMs }) {
  const file = await open(log, "w");
  try {
    const child = spawn(command, args, { cwd, stdio: ["ignore", file.fd, file.fd], timeout: timeoutMs });
    children.add(child);
    return await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code, signal) => {
        children.delete(child);
        resolve(code ?? signal);
      });
    });
  } finally {
    await file.close();
  }
}
