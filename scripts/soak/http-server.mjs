/** Holdfast over HTTP, as built. */
import { serveRunner, tell } from "./child.mjs";

// Later than the line above, which counts the timers that the package makes.
const { makeServer } = await import("./tools.mjs");

const mcp = makeServer();
const { url } = await mcp.run({ transport: "http", port: 0 });
serveRunner();
tell("ready", Number(new URL(url).port));
