/**
 * `npm run bench`: Holdfast beside a bare server and its peers, row by row. See docs/bench.md. Exits with 1 when a
 * server gave a wrong answer or Holdfast none; a number that is too high is a number, not an error.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { environment } from "./lib/environment.mjs";
import { install } from "./lib/install.mjs";
import { readOptions } from "./lib/options.mjs";
import { publish } from "./lib/publish.mjs";
import { markdown } from "./lib/report-markdown.mjs";
import { assemble, failures } from "./lib/results.mjs";
import { pinLoad } from "./lib/server-process.mjs";
import { reasonAgainst } from "./servers/peers.mjs";

const options = readOptions();
install(options.dist);
process.env.HOLDFAST_DIST = snapshot();
pinLoad();

const begun = performance.now();
const say = (text) => console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${text}`);
const work = { ...options, tick: (row, text) => say(`${row}: ${text}`) };
const measured = {};
for (const row of withMeasure(options.rows)) {
  const able = options.peers.filter((peer) => reasonAgainst(peer, row) === undefined);
  const rounds = row.name === "start" ? options.startRounds : options.rounds;
  Object.assign(measured, await row.measure(row, able, { ...work, rounds }));
}

const results = assemble(measured, options, {
  ...environment(),
  seconds: Math.round((performance.now() - begun) / 1000),
});
console.log(markdown(results));
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
await publish(results, options);
const failed = failures(results);
for (const reason of failed) console.error(`failed: ${reason}`);
process.exit(failed.length > 0 ? 1 : 0);

/** A copy of the build, so that a rebuild during the run does not mix two of them. */
function snapshot() {
  const from = options.dist ?? fileURLToPath(new URL("../dist", import.meta.url));
  const to = fileURLToPath(new URL(`.tmp/dist-${process.pid}`, import.meta.url));
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true });
  process.on("exit", () => rmSync(to, { recursive: true, force: true }));
  return to;
}

/** Some rows are measured with another one. */
function withMeasure(rows) {
  const names = new Set(rows.map((row) => row.with ?? row.name));
  return options.allRows.filter((row) => names.has(row.name));
}
