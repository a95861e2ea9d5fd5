/**
 * Gives descriptor 1 other meanings. Node has no `dup2`, so it is spelled: close the number, then open; the system gives
 * out the lowest free number. Between the two another thread, such as the one that loads TypeScript, may open a file and
 * get the number.
 *
 * Invariants:
 * 1. The number is closed only while it stands for what this process was started with, or for what was put there.
 * 2. While it is somebody else's it is asked for until they have closed it: what opens next to be written to must not
 *    get it, or what native code prints would end up in there. The protocol has a descriptor of its own meanwhile.
 */
import fs from "node:fs";

const NUMBER = 1;

/** How often, a millisecond apart, it is asked for at once, */
const ATTEMPTS = 20;
/** and how long the pauses are from then on: twice as long each time, up to the second. */
const FIRST_PAUSE_MS = 2;
const LAST_PAUSE_MS = 1000;

// Taken before the guard replaces them.
const { closeSync, openSync } = fs;

interface File {
  readonly dev: number;
  readonly ino: number;
}

let ours: File | undefined;
let asking: NodeJS.Timeout | undefined;

/** What descriptor 1 stands for now may be closed to give it another meaning. */
export function ownStdout(): void {
  ours = fileOf(NUMBER);
}

/** Closes it, if it is ours. The lowest free number is then 1, or another thread has it. */
export function freeStdout(): void {
  clearTimeout(asking);
  const now = fileOf(NUMBER);
  if (ours !== undefined && now?.ino === ours.ino && now.dev === ours.dev) closeSync(NUMBER);
  ours = undefined;
}

/** Opens a file as descriptor 1, now or as soon as it is free. False where the file cannot be opened. */
export function openAsStdout(path: string, flags: number): boolean {
  freeStdout();
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const got = take(path, flags);
    if (got !== "later") return got;
    Atomics.wait(pause, 0, 0, 1);
  }
  askAgain(path, flags, FIRST_PAUSE_MS);
  return true;
}

function askAgain(path: string, flags: number, pauseMs: number): void {
  asking = setTimeout(() => {
    if (take(path, flags) === "later") askAgain(path, flags, Math.min(2 * pauseMs, LAST_PAUSE_MS));
  }, pauseMs).unref();
}

function take(path: string, flags: number): boolean | "later" {
  let got: number;
  try {
    got = openSync(path, flags);
  } catch {
    return false;
  }
  if (got === NUMBER) {
    ownStdout();
    return true;
  }
  closeSync(got);
  return "later";
}

/** Also where the system has no numbers for this kind of file: zero is then as good as another. */
function fileOf(fd: number): File | undefined {
  try {
    const { dev, ino } = fs.fstatSync(fd);
    return { dev, ino };
  } catch {
    return undefined;
  }
}
