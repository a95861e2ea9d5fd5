/**
 * `npm run conformance`: the official MCP conformance suite against conformance/server.ts, on both revisions it knows.
 * Prints `conformance 2025-11-25 P/T, 2026-07-28 P/T` (required scenarios) on stdout, everything else on stderr.
 *
 * Exit: 0 all required scenarios pass, 1 one does not, 2 nothing could be measured.
 *
 *   --url URL    measure a server that already runs instead of the fixture
 *   --json FILE  also write every verdict to FILE
 *   --lenient    a WARNING (a SHOULD that was missed) fails no scenario
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { endChildren, installSuite, ROOT, runSuite, TEMPORARY } from "./conformance-suite.mjs";
import { judge, readRequirements } from "./conformance-tally.mjs";

const REVISIONS = ["2025-11-25", "2026-07-28"];
/** Not required by the suite, required by us to be looked at: what the frozen sets leave out and clients rely on. */
const WATCHED = [
  "json-schema-2020-12",
  "server-sse-polling",
  "server-session-lifecycle",
  "http-header-validation",
  "http-custom-header-server-validation",
  "tasks-lifecycle",
  "tasks-capability-negotiation",
  "tasks-wire-fields",
  "tasks-request-state-removal",
  "tasks-mrtr-input",
  "tasks-request-headers",
  "tasks-dispatch-and-envelope",
  "tasks-required-task-error",
  "tasks-mrtr-composition",
];
const START_MS = 20_000;
const STOP_MS = 5_000;

const { values: options } = parseArgs({
  options: { url: { type: "string" }, json: { type: "string" }, lenient: { type: "boolean", default: false } },
});
const say = (line) => process.stderr.write(`${line}\n`);

let server;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    endChildren();
    server?.kill("SIGKILL");
    process.exit(2);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`conformance: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
} finally {
  await stopServer();
}

async function main() {
  const suite = await installSuite((line) => say(`conformance: ${line}`));
  await mkdir(TEMPORARY, { recursive: true });
  const folder = await mkdtemp(join(TEMPORARY, "conformance-run-"));
  const url = options.url ?? (await startServer(folder));
  const report = {};
  for (const revision of REVISIONS) report[revision] = await measure({ suite, url, revision, folder });
  const passed = Object.values(report).every(({ score, suiteCode }) => score.passed === score.total && suiteCode === 0);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  const scores = Object.entries(report).map(([revision, { score }]) => `${revision} ${score.passed}/${score.total}`);
  process.stdout.write(`conformance ${scores.join(", ")}\n`);
  if (passed) await rm(folder, { recursive: true, force: true });
  else say(`conformance: logs and results are in ${folder}`);
  return passed ? 0 : 1;
}

async function measure({ suite, url, revision, folder }) {
  const output = join(folder, revision);
  const { required, notScored } = readRequirements(suite, revision);
  const suiteCode = await runSuite({ suite, url, revision, output, log: join(folder, `${revision}.log`) });
  const rules = { strict: !options.lenient };
  const verdicts = required.map((name) => judge(output, name, rules));
  const watched = WATCHED.filter((name) => notScored.includes(name)).map((name) => judge(output, name, rules));
  const score = { passed: verdicts.filter(({ outcome }) => outcome === "passed").length, total: verdicts.length };
  say(`${revision}: ${score.passed} of ${score.total} required scenarios`);
  for (const { name, reasons } of verdicts.filter(({ outcome }) => outcome !== "passed"))
    explain("FAIL", name, reasons);
  for (const { name, outcome, reasons } of watched) explain(`not scored, ${outcome}:`, name, reasons);
  // Where our count and the suite's own verdict differ, the worse one is believed.
  if (score.passed === score.total && suiteCode !== 0) say(`  but the suite ended with ${suiteCode}`);
  return { score, suiteCode, required: verdicts, notScored: watched };
}

function explain(mark, name, reasons) {
  say(`  ${mark} ${name}`);
  for (const reason of reasons) say(`       ${reason}`);
}

/** Resolves with the URL, which is the fixture's first line on stdout. */
async function startServer(folder) {
  const log = createWriteStream(join(folder, "server.log"));
  server = spawn(process.execPath, ["--import", "tsx", "conformance/server.ts"], {
    cwd: ROOT,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  server.stderr.pipe(log);
  const tail = [];
  server.stderr.on("data", (chunk) => tail.push(chunk));
  const timeout = AbortSignal.timeout(START_MS);
  const line = once(createInterface({ input: server.stdout }), "line", { signal: timeout }).then(([first]) => first);
  const ended = once(server, "exit", { signal: timeout }).then(() => undefined);
  const url = await Promise.race([line, ended]).catch(() => undefined);
  // Whichever lost the race ends with the timer.
  line.catch(() => undefined);
  ended.catch(() => undefined);
  if (url === undefined) throw new Error(`the fixture did not start:\n${Buffer.concat(tail).toString("utf8")}`);
  return url;
}

async function stopServer() {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  const late = setTimeout(() => server.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(late);
}
