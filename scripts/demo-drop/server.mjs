/**
 * The server of the demonstration: the built package on an embedded store, and three tools that have effects elsewhere.
 * `node server.mjs DIR DOWNSTREAM stdio|http`, the latter with the port on stdin when it is to begin. Nothing here knows that it is going to be killed.
 */
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { custom, McpServer } from "../../dist/index.js";

const [dir, downstream, where] = process.argv.slice(2);

/** A caller with a name is told from others; one without is not. */
const auth = custom((request) => {
  const user = request.header("x-user");
  if (user === undefined) return { issuer: "anonymous", subject: "anonymous", permissions: [] };
  return { issuer: "demo", subject: user, permissions: ["*"] };
});
const logger = {
  log(level, event, fields) {
    if (level === "warn" || level === "error") process.stderr.write(`${level} ${event} ${fields?.error ?? ""}\n`);
  },
};
let port = 0;
if (where === "http") {
  // Everything is loaded; the store is opened when the process before this one is gone.
  process.stdout.write("loaded\n");
  const [line] = await once(process.stdin, "data");
  port = Number(line);
}
const mcp = new McpServer(
  { name: "demo-drop", version: "1.0.0" },
  { store: `lmdb:${join(dir, "store")}`, limits: { retryMs: 30 }, logger, ...(where !== "stdio" && { auth }) },
);

const inputSchema = {
  type: "object",
  properties: { call: { type: "string" }, ms: { type: "integer" } },
  required: ["call", "ms"],
};

async function ask(method, path, call, headers = {}) {
  const response = await fetch(`${downstream}${path}`, { method, headers, body: JSON.stringify({ call }) });
  if (!response.ok) throw new Error(`the downstream answered ${response.status}`);
  return await response.json();
}

// Journaled steps: what was chosen once stays chosen, so that a run anew puts the same order in the same place.
mcp.registerTool("steps", { inputSchema, recover: "rerun" }, async ({ call, ms }, ctx) => {
  ctx.progress(1, 3, "choosing a number");
  const { number } = await ctx.step("choose", () => ask("POST", "/numbers", call));
  ctx.progress(2, 3, "placing the order");
  await sleep(ms / 2);
  await ctx.step("place", () => ask("PUT", `/orders/${number}`, call));
  await sleep(ms / 2);
  return `call ${call} effect ${number}`;
});

// A downstream that knows idempotency keys: the operation's id is the same in every run.
mcp.registerTool("keyed", { inputSchema, recover: "rerun" }, async ({ call, ms }, ctx) => {
  ctx.progress(1, 2, "paying");
  await sleep(ms / 2);
  const { payment } = await ask("POST", "/payments", call, { "idempotency-key": ctx.operation.id });
  await sleep(ms / 2);
  return `call ${call} effect ${payment}`;
});

// A plain write: nothing can be said about it when it was cut off, so it is never run again.
mcp.registerTool("plain", { inputSchema }, async ({ call, ms }, ctx) => {
  ctx.progress(1, 2, "writing");
  await sleep(ms / 2);
  const run = `${process.pid}-${ctx.operation.id}`;
  appendFileSync(join(dir, "effects"), `${call} ${run}\n`);
  await sleep(ms / 2);
  return `call ${call} effect ${run}`;
});

if (where === "stdio") await mcp.run({ transport: "stdio" });
else {
  const { url } = await mcp.run({ transport: "http", port });
  process.stdout.write(`${new URL(url).port}\n`);
}
