import { createInterface } from "node:readline/promises";

/** One line from the person at the terminal; undefined for Ctrl-D and Ctrl-C, and when the signal comes first. */
export async function question(text: string, signal?: AbortSignal): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<undefined>((resolve) => {
    lines.once("close", () => resolve(undefined));
    lines.once("SIGINT", () => lines.close());
    signal?.addEventListener("abort", () => lines.close(), { once: true });
  });
  try {
    const answer = await Promise.race([lines.question(text), ended]);
    if (answer === undefined) process.stderr.write("\n");
    return answer;
  } finally {
    lines.close();
  }
}

/** Questions need somebody who types and sees. They are asked on stderr: stdout may be a file. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

export async function confirmed(text: string): Promise<boolean> {
  return /^y(es)?$/i.test((await question(text)) ?? "");
}
