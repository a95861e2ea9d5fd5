// The long form of the fuzz tests: the targets of test/fuzz with millions of inputs, split over worker processes.
//   node scripts/fuzz.mjs [--inputs 10000000] [--seed N] [--target NAME]... [--workers 2] [--replay INDEX] [--list]
// An input is named by seed, target and index; a failure comes with the command that runs it alone. Exits 1 on a failure.
// --from takes the targets of another module, --patience the seconds after which a silent worker hangs.
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { FuzzReport, grouped } from "./fuzz-report.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FUZZ = join(ROOT, "test", "fuzz");
/** A worker that has said nothing for so long has not even started. */
const START_MS = 60_000;
const WATCH_MS = 250;
const MAX_SEED = 2 ** 31;

const { values: options } = parseArgs({
  options: {
    inputs: { type: "string", default: "10000000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * MAX_SEED)) },
    target: { type: "string", multiple: true },
    workers: { type: "string", default: "2" },
    replay: { type: "string" },
    list: { type: "boolean", default: false },
    from: { type: "string" },
    // A worker reports ten times a second; shrinking a failure takes the longest between two reports.
    patience: { type: "string", default: "20" },
  },
});
const inputs = whole("inputs", options.inputs);
const seed = whole("seed", options.seed);
const workers = Math.max(1, whole("workers", options.workers));
const patienceMs = 1000 * whole("patience", options.patience);
const again = `node scripts/fuzz.mjs${options.from === undefined ? "" : ` --from ${options.from}`}`;
const report = new FuzzReport({ seed, inputs, again });

const folder = temporaryFolder();
const worker = await bundle();
const all = await allTargets();
const unknown = (options.target ?? []).find((name) => !all.some((target) => target.name === name));
if (unknown !== undefined) stop(`no target is called ${unknown}, see --list`);
const targets = all.filter(({ name }) => options.target?.includes(name) ?? true);
if (options.list) for (const { name, share } of targets) console.log(`${name.padEnd(16)}${grouped(share)}`);
else if (options.replay !== undefined) await replay();
else await runAll();
process.exitCode = report.failures > 0 ? 1 : 0;

async function runAll() {
  console.log(`${grouped(inputs)} inputs, seed ${seed}, ${workers} workers`);
  const total = targets.reduce((sum, { share }) => sum + share, 0);
  const shares = targets.map(({ name, share }) => [name, Math.ceil((inputs * share) / total / workers)]);
  report.begin();
  await Promise.all(Array.from({ length: workers }, (_, first) => work(first, Object.fromEntries(shares))));
  report.end(workers);
}

/** One worker's whole part. A crash or a hang is a failure, and the end of this part. */
async function work(first, shares) {
  let at;
  const outcome = await session({ kind: "work", seed, first, step: workers, shares }, (message) => {
    if (message.kind === "at") at = message;
    report.told(first, message);
  });
  if (outcome === "ended") return;
  if (at === undefined)
    return report.failed({ target: "?", index: 0, text: `a worker ${outcome} before the first input` });
  const index = await traced(at, outcome);
  const text = index === undefined ? `a worker ${outcome} at or after this input` : `a worker ${outcome} in this input`;
  report.failed({ target: at.target, index: index ?? at.index, text });
}

/** Runs the last inputs of a worker that ended early once more, and returns the index of the one in which it ends so. */
async function traced({ target, index: from }, expected) {
  let said = "";
  const outcome = await session({ kind: "trace", seed, target, from, step: workers }, undefined, (text) => {
    said = `${said}${text}`.slice(-100);
  });
  return outcome === expected ? Number(said.trimEnd().split("\n").at(-1)) : undefined;
}

async function replay() {
  if (targets.length !== 1) stop("--replay needs one --target");
  const [{ name: target }] = targets;
  const index = whole("replay", options.replay);
  const outcome = await session({ kind: "replay", seed, target, index }, (message) => {
    report.told(0, message);
    if (message.kind === "passed") console.log(`${target} ${index} passes:\n${message.input}`);
  });
  if (outcome !== "ended") report.failed({ target, index, text: `a worker ${outcome} in this input` });
}

/** Runs a worker to its end; says how it came: "ended", "hangs" or "died (…)". */
async function session(job, onMessage, onOutput) {
  const child = fork(worker, [JSON.stringify(job)], {
    cwd: ROOT,
    execArgv: ["--expose-gc", "--enable-source-maps"],
    stdio: ["ignore", onOutput === undefined ? "inherit" : "pipe", "inherit", "ipc"],
  });
  let deadline = performance.now() + START_MS;
  let finished = false;
  let hung = false;
  const alive = () => {
    deadline = performance.now() + patienceMs;
  };
  child.stdout?.on("data", (chunk) => {
    alive();
    onOutput(chunk.toString());
  });
  child.on("message", (message) => {
    alive();
    finished ||= message.kind === "bye";
    onMessage?.(message);
  });
  const watch = setInterval(() => {
    if (performance.now() < deadline) return;
    hung = true;
    child.kill("SIGKILL");
  }, WATCH_MS);
  const [code, signal] = await new Promise((resolve) => child.on("close", (...how) => resolve(how)));
  clearInterval(watch);
  if (hung) return "hangs";
  return code === 0 && finished ? "ended" : `died (${signal ?? `code ${code}`})`;
}

async function allTargets() {
  let list = [];
  const outcome = await session({ kind: "list" }, (message) => {
    if (message.kind === "list") list = message.targets;
  });
  if (outcome !== "ended") stop(`the targets could not be loaded: a worker ${outcome}`);
  const total = list.reduce((sum, { weight }) => sum + weight, 0);
  return list.map(({ name, weight }) => ({ name, share: (inputs * weight) / total }));
}

/** The worker as one file: run from the sources one by one, the loader would cost more than many a target. */
async function bundle() {
  const from = options.from === undefined ? join(FUZZ, "targets", "index.ts") : resolve(options.from);
  const imports = [`import { runWorker } from "./worker.ts";`, `import { TARGETS } from ${JSON.stringify(from)};`];
  const outfile = join(folder, "worker.mjs");
  await build({
    stdin: { contents: `${imports.join("\n")}\nawait runWorker(TARGETS);`, resolveDir: FUZZ, loader: "ts" },
    ...{ outfile, bundle: true, packages: "external", platform: "node", format: "esm", target: "node20" },
    ...{ sourcemap: "inline", logLevel: "error" },
    plugins: [{ name: "places", setup: keepPlaces }],
  });
  return outfile;
}

/** A module that reads a file beside itself goes on doing so. */
function keepPlaces({ onLoad }) {
  onLoad({ filter: /[\\/]test[\\/].*\.ts$/ }, ({ path }) => {
    const text = readFileSync(path, "utf8");
    return { loader: "ts", contents: text.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)) };
  });
}

/** Inside the repository, so that packages are found. */
function temporaryFolder() {
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  const made = mkdtempSync(join(ROOT, ".tmp", "fuzz-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  return made;
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
