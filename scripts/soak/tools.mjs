/** The server under test, without its transport: tools that wait, talk and flood. */
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { sample, spec, tell } from "./child.mjs";

const built = process.env.HOLDFAST_DIST;
const dist = built === undefined ? new URL("../../dist/", import.meta.url) : pathToFileURL(`${built}/`);
const { custom, McpServer } = await import(new URL("index.js", dist).href);

/** How long the calls last that lose their client. */
const CALL_MS = 20;

const string = { type: "string" };
const integer = { type: "integer", minimum: 1 };
const object = (properties) => ({ type: "object", properties, required: Object.keys(properties) });
const quiet = { log() {} };

/** Everybody may speak, as by default, but those who say that they may not. */
const everybody = { issuer: "anonymous", subject: "anonymous", permissions: [] };
const auth = custom((request) => (request.header("x-nobody") === undefined ? everybody : undefined));

export function makeServer() {
  const limits = spec.limits ?? {};
  const mcp = new McpServer(
    { name: "soak", version: "1.0.0" },
    { limits, auth, logger: quiet, ...(spec.store && { store: spec.store }) },
  );
  mcp.registerTool("echo", { inputSchema: object({ text: string }) }, ({ text }) => text);
  mcp.registerTool("wait", {}, async () => {
    await sleep(CALL_MS);
    return "waited";
  });
  mcp.registerTool("talk", {}, async (ctx) => {
    ctx.progress(1, 2, "begun");
    ctx.signal.addEventListener("abort", () => {});
    await sleep(CALL_MS);
    ctx.progress(2, 2, "about to end");
    return "talked";
  });
  const inputSchema = object({ messages: integer, bytes: integer });
  mcp.registerTool("flood", { inputSchema }, async ({ messages, bytes }, ctx) => {
    let sent = 0;
    for (; sent < messages && !ctx.signal.aborted; sent += 1) {
      // A text of its own each time, as real messages are.
      ctx.progress(sent + 1, messages, String(sent).padStart(bytes, "x"));
      sample();
      await turn();
    }
    tell("flooded", { sent, aborted: ctx.signal.aborted });
    return `flooded ${sent}`;
  });
  return mcp;
}
