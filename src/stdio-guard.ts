/**
 * Installs the stdout guard now, before the modules that are loaded next can print:
 * `import "holdfast/stdio-guard"` as the first import of the server, or
 * `node --import holdfast/stdio-guard server.js`. `run()` adopts the guard later.
 *
 * Does nothing where stdout is not going to carry the protocol: `MCP_TRANSPORT` names transports without
 * stdio, or this is a worker of a process that passed its `--import` on (`fork`, `cluster`).
 *
 * @module
 */
import { isMainThread } from "node:worker_threads";
import { adoptOrInstallGuard, guardWorkerThread } from "./transports/stdio/guard.js";

const transport: string = process.env.MCP_TRANSPORT || "stdio";
const forked: boolean = process.channel !== undefined && process.channel !== null;

if (/\bstdio\b/.test(transport) && !forked) {
  if (isMainThread) adoptOrInstallGuard();
  else guardWorkerThread();
}
