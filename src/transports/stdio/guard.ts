/**
 * Keeps stdout for the protocol (design, decision 12).
 *
 * Invariants:
 * 1. One guard in a process. It lives in a slot on `globalThis`, so one that was installed by the early
 *    entry is adopted by the transport, even if the package was loaded twice.
 * 2. After `installStdoutGuard` returns, protocol text leaves only through the handle.
 * 3. Whatever cannot be done on this system is reduced, never an error: a server must start.
 * `docs/stdio-guard.md` says what is covered where.
 */
import fs from "node:fs";
import { devNull } from "node:os";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { endEarlyOutput } from "./early-output.js";
import { patchChildren } from "./guard-children.js";
import { claimForProtocol, type GuardLevel, type GuardMode } from "./guard-claim.js";
import { patchFs } from "./guard-fs.js";
import { GUARD_SLOT } from "./guard-slot.js";
import { patchStdout, type StdoutPatch } from "./guard-streams.js";
import { reportOnStderr, type StrayListener, StrayReporter } from "./strays.js";

/** Chooses the protection where no option does: `auto`, `relay` or `patched`. */
export const GUARD_VARIABLE: string = "HOLDFAST_STDIO_GUARD";

/** The private way to stdout. */
export interface GuardHandle {
  /** Sends protocol text. False means: wait for drain before sending more. */
  write(text: string): boolean;
  /** How much the reader has not taken yet. */
  readonly unsent: number;
  /** Calls the listener each time a handle that answered false has room again. */
  onDrain(listener: () => void): void;
  /** Calls the listener once when the reader is gone: there is nobody left to serve. */
  onBroken(listener: (error: Error) => void): void;
  /** Resolves once the operating system has everything; rejects if the reader is gone. */
  flush(): Promise<void>;
  /** What is protected now; `patched` becomes `descriptor` when an addon or a worker thread needs it. */
  readonly level: GuardLevel;
  /** Gives stdout back, as far as that is possible (not after a launcher or a relay has moved it). */
  restore(): void;
}

/** How to guard. */
export interface GuardOptions {
  /** Told the first stray of each place. Default: a sentence on stderr. */
  readonly report?: StrayListener;
  /** Option, else `HOLDFAST_STDIO_GUARD`, else `auto`. */
  readonly mode?: GuardMode;
}

interface InstalledGuard {
  readonly handle: GuardHandle;
  readonly strays: StrayReporter;
}

const slot: typeof globalThis & { [GUARD_SLOT]?: InstalledGuard } = globalThis;

/** Under this key a worker thread finds the descriptor for strays. */
const WORKER_KEY = "holdfast.stdout-guard.v1";

/** The guard that is installed now, if there is one. */
export function installedGuard(): GuardHandle | undefined {
  return slot[GUARD_SLOT]?.handle;
}

/** Adopts the installed guard, whose strays are reported to `report` from now on, or installs one. */
export function adoptOrInstallGuard(options: GuardOptions = {}): GuardHandle {
  const installed = slot[GUARD_SLOT];
  if (installed === undefined) return installStdoutGuard(options);
  if (options.report !== undefined) installed.strays.listener = options.report;
  return installed.handle;
}

/** Installs the guard. Throws if there is one already. */
export function installStdoutGuard(options: GuardOptions = {}): GuardHandle {
  if (slot[GUARD_SLOT] !== undefined) throw new TypeError("the stdout guard is installed already");
  const mode = resolveMode(options.mode);
  endEarlyOutput();
  const claim = claimForProtocol(mode);
  const { writer } = claim;
  // With nowhere to print to there is no stderr for the report either: it would be in the protocol stream.
  const strays = new StrayReporter(options.report ?? (claim.target === "stderr" ? reportOnStderr : () => {}));
  const undo = patchJavaScript({ target: claim.target, strays, isProtocol: (chunk) => writer.owns(chunk) });
  const flushAtExit = (): void => writer.flushAtExit();
  process.on("exit", flushAtExit);
  const handle: GuardHandle = {
    write: (text) => writer.write(text),
    get unsent() {
      return writer.unsent;
    },
    onDrain: (listener) => writer.onDrain(listener),
    onBroken: (listener) => writer.onBroken(listener),
    flush: () => writer.flush(),
    get level() {
      return claim.level;
    },
    restore: () => {
      if (slot[GUARD_SLOT]?.handle !== handle) return;
      delete slot[GUARD_SLOT];
      writer.flushAtExit();
      process.off("exit", flushAtExit);
      undo();
      claim.release();
    },
  };
  slot[GUARD_SLOT] = { handle, strays };
  return handle;
}

function patchJavaScript(patch: StdoutPatch): () => void {
  const nowhere = patch.target === "nowhere" ? fs.openSync(devNull, "w") : undefined;
  const strayFd = nowhere ?? 2;
  const undo = [patchStdout(process.stdout, patch), patchFs(strayFd, patch.strays), patchChildren(strayFd)];
  setEnvironmentData(WORKER_KEY, strayFd);
  return () => {
    for (const restore of undo) restore();
    setEnvironmentData(WORKER_KEY);
    if (nowhere !== undefined) fs.closeSync(nowhere);
  };
}

/**
 * For the early entry in a worker thread, which has modules of its own: what it prints through `console`
 * goes through the main thread and is covered there, what it writes to descriptor 1 is not.
 */
export function guardWorkerThread(): void {
  const strayFd: unknown = getEnvironmentData(WORKER_KEY);
  if (typeof strayFd !== "number") return;
  patchFs(strayFd);
  patchChildren(strayFd);
}

function resolveMode(option: GuardMode | undefined): GuardMode {
  const mode: string = option ?? process.env[GUARD_VARIABLE] ?? "auto";
  if (mode === "auto" || mode === "relay" || mode === "patched") return mode;
  throw new TypeError(`${GUARD_VARIABLE} must be auto, relay or patched, not ${JSON.stringify(mode)}`);
}
