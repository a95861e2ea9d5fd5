// Compiles src/ to dist/. Skips the work when dist/ is newer than every source, so that `npm start` and `npm test` can
// always call it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "dist", ".built");

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

const sources = Math.max(
  newest(join(root, "src")),
  ...["tsconfig.json", "package.json"].map((f) => newest(join(root, f))),
);
if (!existsSync(stamp) || statSync(stamp).mtimeMs < sources) {
  // Built beside and swapped in, so that a server that starts meanwhile never sees half a package.
  const fresh = join(root, ".tmp", `dist-${process.pid}`);
  const old = join(root, ".tmp", `dist-old-${process.pid}`);
  mkdirSync(join(root, ".tmp"), { recursive: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json"), "--outDir", fresh], {
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.exit(result.status ?? 1);
  }
  writeFileSync(join(fresh, ".built"), "");
  if (existsSync(join(root, "dist"))) renameSync(join(root, "dist"), old);
  renameSync(fresh, join(root, "dist"));
  rmSync(old, { recursive: true, force: true });
}
