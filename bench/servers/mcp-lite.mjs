/** mcp-lite behind Hono, as its documentation shows, on Hono's own Node server. */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { InMemorySessionAdapter, McpServer, StreamableHttpTransport } from "mcp-lite";
import { z } from "zod";
import { info, ready, spec } from "./support.mjs";
import { tools } from "./tools.mjs";

const mcp = new McpServer({ ...info, schemaAdapter: (schema) => z.toJSONSchema(schema) });
for (const { name, description, schema, run } of await tools()) {
  mcp.tool(name, {
    description,
    inputSchema: schema,
    handler: async (args, ctx) => {
      const progress = (done, total) => ctx.progress?.({ progress: done, total });
      return { content: [{ type: "text", text: await run(args, { progress }) }] };
    },
  });
}
const transport = new StreamableHttpTransport({
  sessionAdapter: new InMemorySessionAdapter({ maxEventBufferSize: 1024 }),
});
const handle = transport.bind(mcp);
const app = new Hono();
app.all("/mcp", (context) => handle(context.req.raw));
serve({ fetch: app.fetch, port: spec.port, hostname: "127.0.0.1" }, () => ready({ notify }));

let late = 0;
/** It has no call for this: adding a tool is what announces a change. */
function notify() {
  mcp.tool(`late_${late++}`, { description: "Added later", handler: () => ({ content: [] }) });
}
