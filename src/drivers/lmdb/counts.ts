/** Where counts are, and messages between processes: in an environment of their own, that nobody flushes. */
import { Environment, type EnvironmentOptions } from "./environment.js";
import { bootName } from "./owner.js";

/** Folders of counts begin so; the rest is the boot that they are of. */
const PREFIX = "counts-";

/**
 * Counts go by a clock that begins anew with each boot, so those of another boot say nothing, and need not have been
 * saved from its end: each boot has a folder of its own, and removes the others. Where boots have no names the counts
 * are with the rest, and flushed like it. Messages are for processes of this boot alone, and lie with the counts.
 */
export function countsEnvironment(options: EnvironmentOptions): Environment {
  const boot = bootName();
  if (boot === "") return new Environment(options);
  const folder = `${PREFIX}${boot}`;
  const made = new Environment(options, { folder, unflushed: true });
  removeOthers(options.dir, folder);
  return made;
}

function removeOthers(dir: string, folder: string): void {
  const { readdirSync, rmSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  try {
    const others = readdirSync(dir).filter((name) => name.startsWith(PREFIX) && !name.startsWith(folder));
    for (const name of others) rmSync(join(dir, name), { recursive: true, force: true });
  } catch {
    // What is left is some kilobytes; the next start tries again.
  }
}
