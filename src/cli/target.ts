import { existsSync } from "node:fs";
import { usage } from "./errors.js";
import { isServerFile, serverFile } from "./server-file.js";
import type { Invocation } from "./spec.js";

/** Where a server is. */
export type Target =
  | { readonly kind: "url"; readonly url: URL; readonly label: string }
  /** Our own `run` starts it, so that its revision may be asked for on the pipe itself. */
  | { readonly kind: "file"; readonly file: string; readonly label: string }
  | { readonly kind: "command"; readonly command: string; readonly args: readonly string[]; readonly label: string };

export interface TargetAndWords {
  readonly target: Target;
  /** What follows the target, e.g. the name of a tool. */
  readonly words: readonly string[];
}

/** Takes the target from what was typed: what stands after `--` is a command, else the first word is a URL or a file. */
export function targetOf({ operands, rest }: Invocation): TargetAndWords {
  if (rest !== undefined) {
    const [command, ...args] = rest;
    if (command === undefined)
      throw usage("After -- comes the command that starts the server.", "For example: -- node server.js");
    return { target: { kind: "command", command, args, label: rest.join(" ") }, words: operands };
  }
  const [first, ...words] = operands;
  if (first === undefined) {
    throw usage(
      "Which server? Give a URL, a file, or a command after --.",
      "For example: http://127.0.0.1:8000/mcp, server.ts, or -- node server.js",
    );
  }
  return { target: namedTarget(first), words };
}

function namedTarget(name: string): Target {
  if (/^https?:\/\//i.test(name)) {
    if (!URL.canParse(name)) throw usage(`${name} is no URL.`);
    return { kind: "url", url: new URL(name), label: name };
  }
  if (existsSync(name) || isServerFile(name)) return { kind: "file", file: serverFile(name), label: name };
  if (/^(localhost|[\w.-]+\.\w+|\d+\.\d+\.\d+\.\d+|\[[\da-f:]+\])(:\d+)?(\/|$)/i.test(name)) {
    throw usage(`${name} is no URL and no file.`, `Did you mean http://${name}?`);
  }
  throw usage(`${name} is no URL and no file.`, `For a command: -- ${name} …`);
}
