/** A server of the built package with nothing to do: it says once that something has changed when it is told to. */
import { serveRunner, spec, tell } from "../../../scripts/soak/child.mjs";

// Later than the line above, which counts the timers that the package makes.
const { McpServer } = await import(new URL("../../../dist/index.js", import.meta.url).href);

const mcp = new McpServer({ name: "idle", version: "1.0.0" }, { limits: spec.limits, logger: { log() {} } });
mcp.registerTool("announce", {}, () => {
  mcp.sendToolListChanged();
  return "announced";
});
const { url } = await mcp.run({ transport: "http", port: 0 });
serveRunner();
tell("ready", Number(new URL(url).port));
