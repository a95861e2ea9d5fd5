/** Holdfast as built in `dist/` (or in HOLDFAST_DIST). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { info, ready, spec } from "./support.mjs";
import { tools } from "./tools.mjs";

const built = process.env.HOLDFAST_DIST;
const { jwt, McpServer } = await import(
  built === undefined ? "../../dist/node.js" : pathToFileURL(`${built}/node.js`).href
);

const store = spec.store === true ? mkdtempSync(join(tmpdir(), "holdfast-bench-")) : undefined;
if (store !== undefined) process.on("exit", () => rmSync(store, { recursive: true, force: true }));
/** The keys are those of the order, not fetched: what is measured is the check. */
function checking({ issuer, audience, keys }) {
  return jwt({ issuer, audience, jwksUri: `${issuer}keys`, fetch: async () => Response.json({ keys }) });
}
const mcp = new McpServer(info, {
  ...(store !== undefined && { store: `lmdb:${store}` }),
  ...(spec.auth !== undefined && { auth: checking(spec.auth) }),
});
for (const { name, description, schema, writes, run } of await tools()) {
  // What only reads is not recorded; a tool that says nothing is taken for a write.
  const annotations = writes ? {} : { annotations: { readOnlyHint: true } };
  mcp.registerTool(name, { description, inputSchema: schema, ...annotations }, (args, ctx) => run(args, ctx));
}
await mcp.run({ transport: spec.transport, ...(spec.transport === "http" && { port: spec.port }) });
ready({ notify: () => mcp.sendToolListChanged() });
