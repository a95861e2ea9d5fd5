/**
 * `node scripts/soak.mjs`: that memory, handles, timers and listeners of the built package stay bounded, whatever its
 * clients do (docs/soak.md). Every scenario has a server in a process of its own and clients on raw sockets here; the
 * table goes to stdout, progress to stderr.
 *
 * Exit: 0 every figure is within its bound, 1 one is not, 2 nothing could be measured.
 *
 *   --only a,b   these scenarios: idle, abandoned, aborts, flood, flood-large, crowd, slow, operations, bodies
 *   --quick      a tenth of the counts
 *   --scale N    any other part of them
 *   --json       the rows as JSON instead of the table
 */
import { parseArgs } from "node:util";
import { endServers } from "./soak/process.mjs";
import { Report, tableOf } from "./soak/report.mjs";

const SCENARIOS = {
  idle: async () => (await import("./soak/idle.mjs")).idle,
  abandoned: async () => (await import("./soak/abandoned.mjs")).abandoned,
  aborts: async () => (await import("./soak/aborts.mjs")).aborts,
  flood: async () => (await import("./soak/flood.mjs")).flood,
  "flood-large": async () => (await import("./soak/flood.mjs")).floodLarge,
  crowd: async () => (await import("./soak/crowd.mjs")).crowd,
  slow: async () => (await import("./soak/slow.mjs")).slow,
  operations: async () => (await import("./soak/operations.mjs")).operations,
  bodies: async () => (await import("./soak/bodies.mjs")).bodies,
};
const QUICK = 0.1;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    scale: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const startedAt = performance.now();
const say = (text) =>
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} ${text}\n`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    endServers();
    process.exit(2);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`soak: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 2;
} finally {
  endServers();
}

async function main() {
  const names = options.only?.split(",") ?? Object.keys(SCENARIOS);
  const unknown = names.filter((name) => !Object.hasOwn(SCENARIOS, name));
  if (unknown.length > 0) throw new Error(`no scenario is called ${unknown}; there are ${Object.keys(SCENARIOS)}`);
  const scale = Number(options.scale ?? (options.quick ? QUICK : 1));
  if (!(scale > 0 && scale <= 1)) throw new Error("--scale is a number above 0 and at most 1");
  const report = new Report(say);
  for (const name of names) {
    const scenario = await SCENARIOS[name]();
    await scenario(report, scale);
  }
  const { rows } = report;
  process.stdout.write(`${options.json ? JSON.stringify(rows) : tableOf(rows)}\n`);
  const failed = rows.filter((row) => row.pass === false);
  say(`${rows.length} figures, ${failed.length} out of bounds`);
  return failed.length > 0 ? 1 : 0;
}
