// The long form of the fuzz tests: the targets of test/fuzz with millions of inputs, split over worker processes.
//   node scripts/fuzz.mjs [--inputs 10000000] [--seed N] [--target NAME] [--workers 2] [--replay INDEX]
// An input is named by seed, target and index; a failure comes with the command that runs it alone. Exits 1 on a failure.
import { fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WORKER = join(ROOT, "test", "fuzz", "worker.ts");
/** A worker reports many times a second; one that is silent for so long hangs in an input. */
const HANG_MS = 60_000;
/** How often progress is told where it cannot be written over. */
const LINE_MS = 10_000;
const REDRAW_MS = 250;
/** What a heap may grow by from the end of the warm-up: caches fill, a leak of ten bytes per input would show. */
const MAX_HEAP_GROWTH_MIB = 48;
const MIB = 1_048_576;

const { values: options } = parseArgs({
  options: {
    inputs: { type: "string", default: "10000000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    target: { type: "string" },
    workers: { type: "string", default: "2" },
    replay: { type: "string" },
  },
});
const inputs = whole("inputs", options.inputs);
const seed = whole("seed", options.seed);
const workers = Math.max(1, whole("workers", options.workers));

const failures = [];
const rows = new Map();
const heaps = [];
const startedAt = Date.now();

const targets = (await targetList()).filter(({ name }) => options.target === undefined || name === options.target);
if (targets.length === 0) stop(`no target is called ${options.target}`);
if (options.replay !== undefined) await replay();
else await runAll();
process.exit(failures.length > 0 ? 1 : 0);

async function runAll() {
  console.log(`${grouped(inputs)} inputs, seed ${seed}, ${workers} workers`);
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const shares = Object.fromEntries(
    targets.map(({ name, weight }) => [name, Math.ceil((inputs * weight) / total / workers)]),
  );
  const timer = setInterval(progress, process.stdout.isTTY ? REDRAW_MS : LINE_MS);
  await Promise.all(Array.from({ length: workers }, (_, first) => work(first, shares)));
  clearInterval(timer);
  summary();
}

/** One worker's whole part. A crash or a hang is a failure, and the end of this part. */
async function work(first, shares) {
  let at;
  const outcome = await session({ seed, first, step: workers, shares }, (message) => {
    if (message.kind === "at") at = message;
    else if (message.kind === "done") rowOf(message.target, first, message);
    else if (message.kind === "failure") failed(message);
    else if (message.kind === "end") heaps.push(message);
  });
  if (outcome === "ended") return;
  const where = at === undefined ? "before the first input" : `in ${at.target}, at or after index ${at.index}`;
  if (outcome !== "hung" || at === undefined) {
    failed({ target: at?.target ?? "?", index: at?.index ?? 0, text: `a worker ended (${outcome}) ${where}`, input: "" });
    return;
  }
  const index = await traced(at, first);
  failed({ target: at.target, index: index ?? at.index, text: `hangs: a worker was silent ${where}`, input: "" });
}

/** Runs the inputs of a worker that hung once more, one by one, and returns the index of the last that began. */
async function traced({ target, index }, first) {
  let last = "";
  const job = { seed, first, step: workers, shares: {}, trace: { target, from: index } };
  const outcome = await session(job, () => {}, (text) => {
    last = text.trimEnd().split("\n").at(-1) ?? last;
  });
  return outcome === "hung" ? Number(last) : undefined;
}

/** Runs a worker to its end; says how it ended: "ended", "hung", or its exit code or signal. */
async function session(job, onMessage, onOutput) {
  const child = fork(WORKER, [JSON.stringify(job)], {
    cwd: ROOT,
    execArgv: ["--expose-gc", "--import", "tsx"],
    stdio: ["ignore", onOutput === undefined ? "inherit" : "pipe", "inherit", "ipc"],
  });
  let heard = Date.now();
  let hung = false;
  child.stdout?.on("data", (chunk) => {
    heard = Date.now();
    onOutput(chunk.toString());
  });
  child.on("message", (message) => {
    heard = Date.now();
    onMessage(message);
  });
  const watch = setInterval(() => {
    if (Date.now() - heard < HANG_MS) return;
    hung = true;
    child.kill("SIGKILL");
  }, 1000);
  const [code, signal] = await new Promise((resolve) => child.on("exit", (...how) => resolve(how)));
  clearInterval(watch);
  if (hung) return "hung";
  return code === 0 ? "ended" : `${signal ?? `code ${code}`}`;
}

async function targetList() {
  let list = [];
  const outcome = await session({ list: true }, (message) => {
    list = message.targets;
  });
  if (outcome !== "ended") stop(`the targets could not be loaded (${outcome})`);
  return list;
}

async function replay() {
  const [{ name }] = targets;
  if (targets.length !== 1) stop("--replay needs --target");
  const job = { seed, first: 0, step: 1, shares: {}, replay: { target: name, index: whole("replay", options.replay) } };
  const outcome = await session(job, failed);
  if (outcome !== "ended") failed({ target: name, index: options.replay, text: `the worker ended: ${outcome}`, input: "" });
}

function failed({ target, index, text, input }) {
  failures.push(target);
  clearLine();
  console.log(`\nFAILED ${target} ${index}\n${text}\n${input}`);
  console.log(`Again: node scripts/fuzz.mjs --target ${target} --seed ${seed} --replay ${index}\n`);
}

function rowOf(target, worker, { inputs: done, ms, slowest, failures: count }) {
  const row = rows.get(target) ?? [];
  row[worker] = { done, ms, slowest, count };
  rows.set(target, row);
}

function progress() {
  const done = sum([...rows.values()].flat(), "done");
  const seconds = (Date.now() - startedAt) / 1000;
  const rate = done / seconds;
  const left = rate > 0 ? duration((inputs - done) / rate) : "?";
  const share = ((100 * done) / inputs).toFixed(1);
  const line = `${share} %  ${grouped(done)} inputs  ${grouped(rate)}/s  ${left} left  ${failures.length} failures`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`);
  else console.log(line);
}

function summary() {
  clearLine();
  const lines = targets.map(({ name }) => {
    const parts = (rows.get(name) ?? []).filter(Boolean);
    const seconds = sum(parts, "ms") / 1000;
    const slowest = parts.map((part) => part.slowest).sort((one, other) => other.ms - one.ms)[0] ?? { ms: 0, index: 0 };
    const done = sum(parts, "done");
    const slow = `${slowest.ms.toFixed(0)} ms (${slowest.index})`;
    return [name, grouped(done), seconds.toFixed(1), grouped(done / seconds), slow, String(sum(parts, "count"))];
  });
  const done = sum([...rows.values()].flat(), "done");
  const seconds = (Date.now() - startedAt) / 1000;
  const cpu = sum([...rows.values()].flat(), "ms") / 1000;
  lines.push(["total", grouped(done), cpu.toFixed(1), grouped(done / cpu), "", String(failures.length)]);
  console.log(aligned([["target", "inputs", "seconds", "per second", "slowest (index)", "failures"], ...lines]));
  console.log(`\n${duration(seconds)} on ${workers} workers, ${grouped(done / seconds)} inputs/s, seed ${seed}`);
  for (const { heapAtStart, heapAtEnd } of heaps) {
    const growth = (heapAtEnd - heapAtStart) / MIB;
    console.log(`heap of a worker: ${(heapAtStart / MIB).toFixed(1)} MiB -> ${(heapAtEnd / MIB).toFixed(1)} MiB`);
    if (growth < MAX_HEAP_GROWTH_MIB) continue;
    failures.push("heap");
    console.log(`FAILED: it grew by ${growth.toFixed(1)} MiB, more than ${MAX_HEAP_GROWTH_MIB}`);
  }
}

function aligned(cells) {
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const pad = (text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return cells.map((row) => row.map(pad).join("  ")).join("\n");
}

function sum(list, key) {
  return list.reduce((total, one) => total + (one?.[key] ?? 0), 0);
}

function grouped(number) {
  return Number.isFinite(number) ? Math.round(number).toLocaleString("en-US").replaceAll(",", " ") : "-";
}

function duration(seconds) {
  return seconds < 60 ? `${seconds.toFixed(0)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function clearLine() {
  if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
}

function whole(name, text) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) stop(`--${name} must be a whole number, not ${text}`);
  return number;
}

function stop(text) {
  console.error(text);
  process.exit(2);
}
