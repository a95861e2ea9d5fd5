/** Many small pieces of work, some at a time. */
import { execFileSync } from "node:child_process";

/** What the runner and a server need beside the streams: files, pipes, connections that post. */
const SPARE_DESCRIPTORS = 512;

/** Does `work(index, lane)` for every index below `count`, at most `lanes` at a time. */
export async function inLanes(count, lanes, work) {
  let next = 0;
  const lane = async (_, number) => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index, number);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane));
}

/**
 * As many of `wanted` connections as one process may have here. Node raises its own soft limit to the hard one at start,
 * so only the hard one counts.
 */
export function affordable(wanted, say) {
  const text = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  const limit = text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
  const possible = Math.max(1, limit - SPARE_DESCRIPTORS);
  if (possible >= wanted) return wanted;
  say(`only ${possible} instead of ${wanted} connections: the hard limit of open files is ${limit} (ulimit -Hn)`);
  return possible;
}
