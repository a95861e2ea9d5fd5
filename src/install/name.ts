/** Names of servers in the files of clients. */
import { readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** What every client takes: letters, digits, `-` and `_`. Tools are shown with this in front, so it is short. */
export const SERVER_NAME: RegExp = /^[A-Za-z0-9][\w-]{0,63}$/;
const MAX_LENGTH = 64;
/** Names of files and folders that say nothing about what is in them. */
const SAYS_NOTHING: ReadonlySet<string> = new Set([
  "server",
  "index",
  "main",
  "app",
  "mcp",
  "cli",
  "src",
  "dist",
  "build",
  "lib",
  "bin",
]);
/** Programs that start another one, which the first of their words names. */
const STARTERS: ReadonlySet<string> = new Set([
  "npx",
  "node",
  "tsx",
  "bunx",
  "bun",
  "uvx",
  "uv",
  "python",
  "python3",
  "deno",
  "run",
]);

export function nameOfFile(file: string): string {
  const own = basename(file, extname(file));
  if (!SAYS_NOTHING.has(own)) return cleaned(own);
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const name = packageName(folder) ?? (SAYS_NOTHING.has(basename(folder)) ? undefined : basename(folder));
    if (name !== undefined) return cleaned(name);
  }
  return cleaned(own);
}

export function nameOfUrl(url: URL): string {
  return cleaned(url.host);
}

export function nameOfCommand([program = "", ...args]: readonly string[]): string {
  const first = basename(program, extname(program));
  const named = STARTERS.has(first) ? args.find((arg) => !arg.startsWith("-") && !STARTERS.has(arg)) : undefined;
  // A package may have a scope and a version; a file has an ending.
  const word = named?.replace(/^@[^/]*\//, "").replace(/@[^/]*$/, "") ?? first;
  return cleaned(basename(word, /\.[cm]?[jt]s$|\.py$/.exec(word)?.[0]));
}

function packageName(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly name?: unknown };
    return typeof name === "string" ? name.replace(/^@[^/]*\//, "") : undefined;
  } catch {
    return undefined;
  }
}

function cleaned(name: string): string {
  const clean = name
    .replace(/[^\w-]+/g, "-")
    .replace(/^[-_]+/, "")
    .slice(0, MAX_LENGTH)
    .replace(/-+$/, "");
  return clean === "" ? "server" : clean;
}
