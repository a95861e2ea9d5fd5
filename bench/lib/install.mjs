/** Brings the peers onto the machine on first use: they have a lock file of their own. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const BENCH = fileURLToPath(new URL("..", import.meta.url));

export function install(dist) {
  if (!existsSync(`${dist ?? `${BENCH}../dist`}/index.js`))
    throw new Error("bench: dist/ is missing; run `npm run build` first");
  if (existsSync(`${BENCH}node_modules/.package-lock.json`)) return;
  console.error("bench: installing the peers (npm ci in bench/) …");
  // No scripts: what is measured is the code, and none of the peers needs one.
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: BENCH,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Error("bench: npm ci failed");
}
