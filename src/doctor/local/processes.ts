/** Processes and sockets as /proc shows them. Where there is none, nothing is known, and that is said. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Z is a process that has ended and was not collected. */
  readonly state: string;
  readonly ticks: number;
  readonly command: string;
}

/** Ticks of the clock in `/proc/PID/stat` for one second: fixed in the interface of Linux. */
export const TICKS_PER_SECOND = 100;

export const canSeeProcesses: boolean = existsSync("/proc/self/stat");

export function factsOf(pid: number): ProcessFacts | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name stands in parentheses and may hold any character.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = "", parent] = fields;
  const [own, system] = [Number(fields[11]), Number(fields[12])];
  const command = (read(`/proc/${pid}/cmdline`) ?? "").split("\0").join(" ").trim();
  return { pid, parent: Number(parent), state, ticks: own + system, command };
}

/**
 * For how many milliseconds processes ran or waited for their turn: what they wanted of the processor, however busy the
 * machine is with something else. Kernels without these figures tell what they got.
 */
export function demandMs(family: readonly ProcessFacts[]): number {
  let total = 0;
  for (const { pid, ticks } of family) {
    const threads = entries(`/proc/${pid}/task`).map((id) => read(`/proc/${pid}/task/${id}/schedstat`));
    const figures = threads.map((one) => (one ?? "").trim().split(" ").slice(0, 2).map(Number));
    const wanted = figures.flat().reduce((sum, nanoseconds) => sum + nanoseconds, 0) / NANOSECONDS;
    total += wanted > 0 ? wanted : (ticks / TICKS_PER_SECOND) * 1000;
  }
  return total;
}

const NANOSECONDS = 1_000_000;

export function isAlive(pid: number): boolean {
  if (canSeeProcesses) {
    const facts = factsOf(pid);
    return facts !== undefined && facts.state !== "Z" && facts.state !== "X";
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function kill(pid: number): void {
  if (pid === process.pid || !isAlive(pid)) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in between, or belongs to somebody else.
  }
}

/**
 * Everything that a program has started: its descendants, and those whose parent is gone, by a variable that was put into
 * its environment.
 */
export function familyOf(pid: number, marker: string): readonly ProcessFacts[] {
  if (!canSeeProcesses) return [];
  const all = entries("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => factsOf(Number(name)))
    .filter((one) => one !== undefined)
    .filter(({ state }) => state !== "Z" && state !== "X");
  const parents = new Map(all.map((one) => [one.pid, one.parent]));
  const descends = (one: number): boolean => {
    for (let at: number | undefined = one, depth = 0; at !== undefined && at > 1 && depth < MAX_DEPTH; depth += 1) {
      if (at === pid) return true;
      at = parents.get(at);
    }
    return false;
  };
  return all.filter((one) => descends(one.pid) || (read(`/proc/${one.pid}/environ`) ?? "").includes(marker));
}

/** Deeper than processes nest, in case the table changes while it is read. */
const MAX_DEPTH = 200;

export interface Listening {
  readonly pid: number;
  readonly address: string;
  readonly isPublic: boolean;
}

const LISTEN = "0A";

/** TCP sockets on which these processes listen. */
export function listeningOf(family: readonly ProcessFacts[]): readonly Listening[] {
  const sockets = new Map<string, string>();
  for (const table of ["tcp", "tcp6"]) {
    for (const line of (read(`/proc/net/${table}`) ?? "").split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === LISTEN && fields[1] !== undefined && fields[9] !== undefined) sockets.set(fields[9], fields[1]);
    }
  }
  const found: Listening[] = [];
  for (const { pid } of family) {
    for (const inode of socketsOf(pid)) {
      const local = sockets.get(inode);
      if (local !== undefined) found.push({ pid, ...addressOf(local) });
    }
  }
  return found;
}

function socketsOf(pid: number): readonly string[] {
  return entries(`/proc/${pid}/fd`).flatMap((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1];
    return inode === undefined ? [] : [inode];
  });
}

/** `0100007F:1F90` is 127.0.0.1:8080: the bytes of each word are turned around. */
function addressOf(local: string): Pick<Listening, "address" | "isPublic"> {
  const [hex = "", port = ""] = local.split(":");
  const isPublic = /^0+$/.test(hex);
  const bytes = (hex.match(/../g) ?? []).map((one) => Number.parseInt(one, 16)).reverse();
  const host = isPublic ? "every address" : hex.length === 8 ? bytes.join(".") : "an IPv6 address";
  return { address: `${host}, port ${Number.parseInt(port, 16)}`, isPublic };
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
