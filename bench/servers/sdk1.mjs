/** The official SDK 1.x: a server and a transport per session, on plain `node:http`, as its own examples do on Express. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { info, ready, spec } from "./support.mjs";
import { tools } from "./tools.mjs";

const definitions = await tools({ json: false });
const sessions = new Map();

function build() {
  const server = new McpServer(info);
  for (const { name, description, schema, run } of definitions) {
    server.registerTool(name, { description, inputSchema: schema }, async (args, extra) => {
      const progressToken = extra._meta?.progressToken;
      const progress = (done, total) =>
        extra.sendNotification({
          method: "notifications/progress",
          params: { progressToken, progress: done, total },
        });
      return { content: [{ type: "text", text: await run(args, { progress, signal: extra.signal }) }] };
    });
  }
  return server;
}

if (spec.transport === "stdio") {
  const { StdioServerTransport } = await import("@modelcontextprotocol/sdk/server/stdio.js");
  await build().connect(new StdioServerTransport());
  ready();
} else {
  const serve = spec.door === "sse" ? await sseDoor() : await streamableDoor();
  createServer((request, response) => void serve(request, response)).listen(spec.port, "127.0.0.1", () =>
    ready({ notify }),
  );
}

async function streamableDoor() {
  const { StreamableHTTPServerTransport } = await import("@modelcontextprotocol/sdk/server/streamableHttp.js");
  return async (request, response) => {
    const found = sessions.get(request.headers["mcp-session-id"]);
    if (found !== undefined) return found.transport.handleRequest(request, response);
    const server = build();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: spec.reply === "json",
      onsessioninitialized: (id) => void sessions.set(id, { server, transport }),
    });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await server.connect(transport);
    await transport.handleRequest(request, response);
  };
}

async function sseDoor() {
  const { SSEServerTransport } = await import("@modelcontextprotocol/sdk/server/sse.js");
  return async (request, response) => {
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      const server = build();
      sessions.set(transport.sessionId, { server, transport });
      response.on("close", () => sessions.delete(transport.sessionId));
      return server.connect(transport);
    }
    const id = new URL(request.url, "http://localhost").searchParams.get("sessionId");
    return sessions.get(id).transport.handlePostMessage(request, response);
  };
}

async function notify() {
  await Promise.all([...sessions.values()].map(({ server }) => server.server.sendToolListChanged()));
}
