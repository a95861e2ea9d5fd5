/** The built command on a terminal, which `script` of util-linux makes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Program, requireProgram } from "../../support/debian.js";
import { CLI, ROOT } from "./cli.js";

/** What is typed when a question has come, or done instead of typing; gets what matched. */
export type Answer = readonly [RegExp, string | ((found: RegExpExecArray, type: (text: string) => void) => unknown)];

export interface OnTerminal {
  readonly answers?: readonly Answer[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 25_000;

export type Terminal = (args: string, options?: OnTerminal) => Promise<{ code: number | null; text: string }>;

export async function terminal(): Promise<Terminal> {
  const script: Program = await requireProgram("script", "bsdutils");
  return async (args, { answers = [], env = {}, timeoutMs = TIMEOUT_MS } = {}) => {
    const child = spawn(script.path, ["-qec", `${process.execPath} ${CLI} ${args}`, "/dev/null"], {
      cwd: ROOT,
      env: { ...process.env, ...script.env, NO_COLOR: "1", TERM: "xterm", ...env },
      timeout: timeoutMs,
    });
    const left = [...answers];
    let text = "";
    let seen = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (let [next] = left; next !== undefined; [next] = left) {
        const found = next[0].exec(text.slice(seen));
        if (found === null) return;
        seen += found.index + found[0].length;
        left.shift();
        if (typeof next[1] === "string") child.stdin.write(next[1]);
        else next[1](found, (typed) => child.stdin.write(typed));
      }
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, text };
  };
}
