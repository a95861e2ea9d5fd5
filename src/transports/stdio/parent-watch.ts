/**
 * Notices that the process which started this server is gone, even when stdin never ends because a
 * process that outlived the parent still holds its other end.
 */

/** How often the parent is looked at. Half a second leaves most of the two seconds in which an orphan must exit. */
export const PARENT_CHECK_INTERVAL_MS: number = 500;

/** Read when this module loads: a parent that dies between our start and the first check is noticed too. */
const PARENT_AT_START: number = process.ppid;

/** What to watch with, and whom to tell. */
export interface ParentWatchOptions {
  /** Called once, with a sentence for the log. */
  onGone(reason: string): void;
  readonly intervalMs?: number;
}

/** Starts watching; the returned function stops it. The timer never keeps the process alive. */
export function watchParent(options: ParentWatchOptions): () => void {
  const timer = setInterval(() => {
    const reason = parentGone(PARENT_AT_START);
    if (reason === undefined) return;
    clearInterval(timer);
    options.onGone(reason);
  }, options.intervalMs ?? PARENT_CHECK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * POSIX gives an orphan another parent (1, or the nearest subreaper), so a changed number is proof.
 * Windows keeps the number for ever, so there the process itself is asked for.
 */
function parentGone(parent: number): string | undefined {
  if (process.ppid !== parent) return `the parent process ${parent} is gone (now ${process.ppid})`;
  if (process.platform !== "win32") return undefined;
  try {
    process.kill(parent, 0);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ESRCH" ? `the parent process ${parent} is gone` : undefined;
  }
}
