/** One worker of the long form: runs its share of the seeds and tells its parent how it goes. */
import { type Coverage, noCoverage } from "./coverage.js";
import { simulate } from "./simulate.js";
import { simulateStream } from "./simulate-stream.js";

interface Job {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** Runs one seed and shows what happens in it. */
  readonly trace: boolean;
}

/** Often enough for a progress line, seldom enough to cost nothing. */
const REPORT_MS = 200;

const job = JSON.parse(process.argv[2] ?? "") as Job;
let coverage = noCoverage();
let reportedAt = Date.now();

function report(): void {
  process.send?.({ kind: "progress", coverage });
  coverage = noCoverage();
  reportedAt = Date.now();
}

function add(more: Coverage): void {
  for (const name of Object.keys(more) as (keyof Coverage)[]) coverage[name] += more[name];
}

/** A promise that fails where nobody looks is a bug of the code under test as well. */
let seed = 0;
process.on("unhandledRejection", (error) => {
  process.send?.({ kind: "violation", seed, text: `unhandled rejection: ${String(error)}`, trace: [] });
});

for (let index = 0; index < job.count; index += 1) {
  seed = job.first + index * job.step;
  for (const run of [simulate, simulateStream]) {
    const found = await run({ seed, tracing: job.trace });
    add(found.coverage);
    if (job.trace) process.send?.({ kind: "trace", trace: found.trace });
    if (found.violation === undefined) continue;
    // The same seed gives the same schedule: the trace is only written when somebody will read it.
    const { trace } = job.trace ? found : await run({ seed, tracing: true });
    process.send?.({ kind: "violation", seed, text: found.violation, trace });
  }
  if (Date.now() - reportedAt > REPORT_MS) report();
}
report();
process.disconnect?.();
