/** FastMCP for TypeScript (punkpeye). */
import { FastMCP } from "fastmcp";
import { info, ready, spec } from "./support.mjs";
import { tools } from "./tools.mjs";

const quiet = { debug() {}, error: console.error, info() {}, log() {}, warn() {} };
const server = new FastMCP({ ...info, logger: quiet });
for (const { name, description, schema, run } of await tools({ json: false })) {
  server.addTool({
    name,
    description,
    parameters: schema,
    execute: (args, { reportProgress, signal }) =>
      run(args, { signal, progress: (progress, total) => reportProgress({ progress, total }) }),
  });
}
await server.start(
  spec.transport === "stdio"
    ? { transportType: "stdio" }
    : {
        transportType: "httpStream",
        httpStream: { port: spec.port, host: "127.0.0.1", enableJsonResponse: spec.reply === "json" },
      },
);
ready({ notify });

async function notify() {
  const method = "notifications/tools/list_changed";
  await Promise.all(server.sessions.map((session) => session.triggerListChangedNotification(method)));
}
