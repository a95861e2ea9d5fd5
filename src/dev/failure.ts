/** Makes one line and a place of what a server printed before it ended. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Failure } from "./upstream.js";

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
/** `file:line:column` as V8 and compilers write it. */
const PLACE = /((?:file:\/\/)?\/?(?:[A-Za-z]:[\\/])?[^\s:()'"]+\.[cm]?[jt]sx?):(\d+)(?::(\d+))?/g;

export function failureOf(printed: string, code: number | null): Failure {
  const text = printed.replace(ANSI, "").trim();
  const lines = text.split("\n").map((line) => line.trim());
  const said = /^(?:.*?\bERROR: |error: )(.+)$/;
  // A compiler says where and what on a line of its own, below a summary that says neither.
  const line =
    lines.find((one) => /\bERROR: ./.test(one)) ??
    lines.find((one) => /^error: ./.test(one)) ??
    lines.find((one) => /^\w*(?:Error|Exception)\b.*:/.test(one)) ??
    lines.at(-1);
  const message = (line === undefined ? undefined : (said.exec(line)?.[1] ?? line)) || undefined;
  const place = placeIn(text);
  const summary = message ?? `the process ended ${code === null ? "by a signal" : `with code ${code}`}`;
  return { summary, text, ...place };
}

/** The first place in a file of the user's own. */
function placeIn(text: string): Pick<Failure, "file" | "line" | "column"> {
  for (const [, named = "", line, column] of text.matchAll(PLACE)) {
    const file = named.startsWith("file:") ? pathOf(named) : named;
    if (file === undefined || /[\\/]node_modules[\\/]|^node:/.test(file) || !existsSync(file)) continue;
    return { file, line: Number(line), ...(column !== undefined && { column: Number(column) }) };
  }
  return {};
}

function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
