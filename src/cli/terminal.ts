/** What people see: colour and progress on a terminal only, and nothing that a server sends can drive the terminal. */

/** NO_COLOR (any value) wins, then FORCE_COLOR; else colour is for terminals that have it. */
export function hasColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "") return env.FORCE_COLOR !== "0";
  return stream.isTTY === true && env.TERM !== "dumb";
}

export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export function paletteOf(stream: NodeJS.WriteStream): Palette {
  const colour = hasColour(stream);
  const sgr = (on: number, off: number) => (text: string) =>
    colour && text !== "" ? `\u001B[${on}m${text}\u001B[${off}m` : text;
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), cyan: sgr(36, 39) };
}

// Control characters but tab and line feed, C1 included, and what turns the direction of writing around.
const UNSAFE = /[^\P{Cc}\t\n]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** Text of a server, made harmless: an escape sequence in a result must not clear the screen or rename the window. */
export function harmless(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

/** The same on one line. */
export function oneLine(text: string): string {
  return harmless(text.replace(/\s+/g, " ").trim());
}

/** On a terminal, what a server says cannot drive it, nor can it from within JSON; a file or a program gets every byte. */
export function printable(text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY === true ? harmless(text) : text;
}

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

function widthOf(text: string): number {
  return [...text.replace(ANSI, "")].length;
}

/** Broken at spaces where the terminal ends; what follows is indented. One line anywhere else. */
export function wrapped(text: string, indent: string, stream: NodeJS.WriteStream = process.stdout): string[] {
  const columns = stream.isTTY === true && stream.columns > 0 ? stream.columns : Number.POSITIVE_INFINITY;
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const lead = /^ */.exec(line)?.[0] ?? "";
    let current = lead;
    for (const word of line.slice(lead.length).split(" ")) {
      const longer = current.trim() === "" ? current + word : `${current} ${word}`;
      if (widthOf(longer) > columns - 1 && current.trim() !== "") {
        lines.push(current);
        current = indent + word;
      } else current = longer;
    }
    lines.push(current);
  }
  return lines;
}

/** Columns as wide as their widest cell; the last one is cut where the terminal ends. */
export function table(rows: readonly (readonly string[])[], stream: NodeJS.WriteStream = process.stdout): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
  }
  const columns = stream.isTTY === true && stream.columns > 0 ? stream.columns : undefined;
  const lines = rows.map((row) => {
    const cells = row.map((cell, index) => {
      const last = index === row.length - 1;
      if (!last) return cell + " ".repeat((widths[index] ?? 0) - widthOf(cell));
      const room = columns === undefined ? undefined : columns - before(widths, index) - 2;
      return room !== undefined && room > 20 && widthOf(cell) > room
        ? `${[...cell].slice(0, room - 1).join("")}…`
        : cell;
    });
    return `  ${cells.join("  ")}`.trimEnd();
  });
  return lines.join("\n");
}

function before(widths: readonly number[], index: number): number {
  return widths.slice(0, index).reduce((sum, width) => sum + width + 2, 0);
}

export interface ProgressLike {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

/** One line on stderr that is written over; `clear` takes it away before anything else is printed. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #shown: boolean;
  #dirty = false;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#shown = stream.isTTY === true;
  }

  show({ progress, total, message }: ProgressLike): void {
    if (!this.#shown) return;
    const count = total === undefined ? String(progress) : `${bar(progress / total)} ${progress}/${total}`;
    const text = `${count}${message === undefined ? "" : ` ${oneLine(message)}`}`;
    const columns = this.#stream.columns || DEFAULT_COLUMNS;
    this.#stream.write(`\r\u001B[K${[...text].slice(0, Math.max(columns - 1, 10)).join("")}`);
    this.#dirty = true;
  }

  clear(): void {
    if (this.#dirty) this.#stream.write("\r\u001B[K");
    this.#dirty = false;
  }
}

/** Of a terminal that does not say how wide it is. */
const DEFAULT_COLUMNS = 80;
const BAR_CELLS = 20;

function bar(part: number): string {
  const filled = Math.round(Math.min(Math.max(Number.isFinite(part) ? part : 0, 0), 1) * BAR_CELLS);
  return `[${"#".repeat(filled)}${".".repeat(BAR_CELLS - filled)}]`;
}
