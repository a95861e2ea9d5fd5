/** Gives child processes that would inherit stdout another descriptor instead. */
import child_process from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { type Method, replaceMethod } from "./replace-method.js";

/** These take their options last or last but one and never touch `ChildProcess`. */
const SYNCHRONOUS = ["spawnSync", "execFileSync", "execSync"];

/** `stdio` options that mean what they say. */
const exempt = new WeakSet<object>();

/** Marks `stdio` options of our own, which really mean stdout. */
export function exemptFromRedirection<Stdio extends object>(stdio: Stdio): Stdio {
  exempt.add(stdio);
  return stdio;
}

/**
 * Replaces the one method behind `spawn`, `exec`, `execFile` and `fork` (so functions imported earlier
 * are covered as well) and the synchronous ones. Returns what puts them back.
 */
export function patchChildren(strayFd: number): () => void {
  const undo = [
    replaceMethod(
      child_process.ChildProcess.prototype,
      "spawn",
      (original) =>
        function (this: unknown, ...args) {
          return Reflect.apply(
            original,
            this,
            args.map((argument) => redirectOptions(argument, strayFd)),
          );
        },
    ),
    ...SYNCHRONOUS.map((name) => replaceMethod(child_process, name, (original) => redirecting(original, strayFd))),
  ];
  syncBuiltinESMExports();
  return () => {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  };
}

/** Says whether one of these arguments of a method that starts a process gives stdout to it. */
export function inheritsStdout(args: readonly unknown[]): boolean {
  return args.some((argument) => redirectOptions(argument, 2) !== argument);
}

function redirecting(original: Method, strayFd: number): Method {
  return function (this: unknown, ...args) {
    return Reflect.apply(
      original,
      this,
      args.map((argument) => redirectOptions(argument, strayFd)),
    );
  };
}

/** The options with another `stdio`, or the argument itself where nothing is inherited. */
function redirectOptions(argument: unknown, strayFd: number): unknown {
  if (typeof argument !== "object" || argument === null || Array.isArray(argument) || !("stdio" in argument)) {
    return argument;
  }
  const stdio = redirectStdio(argument.stdio, strayFd);
  return stdio === argument.stdio ? argument : { ...argument, stdio };
}

function redirectStdio(stdio: unknown, strayFd: number): unknown {
  if (stdio === "inherit") return ["inherit", strayFd, "inherit"];
  if (!Array.isArray(stdio) || exempt.has(stdio)) return stdio;
  const entries: readonly unknown[] = stdio;
  const inherits = (entry: unknown, at: number): boolean => (at === 1 && entry === "inherit") || isStdout(entry);
  return entries.some(inherits) ? entries.map((entry, at) => (inherits(entry, at) ? strayFd : entry)) : stdio;
}

/** The number, `process.stdout`, or any stream over descriptor 1. */
function isStdout(entry: unknown): boolean {
  return entry === 1 || (typeof entry === "object" && entry !== null && "fd" in entry && entry.fd === 1);
}
