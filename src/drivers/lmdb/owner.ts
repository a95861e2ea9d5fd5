/** Who owns a lease, in words that another process of the machine can check. */
import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

/** Where process numbers mean the same: one boot of one machine (or container). Unknown outside Linux. */
function realm(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/** When a process was started, in ticks since boot: a number that is used again has another one. */
function startOf(pid: number | "self"): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program is in parentheses and may have any character in it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

const REALM = realm();

/** A name for this process as an owner. The random part keeps two servers in one process apart. */
export function ownerName(): string {
  return [REALM, process.pid, startOf("self") ?? "", randomBytes(6).toString("base64url")].join(" ");
}

/** False only when the owner is certainly dead: a process of this realm that is gone. Then nobody waits for its lease. */
export function isOwnerAlive(owner: string): boolean {
  const [where, pid, start] = owner.split(" ");
  if (where === undefined || where === "" || start === undefined || start === "") return true;
  if (where !== REALM) {
    // Another boot of this machine: whatever ran then does not run now. Another container: who knows.
    return where.split("/")[0] === REALM.split("/")[0];
  }
  return startOf(Number(pid)) === start;
}
