/**
 * Where a descriptor cannot be opened a second time, another process can still hold it: a `cat` that
 * inherits it. One costs 2 to 3 ms once and a process (and, on the way of the protocol, 10 to 20
 * microseconds a message), so none is started without a reason.
 */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import fs from "node:fs";
import type { Writable } from "node:stream";
import { freeStdout, ownStdout } from "./descriptor-one.js";
import { exemptFromRedirection } from "./guard-children.js";
import { pointStdoutAtNothing } from "./guard-descriptor.js";

/**
 * A relay outlives the signals that a terminal or a supervisor sends to the whole group: it ends when
 * this process has ended and everything it sent is out.
 */
const RELAY_COMMAND = 'trap "" INT TERM HUP QUIT; exec cat';

const OWN_DESCRIPTORS = "/proc/self/fd";

/** The stream to the relay and the descriptor under it. The stream closes when the relay ends, as it does when the reader is gone. */
export interface Relay {
  readonly fd: number;
  readonly stream: Writable;
}

/** Starts a relay to what descriptor 1 is now. Undefined where that is not possible. */
export function startProtocolRelay(): Relay | undefined {
  if (process.platform !== "linux") return undefined;
  const before = openSockets();
  if (before === undefined) return undefined;
  const child = startCat(["pipe", 1, "ignore"]);
  if (child === undefined) return undefined;
  const opened = (openSockets() ?? []).filter((fd) => !before.includes(fd));
  const [fd] = opened;
  if (child.stdin === null || fd === undefined || opened.length > 1) {
    child.kill("SIGKILL");
    return undefined;
  }
  return { fd, stream: child.stdin };
}

/**
 * Makes descriptor 1 the way to a relay that writes to stderr. The number is got by freeing it: a child's
 * stdin takes the lowest one.
 */
export function startStrayRelay(): void {
  if (process.platform !== "linux") return;
  freeStdout();
  const child = startCat(["pipe", 2, "ignore"]);
  if (child?.stdin && isSocket(1)) {
    ownStdout();
    child.stdin.on("error", () => {});
    child.stdin.on("close", pointStdoutAtNothing);
    return;
  }
  child?.kill("SIGKILL");
  pointStdoutAtNothing();
}

function startCat(stdio: StdioOptions & object): ChildProcess | undefined {
  let child: ChildProcess;
  try {
    child = spawn("/bin/sh", ["-c", RELAY_COMMAND], { stdio: exemptFromRedirection(stdio) });
  } catch {
    return undefined;
  }
  // Without this, a failure to start would be an uncaught exception; a missing pid says it already.
  child.on("error", () => {});
  if (child.pid === undefined) return undefined;
  // The end of this process is what ends the relay; the relay must not keep this process alive.
  child.unref();
  return child;
}

/** Compared before and after the spawn: Node has no public way to ask a stream for its descriptor. */
function openSockets(): number[] | undefined {
  try {
    return fs.readdirSync(OWN_DESCRIPTORS).map(Number).filter(isSocket);
  } catch {
    return undefined;
  }
}

function isSocket(fd: number): boolean {
  try {
    return fs.fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
