/**
 * The fixture of the official conformance suite, served by the built package. `npm run conformance:server` starts it;
 * the first line on stdout is its URL. `PORT` chooses the port (default: a free one).
 */
import { McpServer } from "holdfast";
import { registerAsking } from "./asking.js";
import { registerPrompts, registerResources, registerTriggers } from "./resources.js";
import { registerTasks } from "./tasks.js";
import { registerTools } from "./tools.js";

const mcp = new McpServer(
  { name: "holdfast-conformance", version: "0.1.0" },
  { instructions: "Every tool here exists for a scenario of the MCP conformance suite." },
);
registerTools(mcp);
registerAsking(mcp);
registerResources(mcp);
registerPrompts(mcp);
registerTriggers(mcp);
registerTasks(mcp);

// The suite's DNS-rebinding scenario takes localhost, 127.0.0.1 and [::1]; a number needs no name lookup.
const handle = await mcp.run({ transport: "http", host: "127.0.0.1", port: Number(process.env.PORT ?? 0) });
process.stdout.write(`${handle.url}\n`);
