/** The official SDK 2.x: a server per session before 2026-07-28, `createMcpHandler` (a server per request) from then on. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { info, ready, spec } from "./support.mjs";
import { tools } from "./tools.mjs";

// Schemas are made once, outside the factory: the best case for a server per request.
const definitions = (await tools()).map((tool) => ({
  ...tool,
  schema: tool.plain ? fromJsonSchema(tool.schema) : tool.schema,
}));
const sessions = new Map();

function build() {
  const server = new McpServer(info);
  for (const { name, description, schema, run } of definitions) {
    server.registerTool(name, { description, inputSchema: schema }, async (args, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      const progress = (done, total) =>
        ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: done, total } });
      return { content: [{ type: "text", text: await run(args, { progress, signal: ctx.mcpReq.signal }) }] };
    });
  }
  return server;
}

if (spec.transport === "stdio") {
  const { serveStdio } = await import("@modelcontextprotocol/server/stdio");
  serveStdio(build);
  ready();
} else {
  const node = await import("@modelcontextprotocol/node");
  const modern = node.toNodeHandler(createMcpHandler(build));
  const serve = spec.door === "modern" ? modern : stateful(node.NodeStreamableHTTPServerTransport);
  createServer((request, response) => void serve(request, response)).listen(spec.port, "127.0.0.1", () =>
    ready({ notify }),
  );
}

function stateful(Transport) {
  return async (request, response) => {
    const found = sessions.get(request.headers["mcp-session-id"]);
    if (found !== undefined) return found.transport.handleRequest(request, response);
    const server = build();
    const transport = new Transport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: spec.reply === "json",
      onsessioninitialized: (id) => void sessions.set(id, { server, transport }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport);
    await transport.handleRequest(request, response);
  };
}

async function notify() {
  await Promise.all([...sessions.values()].map(({ server }) => server.server.sendToolListChanged()));
}
