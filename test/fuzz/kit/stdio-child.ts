/** The server under fuzz as a process of its own, on stdin and stdout. */
import { fuzzedServer } from "./definition.js";

/** Often enough that a complaint is told while somebody still knows what it is about. */
const LOOK_MS = 20;

const { mcp, assertQuiet } = fuzzedServer({ maxLineBytes: 65_536, clientRequestTimeoutMs: 20 });
// What it throws is caught by nobody: the process ends with the complaint on stderr.
setInterval(assertQuiet, LOOK_MS).unref();
await mcp.run({ transport: "stdio" });
