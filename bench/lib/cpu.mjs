/** CPU time of another process from the operating system's accounting: all its threads, user and system. */
import { readdirSync, readFileSync } from "node:fs";

const NS_PER_US = 1000;
/** `/proc/<pid>/stat` counts in these, whatever the kernel's own tick is. */
const US_PER_TICK = 10_000;

/** Microseconds since the process started. */
export function cpuUs(pid) {
  try {
    let ns = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) ns += threadNs(pid, thread);
    return ns / NS_PER_US;
  } catch {
    return ticks(pid) * US_PER_TICK;
  }
}

/** Nanosecond accounting of the scheduler; not all kernels have it. */
function threadNs(pid, thread) {
  const [ns] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ");
  if (!(Number(ns) > 0)) throw new Error("no schedstat");
  return Number(ns);
}

function ticks(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name of the program stands in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
