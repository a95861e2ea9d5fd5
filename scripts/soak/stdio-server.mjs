/** Holdfast over stdio, as built; the runner has a line of its own beside stdin and stdout. */
import { serveRunner, tell } from "./child.mjs";

const { makeServer } = await import("./tools.mjs");

const mcp = makeServer();
await mcp.run({ transport: "stdio" });
serveRunner();
tell("ready");
