/** tmcp with its zod adapter, served by srvx as its documentation shows. */
import { ZodJsonSchemaAdapter } from "@tmcp/adapter-zod";
import { McpServer } from "tmcp";
import { info, ready, spec } from "./support.mjs";
import { tools } from "./tools.mjs";

const server = new McpServer(info, {
  adapter: new ZodJsonSchemaAdapter(),
  capabilities: { tools: { listChanged: true } },
});
for (const { name, description, schema, run } of await tools({ json: false })) {
  server.tool({ name, description, schema }, async (args) => {
    const progress = (done, total) => server.progress(done, total);
    return { content: [{ type: "text", text: await run(args, { progress }) }] };
  });
}

if (spec.transport === "stdio") {
  const { StdioTransport } = await import("@tmcp/transport-stdio");
  new StdioTransport(server).listen();
  ready();
} else {
  const { serve } = await import("srvx");
  const transport = await door();
  const fetch = async (request) => (await transport.respond(request)) ?? new Response(null, { status: 404 });
  const listening = serve({ fetch, port: spec.port, hostname: "127.0.0.1", silent: true });
  await listening.ready();
  ready({ notify });
}

async function door() {
  if (spec.door === "sse") {
    const { SseTransport } = await import("@tmcp/transport-sse");
    return new SseTransport(server, { path: "/sse", endpoint: "/messages" });
  }
  const { HttpTransport } = await import("@tmcp/transport-http");
  return new HttpTransport(server, { path: "/mcp" });
}

let late = 0;
/** It has no call for this: adding a tool is what announces a change. */
function notify() {
  server.tool({ name: `late_${late++}`, description: "Added later" }, async () => ({ content: [] }));
}
