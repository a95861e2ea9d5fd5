// Installs what tests need and is too heavy for the root (Next.js and workerd of the mounting tests: half a gigabyte; a
// peer that people move from), once, at the exact versions of test/mount/package.json: `npm ci && npm start` stays light.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "test", "mount");
const installed = join(folder, "node_modules", ".package-lock.json");

/** True when what is installed is what package.json says. */
function isFresh() {
  if (!existsSync(installed)) return false;
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { packages } = JSON.parse(readFileSync(installed, "utf8"));
  return Object.entries(dependencies).every(([name, version]) => packages[`node_modules/${name}`]?.version === version);
}

/** Installs if needed. Also the global set-up of vitest. */
export function setup() {
  if (isFresh()) return;
  process.stderr.write("installing the hosts of the mounting tests (test/mount, about 500 MB, once) …\n");
  // No lock file: it would have to name the builds for every platform, and a mirror that lacks one makes `npm ci` fail.
  const args = ["install", "--no-package-lock", "--no-audit", "--no-fund"];
  const result = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) throw new Error(`npm install in test/mount ended with ${result.status ?? result.signal}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup();
