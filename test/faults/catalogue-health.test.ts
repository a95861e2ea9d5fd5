/** What can be read by anybody: health pages, refusals, logs. */
import { expect, test } from "vitest";
import { type Logger, McpServer } from "../../src/index.js";
import { collect, open, sse } from "../support/raw-http.js";
import { SESSION_REVISIONS } from "./helpers/busy-session.js";
import { quickSession } from "./helpers/quick-session.js";
import { serve } from "./helpers/server.js";

test("[S11] ids of sessions, streams and events are in no log, no health page and no refusal", async () => {
  const logged: unknown[] = [];
  const logger: Logger = { log: (...event) => void logged.push(event) };
  const mcp = new McpServer({ name: "health", version: "1.0.0" }, { logger });
  mcp.registerTool("fail", {}, () => {
    throw new Error("failed");
  });
  const served = await serve(mcp);
  const ids: string[] = [];
  const toClose: { close(): void }[] = [];
  for (const revision of SESSION_REVISIONS) {
    const session = await quickSession(served.url, revision);
    toClose.push(await session.listen());
    const failed = await session.post(session.message("tools/call", { name: "fail", _meta: { progressToken: 1 } }));
    expect(failed.reply?.result).toMatchObject({ isError: true });
    ids.push(session.id ?? "");
  }
  const old = await sse(served.sseUrl);
  await old.initialize();
  await old.request("tools/call", { name: "fail" });
  toClose.push(old);
  ids.push(old.endpoint.searchParams.get("sessionId") ?? "");
  const shown: string[] = [];
  const show = async (path: string, method = "GET", more: Record<string, string> = {}, body?: unknown) => {
    const answer = await collect(
      await open(`${served.base}${path}`, { method, headers: more, ...(body !== undefined && { body }) }),
    );
    shown.push(JSON.stringify(answer.headers), answer.raw.toString("utf8"));
    return answer.status;
  };
  for (const path of ["/health", "/ready"]) expect(await show(path)).toBe(200);
  for (const path of ["/", "/sessions", "/metrics", "/debug", "/mcp/sessions"]) expect(await show(path)).toBe(404);
  for (const id of ids) {
    expect(await show("/mcp", "PUT", { "mcp-session-id": id })).toBe(405);
    expect(await show("/mcp", "GET", { "mcp-session-id": `${id}x` })).toBe(404);
    expect(await show("/mcp", "POST", { "mcp-session-id": `${id}x` }, { jsonrpc: "2.0", id: 1, method: "ping" })).toBe(
      404,
    );
    expect(await show("/mcp", "POST", { "mcp-session-id": id }, "{")).toBe(400);
    expect(await show(`/messages?sessionId=${id}x`, "POST", {}, { jsonrpc: "2.0", id: 1, method: "ping" })).toBe(404);
    expect(await show(`/sse?sessionId=${id}`, "POST")).toBe(405);
  }
  expect(logged).toHaveLength(ids.length);
  const everything = [
    ...shown,
    JSON.stringify(logged, (_key, value) => (value instanceof Error ? value.stack : value)),
  ].join("\n");
  for (const id of ids) {
    expect(id.length).toBeGreaterThan(20);
    expect(everything).not.toContain(id);
  }
  for (const one of toClose) one.close();
  await served.close();
});
