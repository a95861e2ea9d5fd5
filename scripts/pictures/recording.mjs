/** A real program in a real terminal, kept as the screens it showed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import headless from "@xterm/headless";

const { Terminal } = headless;

/** Pauses of the program are shortened to this: nobody wants to watch somebody wait. */
const LONGEST_PAUSE_MS = 1200;
const TYPED_MS = 45;
const TYPED_AT_ONCE = 2;
const AFTER_TYPING_MS = 500;
const LAST_MS = 5000;
/** A program that takes longer does not belong into a picture. */
const GIVE_UP_MS = 180_000;

/**
 * Runs `line` in a shell in a terminal of `columns` x `rows`. Each of `answers` in turn: when its `after` is on the
 * screen, its `text` is typed, or its `act` is done by somebody else.
 */
export async function record({ line, env = {}, cwd, columns = 100, rows = 30, answers = [] }) {
  const film = new Film(columns, rows);
  await film.type(line);
  const size = `stty cols ${columns} rows ${rows}`;
  // script(1) gives the program a terminal; what it prints is what the program prints.
  const child = spawn("script", ["-qfec", `${size}; ${line}`, "/dev/null"], {
    cwd,
    env: { ...process.env, TERM: "xterm-256color", COLORTERM: "", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), GIVE_UP_MS);
  const left = [...answers];
  const ended = once(child, "exit");
  for await (const chunk of child.stdout) {
    await film.shown(chunk);
    const [next] = left;
    if (next?.after.test(film.text)) {
      left.shift();
      film.wait(next.thinkMs ?? 900);
      if (next.text !== undefined) child.stdin.write(next.text);
      if (next.act !== undefined) await next.act({ cwd, env: { ...process.env, ...env } });
    }
  }
  const [code, signal] = await ended;
  clearTimeout(timer);
  film.wait(LAST_MS);
  if (left.length > 0) throw new Error(`${line}: never asked ${left[0].after}`);
  return { ...film.done(), code, signal };
}

class Film {
  #terminal;
  #frames = [];
  #atMs = 0;
  #lastMs = performance.now();

  constructor(columns, rows) {
    this.#terminal = new Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: false, scrollback: 1000 });
  }

  async type(line) {
    await this.#draw("\x1b[32m$\x1b[0m ");
    for (let at = 0; at < line.length; at += TYPED_AT_ONCE) {
      this.#atMs += TYPED_MS;
      await this.#draw(line.slice(at, at + TYPED_AT_ONCE));
    }
    this.#atMs += AFTER_TYPING_MS;
    await this.#draw("\r\n");
    this.#lastMs = performance.now();
  }

  async shown(chunk) {
    const now = performance.now();
    this.#atMs += Math.min(now - this.#lastMs, LONGEST_PAUSE_MS);
    this.#lastMs = now;
    await this.#draw(chunk);
  }

  wait(ms) {
    this.#atMs += ms;
    this.#lastMs = performance.now() + ms;
  }

  /** What stands on the screen, without what is behind the last character. */
  get text() {
    return this.#screen()
      .map((row) => row.map(({ text }) => text).join(""))
      .join("\n")
      .trimEnd();
  }

  done() {
    return { frames: this.#frames, durationMs: this.#atMs, columns: this.#terminal.cols, rows: this.#terminal.rows };
  }

  async #draw(data) {
    await new Promise((resolve) => this.#terminal.write(data, resolve));
    this.#frames.push({ atMs: this.#atMs, screen: this.#screen() });
  }

  #screen() {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, y) => runsOf(active.getLine(active.viewportY + y)));
  }
}

/** A line as runs of one style; spaces at its end are nothing. */
function runsOf(line) {
  const runs = [];
  for (let x = 0; x < line.length; x++) {
    const cell = line.getCell(x);
    if (cell.getWidth() === 0) continue;
    const style = styleOf(cell);
    const last = runs.at(-1);
    const text = cell.getChars() || " ";
    if (last !== undefined && last.style === style) last.text += text;
    else runs.push({ x, style, text });
  }
  while (runs.length > 0 && runs.at(-1).text.trim() === "") runs.pop();
  if (runs.length > 0) runs.at(-1).text = runs.at(-1).text.trimEnd();
  return runs;
}

function styleOf(cell) {
  const classes = [];
  if (cell.isBold()) classes.push("b");
  if (cell.isDim()) classes.push("d");
  if (cell.isItalic()) classes.push("i");
  if (cell.isInverse()) classes.push("v");
  if (cell.isFgPalette()) classes.push(`c${cell.getFgColor() % 8}`);
  return classes.join(" ");
}
