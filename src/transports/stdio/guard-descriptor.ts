/**
 * Moves the protocol to a descriptor of its own and points descriptor 1 at stderr, so that native code
 * and child processes are covered as well as JavaScript.
 *
 * Node has no `dup`. Two things stand in for it:
 * - Linux: opening `/proc/self/fd/1` opens the same pipe, terminal or file again. Not a socket (ENXIO),
 *   which is what a parent written in Node passes as a pipe.
 * - macOS, FreeBSD: opening `/dev/fd/1` IS a `dup`, whatever is behind it.
 */
import fs from "node:fs";
import { openAsStdout } from "./descriptor-one.js";

/** Names the descriptor a launcher put stdout on: `HOLDFAST_STDOUT_FD=3 exec node server.js 3>&1 1>&2`. */
export const STDOUT_FD_VARIABLE: string = "HOLDFAST_STDOUT_FD";

const { O_WRONLY, O_NONBLOCK, O_APPEND, O_NOCTTY } = fs.constants;
const NULL_DEVICE = "/dev/null";

// Taken before the guard replaces them.
const { closeSync, openSync } = fs;

/** Where what is printed goes: `nowhere` when stderr is the same pipe as stdout (`2>&1`). */
export type StrayTarget = "stderr" | "nowhere";

/** The private descriptor, and the way back. */
export interface ClaimedStdout {
  readonly fd: number;
  /** Descriptor 1 leads to where strays go. */
  readonly keepsStrays: boolean;
  readonly release: () => void;
}

/** Says whether stray text may go to stderr. On a terminal both are the same device and nothing can be harmed. */
export function resolveStrayTarget(protocolFd: number): StrayTarget {
  if (statOf(2) === undefined) return "nowhere";
  return isSameFile(protocolFd, 2) && statOf(protocolFd)?.isCharacterDevice() !== true ? "nowhere" : "stderr";
}

/** A descriptor made by the launcher, if one was announced. The announcement is not passed on to children. */
export function claimInheritedStdout(): number | undefined {
  const announced = process.env[STDOUT_FD_VARIABLE];
  if (announced === undefined || process.platform === "win32") return undefined;
  delete process.env[STDOUT_FD_VARIABLE];
  const fd = Number(announced);
  const kind = Number.isInteger(fd) && fd > 2 ? statOf(fd) : undefined;
  if (kind === undefined) {
    throw new TypeError(`${STDOUT_FD_VARIABLE}=${announced} does not name an open descriptor above 2`);
  }
  return fd;
}

/** Moves stdout away from descriptor 1. Undefined where the system has no way to do it; nothing is changed then. */
export function claimStdout(target: StrayTarget): ClaimedStdout | undefined {
  const directory = descriptorDirectory();
  if (directory === undefined || overwritesWhenReopened(1)) return undefined;
  let fd: number;
  try {
    fd = openSync(`${directory}/1`, O_WRONLY | O_NOCTTY | O_NONBLOCK | appendFlag(1));
  } catch {
    return undefined;
  }
  // The reopened descriptor must be above the standard ones, or it would be taken for one of them.
  if (fd < 3 || !isSameFile(fd, 1)) {
    closeSync(fd);
    return undefined;
  }
  const keepsStrays = pointStdoutAtStrays(target);
  const release = (): void => {
    openAsStdout(`${directory}/${fd}`, O_WRONLY | O_NOCTTY | appendFlag(fd));
  };
  return { fd, keepsStrays, release };
}

/**
 * Descriptor 1 becomes stderr, or nothing (false) where stderr cannot be opened again without harm: what
 * JavaScript and child processes print still reaches it, they are sent to descriptor 2.
 */
export function pointStdoutAtStrays(target: StrayTarget): boolean {
  const path = `${descriptorDirectory()}/2`;
  const possible = target === "stderr" && !overwritesWhenReopened(2) && canReopen(path);
  if (possible && openAsStdout(path, O_WRONLY | O_NOCTTY | appendFlag(2))) return true;
  pointStdoutAtNothing();
  return target === "nowhere";
}

/** What is written to descriptor 1 is lost from now on. */
export function pointStdoutAtNothing(): void {
  openAsStdout(NULL_DEVICE, O_WRONLY);
}

/** Where this system keeps its descriptors as files. */
function descriptorDirectory(): string | undefined {
  if (process.platform === "linux") return "/proc/self/fd";
  return process.platform === "darwin" || process.platform === "freebsd" ? "/dev/fd" : undefined;
}

/**
 * A file opened again on Linux has a position of its own. If it does not append, whoever shares the first
 * position (`{ node server.js; echo done; } > out`) and this process would write over each other.
 */
function overwritesWhenReopened(fd: number): boolean {
  if (process.platform !== "linux" || statOf(fd)?.isFile() !== true) return false;
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & O_APPEND) === 0;
  } catch {
    return true;
  }
}

function appendFlag(fd: number): number {
  return statOf(fd)?.isFile() === true ? O_APPEND : 0;
}

/** Tried without blocking: a pipe whose reader is gone would hold a plain open for ever. */
function canReopen(path: string): boolean {
  try {
    closeSync(openSync(path, O_WRONLY | O_NOCTTY | O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

function statOf(fd: number): fs.Stats | undefined {
  try {
    return fs.fstatSync(fd);
  } catch {
    return undefined;
  }
}

function isSameFile(a: number, b: number): boolean {
  const first = statOf(a);
  const second = statOf(b);
  if (first === undefined || second === undefined) return false;
  // Zero: this system has no numbers for this kind of file.
  return first.ino !== 0 && first.ino === second.ino && first.dev === second.dev;
}
