/**
 * Holds back what is printed between the import of the package and `run()`, because only `run()` knows
 * whether stdout will carry the protocol. Most servers print their "starting" line exactly there.
 *
 * Invariants, so that a program that never serves stdio notices nothing:
 * 1. Nothing is held on a terminal, where stdout and stderr are one file, in a worker or a forked process,
 *    or when `MCP_TRANSPORT` says something else than stdio.
 * 2. Nothing is held beyond the turn of the event loop in which the package was imported, nor beyond
 *    `HELD_BYTES`.
 * 3. Order on stdout is kept: whatever else could put bytes there, or end the process, lets go first.
 * What remains: a crash of native code in that first turn loses the held text.
 */
import child_process from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";
import { inheritsStdout } from "./guard-children.js";
import { meansStdout } from "./guard-fs.js";
import { GUARD_SLOT } from "./guard-slot.js";
import { type Method, replaceMethod } from "./replace-method.js";
import { reportOnStderr, type Stray, StrayReporter } from "./strays.js";
import { bytesOfFile, bytesOfWrite, bytesOfWritev } from "./written-bytes.js";

/** More than this is no greeting but a program's output: it is let go. */
const HELD_BYTES = 64 * 1024;

/** Other ways to stdout of this thread, and ways to end without an `exit` event. */
const FS_METHODS = ["write", "writev", "writeFile", "appendFile"];
/** Writers of `node:fs` whose bytes can be held like those of stdout: they are done when they return. */
const HELD_FS_METHODS: readonly {
  name: string;
  bytes: (args: readonly unknown[]) => Buffer | undefined;
  counts: boolean;
}[] = [
  { name: "writeSync", bytes: bytesOfWrite, counts: true },
  { name: "writevSync", bytes: bytesOfWritev, counts: true },
  { name: "writeFileSync", bytes: bytesOfFile, counts: false },
  { name: "appendFileSync", bytes: bytesOfFile, counts: false },
];
const CHILD_METHODS = ["spawnSync", "execFileSync", "execSync"];
const STDOUT_METHODS = ["end", "destroy"];
const PROCESS_METHODS = ["abort", "kill"];

type HoldState = "holding" | "to stderr" | "over";

let present: EarlyOutput | undefined;

/** Starts holding, if invariant 1 allows it. */
export function holdEarlyOutput(): void {
  if (present === undefined && mayHold()) present = new EarlyOutput();
}

/**
 * Decides. `stderr`: stdout will carry the protocol, so what was held and what follows goes to stderr until
 * the guard is installed. `stdout`: it will not, and everything is as if nothing had been held.
 */
export function settleEarlyOutput(destination: "stdout" | "stderr"): void {
  present?.settle(destination);
}

/** Takes the hold away altogether: the guard does that before it installs itself. */
export function endEarlyOutput(): void {
  present?.settle("stderr");
  present?.end();
}

function mayHold(): boolean {
  if (GUARD_SLOT in globalThis || !isMainThread || process.channel) return false;
  if (!/\bstdio\b/.test(process.env.MCP_TRANSPORT || "stdio")) return false;
  try {
    const out = fs.fstatSync(1);
    const err = fs.fstatSync(2);
    return !out.isCharacterDevice() && out.ino !== 0 && (out.ino !== err.ino || out.dev !== err.dev);
  } catch {
    return false;
  }
}

class EarlyOutput {
  #state: HoldState = "holding";
  #held: unknown[][] = [];
  #heldBytes = 0;
  readonly #found: Stray[] = [];
  readonly #strays = new StrayReporter((stray) => this.#found.push(stray));
  readonly #undo: (() => void)[] = [];
  /** Where text goes now. */
  #write: (args: unknown[]) => unknown = () => {};
  readonly #letGo = (): void => this.settle("stdout");

  constructor() {
    this.#undo.push(replaceMethod(process.stdout, "write", (original) => this.#holding(original)));
    for (const name of STDOUT_METHODS) this.#before(process.stdout, name);
    for (const name of PROCESS_METHODS) this.#before(process, name);
    for (const name of FS_METHODS) this.#before(fs, name, ([where]) => meansStdout(where));
    for (const { name, bytes, counts } of HELD_FS_METHODS) this.#undo.push(this.#taking(name, bytes, counts));
    for (const name of CHILD_METHODS) this.#before(child_process, name, inheritsStdout);
    this.#before(child_process.ChildProcess.prototype, "spawn", inheritsStdout);
    syncBuiltinESMExports();
    process.on("exit", this.#letGo);
    setImmediate(this.#letGo).unref();
  }

  settle(destination: "stdout" | "stderr"): void {
    if (this.#state !== "holding") return;
    this.#state = destination === "stderr" ? "to stderr" : "over";
    if (this.#state === "over") this.end();
    else for (const stray of this.#found) reportOnStderr(stray);
    for (const args of this.#held.splice(0)) this.#write(args);
  }

  end(): void {
    this.#state = "over";
    process.off("exit", this.#letGo);
    for (const restore of this.#undo.splice(0)) restore();
    syncBuiltinESMExports();
  }

  #holding(original: Method): Method {
    const { stdout } = process;
    this.#write = (args) => {
      if (this.#state === "to stderr") return Reflect.apply(process.stderr.write, process.stderr, args);
      return Reflect.apply(original, stdout, args);
    };
    const write: Method = (...args) => {
      const [chunk] = args;
      if (this.#state !== "holding" || !isPrintable(chunk)) return this.#write(args);
      this.#strays.note(chunk, "process.stdout.write", write);
      this.#held.push(args);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes > HELD_BYTES) this.#letGo();
      return true;
    };
    return write;
  }

  /** Makes a synchronous writer hand its bytes over to the hold when they are meant for stdout. */
  #taking(name: string, bytesOf: (args: readonly unknown[]) => Buffer | undefined, counts: boolean): () => void {
    return replaceMethod(fs, name, (original) => {
      const take: Method = (...args) => {
        const bytes = this.#state !== "over" && meansStdout(args[0]) ? bytesOf(args) : undefined;
        if (bytes === undefined) return Reflect.apply(original, fs, args);
        this.#take(bytes, `fs.${name}`, take);
        return counts ? bytes.length : undefined;
      };
      return take;
    });
  }

  #take(bytes: Buffer, via: string, caller: Method): void {
    if (this.#state === "to stderr") {
      this.#write([bytes]);
      return;
    }
    this.#strays.note(bytes, via, caller);
    this.#held.push([bytes]);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > HELD_BYTES) this.#letGo();
  }

  /** Makes a method let go of what is held before it does its work. */
  #before(holder: object, name: string, matters: (args: readonly unknown[]) => boolean = () => true): void {
    const letGo = this.#letGo;
    const make = (original: Method): Method =>
      function (this: unknown, ...args) {
        if (matters(args)) letGo();
        return Reflect.apply(original, this, args);
      };
    this.#undo.push(replaceMethod(holder, name, make));
  }
}

/** Anything else is an error of the caller, which the real method reports. */
function isPrintable(chunk: unknown): chunk is string | Uint8Array {
  return typeof chunk === "string" || chunk instanceof Uint8Array;
}
