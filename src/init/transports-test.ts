/** Of `basic`: the official client over every transport, stdio as a process of its own. */
export const TRANSPORTS_TEST = `/** The official client over every transport, from connecting to the answer of a tool. */
import { fileURLToPath } from "node:url";
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from {{module:@modelcontextprotocol/client}};
import { StdioClientTransport } from {{module:@modelcontextprotocol/client/stdio}};
import { afterAll, beforeAll, expect, test } from {{module:vitest}};
import { createServer } from {{module:../src/server.js}};

const root = fileURLToPath(new URL("..", import.meta.url));
const mcp = createServer();
let server: Awaited<ReturnType<typeof mcp.run>>;

beforeAll(async () => {
  server = await mcp.run({ transport: "http", port: 0, signals: false });
});

afterAll(() => server.close());

const transports = {
  stdio: () =>
    new StdioClientTransport({
      command: process.execPath,
      args: ["node_modules/holdfast/dist/cli.js", "run", "src/server.ts"],
      env: { ...(process.env as Record<string, string>), MCP_TRANSPORT: "stdio" },
      cwd: root,
      stderr: "inherit",
    }),
  "Streamable HTTP": () => new StreamableHTTPClientTransport(new URL(server.url ?? "")),
  "HTTP+SSE": () => new SSEClientTransport(new URL("/sse", server.url)),
};

test.each(Object.entries(transports))("%s", { timeout: 30_000 }, async (_name, transport) => {
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(transport());
  try {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain("add_note");
    const { structuredContent } = await client.callTool({ name: "add_note", arguments: { title: "Milk" } });
    expect(structuredContent).toMatchObject({ title: "Milk" });
  } finally {
    await client.close();
  }
});
`;
