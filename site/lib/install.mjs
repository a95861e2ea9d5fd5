/** Brings VitePress and TypeDoc onto the machine on first use: they have a lock file of their own. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { ROOT, SITE } from "./places.mjs";

export function install() {
  // TypeDoc reads the sources with the types of what they import.
  if (!existsSync(`${ROOT}node_modules/.package-lock.json`))
    throw new Error("site: node_modules/ is missing; run `npm ci` at the root of the repository first");
  if (isInstalled()) return;
  console.error("site: installing VitePress and TypeDoc (npm ci in site/) …");
  // No scripts: none of the packages needs one to build pages.
  const args = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  const { status, error } = spawnSync("npm", args, { cwd: SITE, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  const why = error === undefined ? `it ended with ${status}` : error.message;
  throw new Error(`site: \`npm ci\` in site/ failed (${why}); npm must reach a package registry, or have a warm cache`);
}

/** Everything the lock file names for this machine, at its version. */
function isInstalled() {
  const installed = `${SITE}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const wanted = packagesOf(`${SITE}package-lock.json`);
  const there = packagesOf(installed);
  return Object.entries(wanted).every(([name, { version, optional }]) => {
    return name === "" || optional === true || there[name]?.version === version;
  });
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}
