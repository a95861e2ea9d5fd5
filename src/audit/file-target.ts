import type { FileHandle } from "node:fs/promises";
import { HoldfastError } from "../errors.js";
import type { LineTarget } from "./line-queue.js";

/** How often it is looked whether the file was rotated away: a few lines of a busy moment may still go to the old one. */
const ROTATION_CHECK_MS = 1000;
/** Who may read what everybody did: the owner. */
const MODE = 0o600;

/** Loaded when asked for: a worker that audits elsewhere has no file system. */
function fs(): typeof import("node:fs") {
  return process.getBuiltinModule("node:fs");
}

/**
 * A file that is appended to. When it was renamed or removed (rotation), a new one is made at its path, between lines;
 * no signal is needed, and files cut off in place (`copytruncate`) go on at their start.
 */
export class FileTarget implements LineTarget {
  readonly #path: string;
  #file: FileHandle | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** False after a part of a line: its rest belongs into the same file. */
  #betweenLines = true;

  /** @throws HoldfastError `ERR_CONFIG` when the file cannot be written, or is what stdout goes to. */
  constructor(path: string) {
    this.#path = path;
    const { openSync, closeSync } = fs();
    let descriptor: number;
    try {
      descriptor = openSync(path, "a", MODE);
    } catch (cause) {
      throw new HoldfastError("ERR_CONFIG", `The audit log ${path} cannot be opened for writing.`, { cause });
    }
    try {
      assertNotStdout(descriptor, path);
    } finally {
      closeSync(descriptor);
    }
  }

  async append(bytes: Uint8Array): Promise<{ written: number; error?: Error }> {
    let written = 0;
    try {
      const file = await this.#open();
      while (written < bytes.length) {
        const { bytesWritten } = await file.write(bytes, written);
        written += bytesWritten;
      }
      this.#betweenLines = true;
      return { written };
    } catch (error) {
      this.#betweenLines &&= written === 0;
      return { written, error: error as Error };
    }
  }

  async settle(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      // Pipes and terminals have nothing to be synced.
      await file.datasync().catch(() => undefined);
    } finally {
      await file.close();
    }
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined && (await this.#isRotated(this.#file))) {
      const old = this.#file;
      this.#file = undefined;
      await old.close();
    }
    this.#file ??= await fs().promises.open(this.#path, "a", MODE);
    return this.#file;
  }

  async #isRotated(file: FileHandle): Promise<boolean> {
    const now = performance.now();
    if (!this.#betweenLines || now - this.#checkedAt < ROTATION_CHECK_MS) return false;
    this.#checkedAt = now;
    const [open, named] = await Promise.all([
      file.stat(),
      fs()
        .promises.stat(this.#path)
        .catch(() => undefined),
    ]);
    return named === undefined || named.ino !== open.ino || named.dev !== open.dev;
  }
}

/** stdout carries the protocol on stdio; a path may mean it in many ways (`/dev/stdout`, what it was redirected to). */
function assertNotStdout(descriptor: number, path: string): void {
  const { fstatSync } = fs();
  const file = fstatSync(descriptor);
  let stdout: typeof file;
  try {
    stdout = fstatSync(1);
  } catch {
    return;
  }
  if (file.ino !== stdout.ino || file.dev !== stdout.dev) return;
  throw new HoldfastError("ERR_CONFIG", `The audit log ${path} is stdout, which carries the protocol on stdio.`);
}
