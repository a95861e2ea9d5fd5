// What scripts/fuzz.mjs tells: progress on stderr, failures and the table of targets on stdout.

/** How often progress is told where it cannot be written over. */
const LINE_MS = 10_000;
const REDRAW_MS = 250;
/** What a heap may grow by from the end of the warm-up: caches fill, a leak of ten bytes per input would show. */
const MAX_HEAP_GROWTH_MIB = 48;
const MIB = 1_048_576;

export class FuzzReport {
  failures = 0;
  #seed;
  #inputs;
  #again;
  /** By target: the totals of each worker. */
  #rows = new Map();
  #heaps = [];
  #startedAt = performance.now();
  #timer;

  /** `again` is the command line that repeats the run, up to its options. */
  constructor({ seed, inputs, again }) {
    this.#seed = seed;
    this.#inputs = inputs;
    this.#again = again;
  }

  begin() {
    this.#timer = setInterval(() => this.#progress(), process.stderr.isTTY ? REDRAW_MS : LINE_MS);
  }

  /** Takes in what a worker says. */
  told(worker, message) {
    if (message.kind === "failure") this.failed(message);
    else if (message.kind === "heap") this.#heaps.push(message);
    else if (message.kind === "done") {
      const row = this.#rows.get(message.target) ?? [];
      row[worker] = message;
      this.#rows.set(message.target, row);
    }
  }

  failed({ target, index, text, input }) {
    this.failures += 1;
    clearLine();
    console.log(`\nFAILED ${target} ${index}\n${text}`);
    if (input !== undefined) console.log(`The simplest input that fails so:\n${input}`);
    console.log(`Again: ${this.#again} --target ${target} --seed ${this.#seed} --replay ${index}\n`);
  }

  #progress() {
    const done = sum(this.#parts(), "inputs");
    const rate = done / this.#seconds();
    const left = rate > 0 ? duration(Math.max(0, this.#inputs - done) / rate) : "?";
    const share = ((100 * done) / this.#inputs).toFixed(1);
    const line = `${share} %  ${grouped(done)} inputs  ${grouped(rate)}/s  ${left} left  ${this.failures} failures`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else console.error(line);
  }

  /** The table of targets, and what the heaps say. */
  end(workers) {
    clearInterval(this.#timer);
    clearLine();
    const lines = [...this.#rows].map(([name, parts]) => rowOf(name, parts.filter(Boolean)));
    const parts = this.#parts();
    lines.push(["total", ...totals(parts), "", grouped(sum(parts, "failures"))]);
    console.log(aligned([["target", "inputs", "seconds", "per second", "slowest (index)", "failures"], ...lines]));
    const seconds = this.#seconds();
    const rate = grouped(sum(parts, "inputs") / seconds);
    console.log(`\n${duration(seconds)} on ${workers} workers, ${rate} inputs/s, seed ${this.#seed}`);
    for (const heap of this.#heaps) this.#judgeHeap(heap);
    console.log(this.failures === 0 ? "no failures" : `kinds of failure: ${this.failures}`);
  }

  #judgeHeap({ heapAtStart, heapAtEnd }) {
    const growth = (heapAtEnd - heapAtStart) / MIB;
    console.log(`heap of a worker: ${(heapAtStart / MIB).toFixed(1)} MiB -> ${(heapAtEnd / MIB).toFixed(1)} MiB`);
    if (growth < MAX_HEAP_GROWTH_MIB) return;
    this.failures += 1;
    console.log(`FAILED: it grew by ${growth.toFixed(1)} MiB, more than ${MAX_HEAP_GROWTH_MIB}`);
  }

  #parts() {
    return [...this.#rows.values()].flat().filter(Boolean);
  }

  #seconds() {
    return (performance.now() - this.#startedAt) / 1000;
  }
}

function rowOf(name, parts) {
  const slowest = parts.map((part) => part.slowest).reduce((one, other) => (other.ms > one.ms ? other : one));
  return [name, ...totals(parts), `${slowest.ms.toFixed(0)} ms (${slowest.index})`, grouped(sum(parts, "failures"))];
}

/** Inputs, seconds of a core, inputs per such second. */
function totals(parts) {
  const inputs = sum(parts, "inputs");
  const seconds = sum(parts, "ms") / 1000;
  return [grouped(inputs), seconds.toFixed(1), grouped(inputs / seconds)];
}

function aligned(cells) {
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const pad = (text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return cells.map((row) => row.map(pad).join("  ")).join("\n");
}

function sum(parts, key) {
  return parts.reduce((total, part) => total + part[key], 0);
}

export function grouped(number) {
  return Number.isFinite(number) ? Math.round(number).toLocaleString("en-US").replaceAll(",", " ") : "-";
}

function duration(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function clearLine() {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}
