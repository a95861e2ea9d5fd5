/** [52] Of a client that is connected and silent nothing is kept but its stream: no request it once sent, no reply to it. */
import { ServerResponse } from "node:http";
import { queryObjects } from "node:v8";
import { afterEach, expect, test } from "vitest";
import { anonymous, McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { sse } from "../support/sse-client.js";
import { quickSession } from "./helpers/quick-session.js";
import { type Served, serve } from "./helpers/server.js";
import { until } from "./helpers/until.js";

const CLIENTS = 30;
/** The last replies on connections that are kept. */
const SLACK = 3;

let served: Served | undefined;
afterEach(() => served?.close());

const opens: Record<string, (at: Served) => Promise<unknown>> = {
  "2024-11-05, HTTP+SSE": async ({ sseUrl }) => {
    const client = await sse(sseUrl);
    await client.initialize();
    await client.request("tools/call", { name: "echo", arguments: {} });
    return client;
  },
  "2025-11-25": async ({ url }) => {
    const session = await quickSession(url, "2025-11-25");
    await session.request("tools/call", { name: "echo", arguments: {} });
    return await session.listen();
  },
};

/** Collects garbage first. */
const replies = (): number => Number(queryObjects(ServerResponse, { format: "count" }));

test.each(Object.keys(opens))("%s: one reply each, the stream", async (name) => {
  const mcp = new McpServer({ name: "idle", version: "1.0.0" }, { auth: anonymous(), logger: silentLogger });
  mcp.registerTool("echo", {}, () => "echo");
  served = await serve(mcp);
  await until("the replies of the test before are gone", () => replies() === 0);
  const clients = [];
  for (let at = 0; at < CLIENTS; at += 1) clients.push(await opens[name]?.(served));
  expect(clients).toHaveLength(CLIENTS);
  const held = replies();
  expect(held).toBeGreaterThanOrEqual(CLIENTS);
  expect(held).toBeLessThanOrEqual(CLIENTS + SLACK);
});
