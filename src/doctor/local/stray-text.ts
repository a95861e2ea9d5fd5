/** What a line that is no message is likely to be. */
import type { OutputFault } from "./faults/output.js";

const ESC = String.fromCharCode(27);
/** A cursor that moves, a line that is wiped or written over, or a bar. */
const PROGRESS = new RegExp(`\\r(?!$)|${ESC}\\[\\d*[A-GJK]|\\d{1,3}\\s?%\\s*[|[(█#=]|[█▓░#=]{5,}.*\\d\\s?%`);
const COLOUR = new RegExp(`${ESC}\\[[\\d;]*m`);

export function textFault(text: string): OutputFault {
  if (PROGRESS.test(text)) return "stdout-progress";
  return COLOUR.test(text) ? "stdout-colour" : "stdout-text";
}

/** `> name@1.0.0 start` and the command below it. */
export function isNpmBanner(text: string): boolean {
  return /^> \S+(@\S+)? \S+/.test(text);
}

const QUOTED_CHARACTERS = 80;

/** The text as it can be shown: cut, with control characters as escapes. */
export function quoted(text: string | undefined): string {
  const all = text ?? "";
  return JSON.stringify(all.length > QUOTED_CHARACTERS ? `${all.slice(0, QUOTED_CHARACTERS)}…` : all);
}
