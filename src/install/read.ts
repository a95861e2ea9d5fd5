/** A configuration file as it is on disk. */
import type { Stats } from "node:fs";
import { lstat, readFile, readlink, realpath, stat } from "node:fs/promises";
import { InstallError } from "./errors.js";

/** Claude Code keeps histories in the same file; a hundred times its usual size is no configuration. */
const MAX_BYTES = 67_108_864;

export interface ConfigFile {
  /** As asked for. */
  readonly path: string;
  /** Behind symbolic links. */
  readonly target: string;
  /** Undefined where there is no file yet. */
  readonly bytes: Buffer | undefined;
  readonly text: string;
}

export async function readConfig(path: string): Promise<ConfigFile> {
  const target = await targetOf(path);
  const stats = await existing(target);
  if (stats === undefined) return { path, target, bytes: undefined, text: "" };
  if (!stats.isFile()) throw new InstallError("ERR_INSTALL_UNREADABLE", `${path} is no file.`);
  if (stats.size > MAX_BYTES) {
    throw new InstallError("ERR_INSTALL_UNREADABLE", `${path} has ${stats.size} bytes, which is no configuration.`);
  }
  const bytes = await readFile(target).catch((cause: NodeJS.ErrnoException) => {
    throw new InstallError("ERR_INSTALL_UNREADABLE", `${path} cannot be read: ${cause.code}.`, { cause });
  });
  return { path, target, bytes, text: decoded(path, bytes) };
}

async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "ENOENT")
      throw new InstallError("ERR_INSTALL_UNREADABLE", `${path} cannot be read: ${code}.`, { cause });
  }
  const isLink = await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
  if (!isLink) return path;
  throw new InstallError(
    "ERR_INSTALL_UNREADABLE",
    `${path} is a link to ${await readlink(path)}, which is not there.`,
    {
      hint: "Make that file, or take the link away.",
    },
  );
}

async function existing(path: string): Promise<Stats | undefined> {
  return await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw new InstallError("ERR_INSTALL_UNREADABLE", `${path} cannot be read: ${cause.code}.`, { cause });
  });
}

/** Strictly: what is decoded with replacement characters cannot be written back. */
function decoded(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new InstallError("ERR_INSTALL_SYNTAX", `${path} is not UTF-8.`, { cause, hint: "Save it as UTF-8." });
  }
}
