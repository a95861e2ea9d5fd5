/**
 * Commands that start a server from wherever a client is: it may have been started from a desktop, with a PATH that has
 * neither the user's Node nor npx, and in any folder. So programs and files are written with their whole paths.
 */
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly cwd: string;
  /** The running Node. */
  readonly execPath: string;
  /** The running command. */
  readonly cli: string;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** What may go wrong all the same. */
  readonly notices: readonly string[];
}

/** Folders that version managers make for one shell: gone tomorrow. */
const FOR_ONE_SHELL = /fnm_multishells|[\\/]node_modules[\\/]/;
/** Where npx keeps what it ran once. */
const FOR_ONE_CALL = /[\\/]_npx[\\/]/;

/** `holdfast run FILE`. */
export function launchOfFile(file: string, around: Surroundings): Launch {
  const cli = commandFor(file, around);
  const notices = FOR_ONE_CALL.test(cli)
    ? [
        "holdfast runs from a cache of npx, which may be emptied: npm install holdfast beside the server, and install again.",
      ]
    : [];
  return { command: nodeProgram(around), args: [cli, "run", file], notices };
}

/** The name by which Node is found, rather than the place it has in this version: that stays right after an update. */
function nodeProgram(around: Surroundings): string {
  const real = realOf(around.execPath);
  const named = onPath("node", around).find((path) => realOf(path) === real && !FOR_ONE_SHELL.test(path));
  return named ?? around.execPath;
}

/** The command of the package that the file itself imports, so that the two are of one version; else the running one. */
function commandFor(file: string, { cli }: Surroundings): string {
  let real: string;
  try {
    real = join(dirname(createRequire(file).resolve("holdfast/package.json")), "dist", "cli.js");
  } catch {
    return cli;
  }
  if (!existsSync(real)) return cli;
  // Package managers keep packages under names with their version and link to them.
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const linked = join(folder, "node_modules", "holdfast", "dist", "cli.js");
    if (realOf(linked) === realOf(real)) return linked;
  }
  return real;
}

/** A command as it was typed, with whole paths for the program and for files that are named. */
export function launchOfCommand([program = "", ...args]: readonly string[], around: Surroundings): Launch {
  const files = args.map((arg) => (isNamedFile(arg, around.cwd) ? resolve(around.cwd, arg) : arg));
  const isPath = /[\\/]/.test(program);
  const found = isPath ? resolve(around.cwd, program) : onPath(program, around)[0];
  if (found === undefined || (isPath && !existsSync(found))) {
    return { command: program, args: files, notices: [`${program} is not found here; the client has to find it.`] };
  }
  const notices = isScriptOfEnv(found) ? [pathNotice(program, dirname(found))] : [];
  return { command: found, args: files, notices };
}

function pathNotice(program: string, folder: string): string {
  const folders = [...new Set([folder, "/usr/bin", "/bin"])].join(":");
  return `${program} looks for its interpreter in PATH: where the client has a short one, add --env "PATH=${folders}".`;
}

/** Programs whose first line asks `env` for an interpreter, as those of npm do. */
function isScriptOfEnv(path: string): boolean {
  return /[\\/](?:npx|npm|pnpm|yarn|uvx?|bunx?)(?:\.cmd)?$/.test(path) || /[\\/]node_modules[\\/]\.bin[\\/]/.test(path);
}

function isNamedFile(arg: string, cwd: string): boolean {
  if (arg.startsWith("-") || isAbsolute(arg) || !/[\\/]|\.\w+$/.test(arg)) return false;
  const path = resolve(cwd, arg);
  return existsSync(path) && statSync(path).isFile();
}

function onPath(program: string, { env, platform }: Surroundings): readonly string[] {
  const endings = platform === "win32" ? (env.PATHEXT ?? ".EXE;.CMD;.BAT").split(";") : [""];
  const folders = (env.PATH ?? env.Path ?? "").split(delimiter).filter(isAbsolute);
  return folders.flatMap((folder) => endings.map((ending) => join(folder, program + ending))).filter(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
