import type { Note } from "../dev/log.js";
import { harmless, oneLine, type Palette } from "./terminal.js";

/** Of arguments and results on a line. */
const MAX_JSON_CHARACTERS = 400;

export function shortJson(value: unknown): string {
  const text = oneLine(JSON.stringify(value) ?? "");
  return text.length <= MAX_JSON_CHARACTERS ? text : `${text.slice(0, MAX_JSON_CHARACTERS)}…`;
}

/** What a message beside the answer says, in few words. */
export function noteText({ method, params }: Note, { cyan, dim }: Palette): string {
  const fields = (typeof params === "object" && params !== null ? params : {}) as Readonly<Record<string, unknown>>;
  if (method === "notifications/progress") {
    const total = fields.total === undefined ? "" : `/${String(fields.total)}`;
    return dim(oneLine(`progress ${String(fields.progress)}${total} ${String(fields.message ?? "")}`));
  }
  if (method === "notifications/message") {
    const { level, data } = fields;
    const said = (data as { readonly message?: unknown } | undefined)?.message ?? data;
    return `${dim(oneLine(String(level)))} ${typeof said === "string" ? oneLine(said) : shortJson(said)}`;
  }
  if (method === "answer") return `${cyan("answer")} ${dim(shortJson(params))}`;
  const { message } = fields;
  return `${cyan(oneLine(method))}${typeof message === "string" ? ` ${oneLine(message)}` : ""}`;
}

/** Our own logger writes an event on one line; here is somebody who reads stacks. */
const EVENT = /^\[holdfast\] (debug|info|warn|error) (\S+) ?(.*)$/;
/** Said better by the log. */
const KNOWN = new Set(["listening", "stopping"]);

/** A line that the server printed, as it is shown. */
export function serverLines(line: string, palette: Palette, verbose: boolean): readonly string[] {
  const [, level = "", event = "", fields = ""] = EVENT.exec(line) ?? [];
  if (level === "") return [process.stderr.isTTY === true ? keepColours(line) : line];
  if (KNOWN.has(event) && !verbose) return [];
  const [first = "", ...more] = fields.replaceAll("\\u000a", "\n").split("\n");
  const colour = level === "error" ? palette.red : palette.dim;
  const frames = more.filter((one) => verbose || !/\(?(?:node:|.*[\\/]node_modules[\\/])/.test(one));
  return [
    `  ${colour(`${level} ${event}`)} ${harmless(first)}`,
    ...frames.map((one) => palette.dim(`  ${harmless(one)}`)),
  ];
}

/** Colours stay; what moves the cursor or renames the window does not. */
function keepColours(line: string): string {
  const colours = new RegExp(`(${String.fromCharCode(27)}\\[[0-9;]*m)`);
  return line
    .split(colours)
    .map((part, index) => (index % 2 === 1 ? part : harmless(part)))
    .join("");
}
