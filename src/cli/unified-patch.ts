/** A change as `diff -u` shows it. */

/** Lines around a change by which people, and programs that apply it, find the place. */
const CONTEXT = 3;

export interface Versions {
  readonly before: string;
  readonly after: string;
  readonly from: string;
  readonly to: string;
}

/**
 * One hunk, from the first line that differs to the last: what is edited here is one place of a file, or a few near each
 * other. Empty where nothing differs.
 */
export function unifiedPatch({ before, after, from, to }: Versions): string {
  if (before === after) return "";
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const shorter = Math.min(old.length, fresh.length);
  let head = 0;
  while (head < shorter && old[head] === fresh[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
  const start = Math.max(head - CONTEXT, 0);
  const below = Math.min(tail, CONTEXT);
  const hunk = [
    ...old.slice(start, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...fresh.slice(head, fresh.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, old.length - tail + below).map((line) => ` ${line}`),
  ];
  const range = (count: number) => {
    const size = count - tail + below - start;
    return `${size === 0 ? start : start + 1},${size}`;
  };
  const heading = `--- ${from}\n+++ ${to}\n@@ -${range(old.length)} +${range(fresh.length)} @@\n`;
  return (
    heading + hunk.map((line) => (line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`)).join("")
  );
}

/** With their line breaks, so that a last line without one is another line. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
