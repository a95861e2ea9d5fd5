/** Holdfast as built in `dist/` (or in HOLDFAST_DIST). */
import { pathToFileURL } from "node:url";
import { info, ready, spec } from "./support.mjs";
import { tools } from "./tools.mjs";

const built = process.env.HOLDFAST_DIST;
const { McpServer } = await import(
  built === undefined ? "../../dist/index.js" : pathToFileURL(`${built}/index.js`).href
);

const mcp = new McpServer(info);
for (const { name, description, schema, run } of await tools()) {
  mcp.registerTool(name, { description, inputSchema: schema }, (args, ctx) => run(args, ctx));
}
await mcp.run({ transport: spec.transport, ...(spec.transport === "http" && { port: spec.port }) });
ready({ notify: () => mcp.sendToolListChanged() });
