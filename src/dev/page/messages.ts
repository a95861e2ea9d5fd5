/** Where a server's complaint belongs: messages by the JSON Pointer of the field they are about. */
import type { Json, Problem } from "../page-types.js";

export type FieldErrors = ReadonlyMap<string, string>;

/** What a result or an error says about the arguments. */
export function fieldErrorsOf(result: Json | undefined, problem: Problem | undefined): FieldErrors {
  const text = problem?.message ?? (result?.isError === true ? firstText(result) : "");
  return text.length > MAX_TEXT ? new Map() : new Map([...listed(text), ...issues(text)]);
}

/** More than any list of complaints. */
const MAX_TEXT = 65_536;

function firstText({ content }: Json): string {
  const [block] = Array.isArray(content) ? (content as Json[]) : [];
  return typeof block?.text === "string" ? block.text : "";
}

/** `…: /filter/limit: must be a number; /name: is required` */
function listed(text: string): readonly (readonly [string, string])[] {
  const from = text.search(/(?:^|: )\/[^\s:]*: /);
  if (from < 0) return [];
  const parts = text
    .slice(from)
    .replace(/^: /, "")
    .split(/; (?=\/)/);
  return parts.flatMap((part) => {
    const [, path, message] = /^(\/[^\s:]*): ([\s\S]*)$/.exec(part) ?? [];
    return path === undefined || message === undefined ? [] : [[path, message] as const];
  });
}

/** A list of issues as validators print it: `[{ "path": ["filter", "limit"], "message": "…" }]`. */
function issues(text: string): readonly (readonly [string, string])[] {
  const from = text.search(/\[\s*\{/);
  if (from < 0) return [];
  try {
    const parsed = JSON.parse(text.slice(from, text.lastIndexOf("]") + 1)) as readonly Json[];
    return parsed.flatMap(({ path, message }) =>
      Array.isArray(path) && typeof message === "string" ? [[pointer(path), message] as const] : [],
    );
  } catch {
    return [];
  }
}

export function pointer(path: readonly unknown[]): string {
  return path.map((token) => `/${String(token).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
