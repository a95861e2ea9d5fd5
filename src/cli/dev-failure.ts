import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type { Failure } from "../dev/upstream.js";
import { harmless, type Palette } from "./terminal.js";

/** Lines of source above and below the one that is meant. */
const AROUND = 2;
/** Of what the server printed. */
const MAX_LINES = 30;

/** `server.ts:5:8`, as editors understand it. */
export function placeOf({ file, line, column }: Failure): string | undefined {
  if (file === undefined) return undefined;
  return [relative(process.cwd(), file), line, column].filter((part) => part !== undefined).join(":");
}

/** Why the server does not run, with the lines of its source. */
export function failureBlock(failure: Failure, { red, dim, bold }: Palette): string {
  const source = sourceAround(failure).map(({ number, text, meant }) => {
    const row = `${meant ? ">" : " "} ${String(number).padStart(5)} | ${harmless(text)}`;
    return meant ? bold(row) : dim(row);
  });
  const printed = failure.text.split("\n").slice(-MAX_LINES);
  const repeated = printed.length === 1 && printed[0]?.includes(failure.summary);
  return [
    `  ${red(harmless(failure.summary))}`,
    ...source,
    ...(failure.text === "" || repeated === true ? [] : printed.map((line) => dim(`  ${harmless(line)}`))),
    dim("  Waiting for a change."),
  ].join("\n");
}

interface SourceLine {
  readonly number: number;
  readonly text: string;
  readonly meant: boolean;
}

function sourceAround({ file, line }: Failure): readonly SourceLine[] {
  if (file === undefined || line === undefined) return [];
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    const from = Math.max(1, line - AROUND);
    return lines
      .slice(from - 1, line + AROUND)
      .map((text, index) => ({ number: from + index, text, meant: from + index === line }));
  } catch {
    return [];
  }
}
