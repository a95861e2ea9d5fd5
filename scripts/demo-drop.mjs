/**
 * `npm run demo:drop`: tool calls that are neither lost nor made twice, to look at. For every transport and era: a server
 * process with an embedded store that is killed without warning and restarted, clients whose connections are cut at random
 * moments and that call again, and a count of the effects their calls really had.
 *
 * - `steps` and `keyed` may be run again: every call has its result and exactly one effect.
 * - `plain` is a write of which nobody can say whether it was done when the server died in the middle: never two effects,
 *   and a result or the answer that the outcome is unknown.
 *
 * Some clients of every lane send no key; they call again like any client that knows nothing of keys.
 *
 * Exit: 0 all held, 1 something did not, 2 the demonstration itself failed.
 *
 *   --only a,b   these lanes: sse, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28, stdio
 *   --calls N    at least so many calls in each lane
 *   --kills N    and so many kills
 *   --quick      few of both
 *   --seed N     the choices of an earlier run (what the machine makes of them differs)
 *   --json       the rows as JSON instead of the table
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LANES, Lane } from "./demo-drop/lane.mjs";
import { endProcesses } from "./demo-drop/process.mjs";
import { Random } from "./demo-drop/random.mjs";
import { showProgress, tableOf } from "./demo-drop/report.mjs";

const FULL = { calls: 200, kills: 35 };
const QUICK = { calls: 20, kills: 4 };
/** How many of the calls that went wrong are told one by one. */
const TOLD = 20;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    calls: { type: "string" },
    kills: { type: "string" },
    seed: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const dir = mkdtempSync(join(tmpdir(), "demo-drop-"));
const say = (text) => process.stderr.write(`${text}\n`);

function cleanUp() {
  endProcesses();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    cleanUp();
    process.exit(2);
  });
}

let code = 2;
try {
  code = await main();
} catch (error) {
  say(`demo-drop: ${error instanceof Error ? error.stack : error}`);
} finally {
  cleanUp();
}
// At once, when the table is out: clients that wait before they come back have nothing to come back to.
process.stdout.write("", () => process.exit(code));

async function main() {
  const names = options.only?.split(",") ?? Object.keys(LANES);
  const strange = names.filter((name) => !Object.hasOwn(LANES, name));
  if (strange.length > 0) throw new Error(`no lane is called ${strange}; there are ${Object.keys(LANES)}`);
  const aims = options.quick ? QUICK : FULL;
  const calls = count("calls", aims.calls);
  const kills = count("kills", aims.kills);
  const seed = count("seed", Date.now() % 1_000_000);
  say(`seed ${seed}`);
  const random = new Random(seed);
  const rows = [];
  for (const name of names) {
    const lane = new Lane(name, { random: random.fork(), dir, calls, kills });
    const done = showProgress(lane);
    rows.push(await lane.run().finally(done));
  }
  process.stdout.write(`${options.json ? JSON.stringify(rows) : tableOf(rows)}\n`);
  return verdict(rows, seed);
}

function count(name, otherwise) {
  const number = Number(options[name] ?? otherwise);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} is a whole number`);
  return number;
}

function verdict(rows, seed) {
  const wrong = rows.flatMap((row) => row.violations.map((one) => ({ ...one, title: row.title })));
  for (const row of rows) {
    const { title, refused, lastRefusal, sessionsLost, excused } = row;
    if (refused > 0) say(`${title}: refused ${refused} times, sessions lost ${sessionsLost}; ${lastRefusal}`);
    if (excused > 0) say(`${title}: ${excused} answers had been sent when the connection was cut`);
  }
  for (const { title, call, wrong: words, trail, events = [] } of wrong.slice(0, TOLD)) {
    say(`${title}: ${call}: ${words.join("; ")}`);
    say(`  attempts: ${trail.join(", ")}\n  ${events.join(", ")}`);
  }
  const calls = rows.reduce((sum, row) => sum + row.calls, 0);
  if (wrong.length > 0) {
    say(`NOT HELD: ${wrong.length} of ${calls} calls went wrong (--seed ${seed})`);
    return 1;
  }
  say(`HELD: ${calls} calls, none lost, none with two effects (--seed ${seed})`);
  return 0;
}
