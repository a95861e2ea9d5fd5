/**
 * Sends what is written through `node:fs` to descriptor 1, or to a path that means it, to another
 * descriptor. Where descriptor 1 itself has been moved this only adds the report of who wrote.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { devNull } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Method, replaceMethod } from "./replace-method.js";
import type { StrayReporter } from "./strays.js";

/** Their first argument is a descriptor or a path, the second what to write. */
const WRITERS = [
  "write",
  "writeSync",
  "writev",
  "writevSync",
  "writeFile",
  "writeFileSync",
  "appendFile",
  "appendFileSync",
];
const OPENERS = ["open", "openSync"];
/** A stream made over descriptor 1 closes it at its end; the number would go to the next file that is opened. */
const CLOSERS = ["close", "closeSync"];
const PROMISE_WRITERS = ["writeFile", "appendFile"];
const PROMISE_OPENERS = ["open"];

const STDOUT_PATHS: ReadonlySet<string> = new Set([
  "/dev/stdout",
  "/dev/fd/1",
  "/proc/self/fd/1",
  "/proc/thread-self/fd/1",
  `/proc/${process.pid}/fd/1`,
]);

type MakeWrapper = (original: Method, via: string) => Method;

/**
 * Replaces the methods on the module and in the named imports of ES modules. `strayFd` is where the
 * text goes instead. Returns what puts the methods back.
 */
export function patchFs(strayFd: number, strays?: StrayReporter): () => void {
  const undo: (() => void)[] = [];
  const patch = (holder: object, prefix: string, names: readonly string[], make: MakeWrapper): void => {
    for (const name of names) {
      undo.push(replaceMethod(holder, name, (original) => make(original, `${prefix}.${name}`)));
    }
  };
  const sinkPath = strayFd === 2 ? "/dev/stderr" : devNull;
  patch(fs.promises, "fs.promises", PROMISE_WRITERS, promiseWriter(strayFd, strays));
  patch(fs.promises, "fs.promises", PROMISE_OPENERS, opener(sinkPath));
  patch(fs, "fs", WRITERS, writer(strayFd, strays));
  patch(fs, "fs", OPENERS, opener(sinkPath));
  patch(fs, "fs", CLOSERS, closer);
  syncBuiltinESMExports();
  return () => {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  };
}

/** Writes to a path go through the descriptor as well: opening a path could cut the file behind it. */
function writer(strayFd: number, strays: StrayReporter | undefined): MakeWrapper {
  return (original, via) =>
    function redirected(this: unknown, ...args) {
      if (meansStdout(args[0])) {
        strays?.note(Array.isArray(args[1]) ? args[1][0] : args[1], via, redirected);
        args[0] = strayFd;
      }
      return Reflect.apply(original, this, args);
    };
}

function promiseWriter(strayFd: number, strays: StrayReporter | undefined): MakeWrapper {
  const writeFile = promisify(fs.writeFile);
  return (original, via) =>
    function redirected(this: unknown, ...args) {
      const [where, data, options] = args;
      if (!meansStdout(where)) return Reflect.apply(original, this, args);
      strays?.note(data, via, redirected);
      // The original takes no descriptors; what it would refuse, this refuses with the same error.
      return Reflect.apply(writeFile, undefined, [strayFd, data, options]);
    };
}

function opener(sinkPath: string): MakeWrapper {
  return (original) =>
    function redirected(this: unknown, ...args) {
      if (args[0] !== 1 && meansStdout(args[0]) && isForWriting(args[1])) args.splice(0, 2, sinkPath, "a");
      return Reflect.apply(original, this, args);
    };
}

const closer: MakeWrapper = (original) =>
  function redirected(this: unknown, ...args) {
    if (args[0] !== 1) return Reflect.apply(original, this, args);
    const callback = args[1];
    if (typeof callback === "function") process.nextTick(() => callback(null));
    return undefined;
  };

/** Descriptor 1, or a path that leads to it. */
export function meansStdout(where: unknown): boolean {
  if (typeof where === "number") return where === 1;
  if (typeof where === "string") return STDOUT_PATHS.has(where);
  if (where instanceof URL) return where.protocol === "file:" && STDOUT_PATHS.has(fileURLToPath(where));
  return Buffer.isBuffer(where) && STDOUT_PATHS.has(where.toString());
}

function isForWriting(flags: unknown): boolean {
  if (typeof flags === "number") return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;
  return typeof flags === "string" && flags !== "r" && flags !== "rs" && flags !== "sr";
}
