/**
 * A configuration file on disk.
 *
 * Invariants:
 * 1. A reader sees the old bytes or the new ones, never a part: the new ones are complete and on disk before the name is theirs.
 * 2. What another process wrote since `readConfig` is not written over; of runs of this command at the same time, one writes.
 * 3. A file that was there is kept as a backup, which replaces no other file.
 * 4. A symbolic link stays one; its target is what changes. Mode and owner stay.
 */
import { constants, type Stats } from "node:fs";
import { chown, copyFile, type FileHandle, link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InstallError } from "./errors.js";
import type { ConfigFile } from "./read.js";

/** A file of the user may hold credentials, also later: nobody else reads it. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
/** A file of a project goes into its repository. */
const SHARED_FILE = 0o666;
const SHARED_FOLDER = 0o777;
/** Bits of a mode: somebody may write. */
const WRITABLE = 0o222;
/** Writing takes milliseconds; a file of a run that was killed is in nobody's way for longer. */
const ABANDONED_MS = 30_000;
/** Backups of one second are told apart by a number. */
const MAX_BACKUPS_OF_ONE_SECOND = 100;

export interface Writing {
  readonly text: string;
  /** Whether the file is for others as well, when it is made. */
  readonly shared: boolean;
  readonly now: Date;
}

/** Gives the path of the backup, where there was a file. */
export async function writeConfig(file: ConfigFile, { text, shared, now }: Writing): Promise<string | undefined> {
  try {
    const folder = dirname(file.target);
    await mkdir(folder, { recursive: true, mode: shared ? SHARED_FOLDER : PRIVATE_FOLDER });
    await assertUnchanged(file);
    await assertMeantToChange(file);
    const fresh = join(folder, `.${basename(file.target)}.holdfast.tmp`);
    const handle = await openAlone(fresh, shared ? SHARED_FILE : PRIVATE_FILE, file);
    try {
      await fill(handle, { fresh, text, file });
      await assertUnchanged(file);
      const backup = file.bytes === undefined ? undefined : await backUp(file.target, now);
      if (file.bytes === undefined) await takeName(fresh, file);
      else await rename(fresh, file.target);
      await syncFolder(folder);
      return backup;
    } finally {
      await rm(fresh, { force: true });
    }
  } catch (cause) {
    if (cause instanceof InstallError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new InstallError("ERR_INSTALL_WRITE", `${file.path} cannot be written: ${code}.`, { cause });
  }
}

/** Who has made this file is the one who writes. */
async function openAlone(fresh: string, mode: number, file: ConfigFile): Promise<FileHandle> {
  const there = await stat(fresh).catch(() => undefined);
  if (there !== undefined && Date.now() - there.mtimeMs > ABANDONED_MS) await rm(fresh, { force: true });
  return await open(fresh, "wx", mode).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" ? changedError(file) : error;
  });
}

async function fill(
  handle: FileHandle,
  { fresh, text, file }: { readonly fresh: string; readonly text: string; readonly file: ConfigFile },
): Promise<void> {
  try {
    if (file.bytes !== undefined) {
      const before = await stat(file.target);
      await handle.chmod(before.mode);
      await keepOwner(fresh, before);
    }
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file can be replaced in a folder that may be written, whatever its own mode says; that it says so was meant. */
async function assertMeantToChange({ path, target, bytes }: ConfigFile): Promise<void> {
  if (bytes === undefined || ((await stat(target)).mode & WRITABLE) !== 0) return;
  throw new InstallError("ERR_INSTALL_WRITE", `${path} is read-only.`, { hint: "Make it writable, then try again." });
}

/** Somebody else's file can be given back to them by an administrator only; for all others it is their own. */
async function keepOwner(path: string, { uid, gid }: Stats): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}

/** A link does not replace what has come there meanwhile; some file systems have none. */
async function takeName(fresh: string, file: ConfigFile): Promise<void> {
  try {
    await link(fresh, file.target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw changedError(file);
    await rename(fresh, file.target);
  }
}

function changedError({ path }: ConfigFile): InstallError {
  return new InstallError("ERR_INSTALL_CHANGED", `${path} was changed by another program meanwhile.`, {
    hint: "Quit the client, and try again.",
  });
}

async function assertUnchanged(file: ConfigFile): Promise<void> {
  const now = await readFile(file.target).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw cause;
  });
  const same = now === undefined ? file.bytes === undefined : file.bytes?.equals(now) === true;
  if (!same) throw changedError(file);
}

async function backUp(target: string, now: Date): Promise<string> {
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");
  for (let count = 1; count <= MAX_BACKUPS_OF_ONE_SECOND; count++) {
    const path = `${target}.backup-${stamp}${count === 1 ? "" : `-${count}`}`;
    try {
      await copyFile(target, path, constants.COPYFILE_EXCL);
      await keepOwner(path, await stat(target));
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new InstallError("ERR_INSTALL_WRITE", `There are ${MAX_BACKUPS_OF_ONE_SECOND} backups of this second already.`);
}

/** The new name is on disk, where the system has a way to say so. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
