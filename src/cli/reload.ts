import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { EXIT, type ExitCode } from "./errors.js";
import type { ReloadMessage } from "./reload-child.js";
import { isServerFile } from "./server-file.js";
import { paletteOf } from "./terminal.js";

/** An editor writes a file in several steps, a branch switch many files: one start for all of them. */
const QUIET_MS = 100;
/** Beyond what calls may take to end: a server that is still there then is stuck. */
const STUCK_MS = 5000;
/** npm passes on a Ctrl-C that the terminal has sent to its children as well. */
const SAME_CTRL_C_MS = 1000;

/** What runs a server again and again does it through these. */
export interface Supervised {
  readonly graceMs: number;
  /** Starts one; `port` is the one that was taken first. It must be forked: it tells by messages what it has loaded. */
  readonly start: (port: string | undefined) => ChildProcess;
  readonly say: (text: string) => void;
  readonly ready?: (url: string | undefined) => void;
  /** Before the old one is told to end. */
  readonly ending?: () => Promise<void>;
  /** It is gone; `wanted` when that is for a change, or for good. */
  readonly ended?: (code: number | null, wanted: boolean) => void;
}

/**
 * Runs this very command without `--reload` in a process of its own, and again whenever a file that it has loaded
 * changes.
 */
export async function superviseRun({ graceMs }: { readonly graceMs: number }): Promise<ExitCode> {
  const say = (text: string) => void process.stderr.write(`${paletteOf(process.stderr).dim(text)}\n`);
  const supervisor = new Supervisor({ graceMs, start: startAgain, say });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => supervisor.stop(signal));
  return supervisor.supervise();
}

function startAgain(taken: string | undefined): ChildProcess {
  const [, script = "", ...words] = process.argv;
  const cut = words.indexOf("--");
  const own = (cut < 0 ? words : words.slice(0, cut)).filter((word) => word !== "--reload");
  // The port that was taken first is kept; `--port 0` would be another one each time.
  const port = taken === undefined ? [] : [`--port=${taken}`];
  const args = [...own, ...port, ...(cut < 0 ? [] : words.slice(cut))];
  // A group of its own: Ctrl-C of the terminal comes to us, and we pass it on once.
  return fork(script, args, { stdio: "inherit", detached: true });
}

/**
 * Invariants:
 * 1. There is one serving process at a time; the old one is gone before the new one starts.
 * 2. The old one gets SIGTERM and its `graceMs`, so that calls in flight end; only a stuck one is killed.
 * 3. A version that does not start is no end: the next change starts the next one.
 */
export class Supervisor {
  readonly #what: Supervised;
  readonly #files = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  /** A file that is written without being changed is no reason to start again. */
  readonly #seen = new Map<string, string>();
  #child: ChildProcess | undefined;
  #port: string | undefined;
  #changed: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** When it was first told to. */
  #stopAt = Number.POSITIVE_INFINITY;

  constructor(what: Supervised) {
    this.#what = what;
  }

  async supervise(): Promise<ExitCode> {
    let code: number | null = 0;
    while (!this.#stopping) {
      const child = this.#start();
      const ended = once(child, "exit") as Promise<[number | null]>;
      const next = await Promise.race([
        ended.then(() => "ended" as const),
        this.#change().then(() => "changed" as const),
      ]);
      if (next === "changed") await this.#end(child, ended);
      [code] = await ended;
      const wanted = next === "changed" || this.#stopping;
      this.#what.ended?.(code, wanted);
      if (wanted) continue;
      this.#what.say(`The server ended (${code ?? "by a signal"}). Waiting for a change.`);
      await this.#change();
    }
    for (const watcher of this.#watchers.values()) watcher.close();
    return code === 0 ? EXIT.ok : EXIT.failed;
  }

  /** As if a file had changed. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#changed?.();
  }

  /** The end of the server, and of `supervise`. */
  stop(signal: NodeJS.Signals): void {
    this.#stopping = true;
    const running = this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
    if (!running) return this.#changed?.();
    const child = this.#child;
    const since = performance.now() - this.#stopAt;
    // One that is stuck in a loop hears of no signal; whoever asks again does not want to wait for it.
    child?.kill(since > SAME_CTRL_C_MS ? "SIGKILL" : signal);
    if (Number.isFinite(this.#stopAt)) return;
    this.#stopAt = performance.now();
    setTimeout(() => child?.kill("SIGKILL"), this.#what.graceMs + STUCK_MS).unref();
  }

  #start(): ChildProcess {
    const child = this.#what.start(this.#port);
    child.on("message", (message) => this.#heard(message as ReloadMessage));
    this.#child = child;
    return child;
  }

  #heard(message: ReloadMessage): void {
    if (message.holdfast === "file") return this.#watch(message.path);
    if (message.url !== undefined) this.#port = new URL(message.url).port;
    this.#what.ready?.(message.url);
  }

  #watch(path: string): void {
    this.#files.add(path);
    this.#seen.set(path, stateOf(path));
    const folder = dirname(path);
    if (this.#watchers.has(folder)) return;
    // Folders and not files: editors put a new file in the place of the old one.
    const watcher = watch(folder, (_event, name) => this.#noticed(join(folder, String(name))));
    watcher.on("error", () => undefined);
    this.#watchers.set(folder, watcher);
  }

  #noticed(path: string): void {
    // A file that was missing may be the reason why the last version did not start.
    const matters = this.#files.has(path) || (this.#child?.exitCode !== null && isServerFile(path));
    const state = stateOf(path);
    if (!matters || state === "" || this.#seen.get(path) === state) return;
    this.#seen.set(path, state);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#what.say(`${relative(process.cwd(), path) || basename(path)} changed: starting again.`);
      this.#changed?.();
    }, QUIET_MS);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  async #end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
    await this.#what.ending?.();
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), this.#what.graceMs + STUCK_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** Changes when the content may have changed; empty for a file that is not there. */
function stateOf(path: string): string {
  // Asked once: between two questions an editor's temporary file is gone.
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.mtimeMs} ${found.size}`;
}
