/** Who owns a lease, in words that another process of the machine can check. */
import { randomId } from "../../util/ids.js";

/** Where process numbers mean the same: one boot of one machine (or container). Unknown outside Linux. */
function findRealm(): string {
  const { readFileSync, readlinkSync } = process.getBuiltinModule("node:fs");
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/** When a process was started, in ticks since boot: a number that is used again has another one. */
function startOf(pid: number | "self"): string | undefined {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program is in parentheses and may have any character in it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

let known: string | undefined;

function realm(): string {
  known ??= findRealm();
  return known;
}

/** Names this boot of the machine; empty where that is unknown. */
export function bootName(): string {
  return realm().split("/")[0] ?? "";
}

/** Owners of this process that serve. */
const living = new Set<string>();

/** A name for this process as an owner. The random part keeps two servers in one process apart. */
export function ownerName(): string {
  const owner = [realm(), process.pid, startOf("self") ?? "", randomId()].join(" ");
  living.add(owner);
  return owner;
}

/** The server of this name stopped, although its process goes on. */
export function retire(owner: string): void {
  living.delete(owner);
}

/** A stopped server was started again. */
export function revive(owner: string): void {
  living.add(owner);
}

/** What is known of an owner: a process of this realm can be looked up, of another container nothing is known. */
export function ownerState(owner: string): "alive" | "dead" | "unknown" {
  const [where = "", pid, start = ""] = owner.split(" ");
  if (living.has(owner)) return "alive";
  const here = realm();
  if (Number(pid) === process.pid && where === here && startOf("self") === (start || undefined)) return "dead";
  if (where === "" || start === "") return "unknown";
  if (where === here) return startOf(Number(pid)) === start ? "alive" : "dead";
  // Another boot of this machine: whatever ran then does not run now.
  return where.split("/")[0] === here.split("/")[0] ? "unknown" : "dead";
}

/** False only when the owner is certainly dead: then nobody waits for its lease. */
export function isOwnerAlive(owner: string): boolean {
  return ownerState(owner) !== "dead";
}
