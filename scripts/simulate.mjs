// The long form of the simulator: schedules of crashes, stalls, cuts and lost answers, held against what is promised.
//   node scripts/simulate.mjs [--schedules 100000] [--first N] [--workers 2]
//   node scripts/simulate.mjs --seed N [--trace]
// Each schedule has a seed of its own; a violation comes with the command that runs it alone, and with its trace.
// Exits 1 on a violation.
import { fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WORKER = join(ROOT, "test", "simulator", "worker.ts");
/** How often progress is told where it cannot be written over. */
const LINE_MS = 10_000;
const REDRAW_MS = 250;
/** A worker reports many times a second; one that is silent for so long hangs in a schedule. */
const HANG_MS = 60_000;
/** Enough to see whether violations have one cause; each comes with its trace. */
const MAX_SHOWN = 3;

const { values: options } = parseArgs({
  options: {
    schedules: { type: "string", default: "100000" },
    first: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
  },
});
const alone = options.seed !== undefined;
const schedules = alone ? 1 : whole("schedules", options.schedules);
const first = alone ? whole("seed", options.seed) : whole("first", options.first);
const workers = alone ? 1 : Math.max(1, whole("workers", options.workers));

const reached = {};
let failures = 0;
const startedAt = Date.now();
console.log(alone ? `seed ${first}` : `${grouped(schedules)} schedules from seed ${first}, ${workers} workers`);
const timer = setInterval(progress, process.stdout.isTTY ? REDRAW_MS : LINE_MS);
await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
clearInterval(timer);
summary();
process.exit(failures > 0 ? 1 : 0);

/** One worker's share: every so manyth seed. */
function work(index) {
  const count = Math.ceil((schedules - index) / workers);
  const job = { first: first + index, step: workers, count, trace: options.trace };
  const child = fork(WORKER, [JSON.stringify(job)], {
    cwd: ROOT,
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let heard = Date.now();
  const watch = setInterval(() => {
    if (Date.now() - heard > HANG_MS) child.kill("SIGKILL");
  }, 1000);
  child.on("message", (message) => {
    heard = Date.now();
    if (message.kind === "violation") violated(message);
    else if (message.kind === "trace") console.log(message.trace.join("\n"));
    else for (const [name, count] of Object.entries(message.coverage)) reached[name] = (reached[name] ?? 0) + count;
  });
  return new Promise((resolve) => {
    child.on("exit", (code, signal) => {
      clearInterval(watch);
      if (code !== 0) {
        failures += 1;
        console.log(`\nFAILED: a worker ended (${signal ?? `code ${code}`})`);
      }
      resolve();
    });
  });
}

function violated({ seed, text, trace }) {
  failures += 1;
  if (failures > MAX_SHOWN) return;
  clearLine();
  console.log(
    `\nFAILED seed ${seed}: ${text}\n${trace.join("\n")}\nAgain: npm run simulate -- --seed ${seed} --trace\n`,
  );
}

function progress() {
  const done = reached.schedules ?? 0;
  const rate = done / ((Date.now() - startedAt) / 1000);
  const left = rate > 0 ? duration((schedules - done) / rate) : "?";
  const share = ((100 * done) / schedules).toFixed(1);
  const line = `${share} %  ${grouped(done)} schedules  ${grouped(rate)}/s  ${left} left  ${failures} violations`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`);
  else console.log(line);
}

function summary() {
  clearLine();
  const width = Math.max(...Object.keys(reached).map((name) => name.length));
  for (const [name, count] of Object.entries(reached)) {
    console.log(`${words(name).padEnd(width + 4)}${grouped(count).padStart(14)}`);
    if (!alone && schedules >= 1000 && count === 0) {
      failures += 1;
      console.log(`FAILED: no schedule reached "${words(name)}", so nothing was learned of it`);
    }
  }
  const seconds = (Date.now() - startedAt) / 1000;
  console.log(
    `\n${duration(seconds)}, ${grouped((reached.schedules ?? 0) / seconds)} schedules/s, ${failures} violations`,
  );
}

function words(name) {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
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
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`--${name} must be a whole number, not ${text}`);
  process.exit(2);
}
