/** What the audit log says of calls that a limit refused: denied, and why; an author's own refusal is an outcome. */
import { expect, it } from "vitest";
import { ErrorCode, McpError, McpServer } from "../../src/index.js";
import { connect } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { MemorySink } from "../audit/memory-sink.js";

const ONCE = { limit: 1, windowMs: 600_000 };
const DENIED = { decision: "denied", reason: "rate_limited", outcome: "error", errorCode: ErrorCode.RateLimited };

it.each([
  ["read", "tools/call", { name: "read" }],
  ["write", "tools/call", { name: "write" }],
  ["a resource", "resources/read", { uri: "test://file" }],
  ["a prompt", "prompts/get", { name: "text" }],
])("a call that is one too many (%s) is denied", async (_what, method, params) => {
  const sink = new MemorySink();
  const mcp = new McpServer({ name: "limited", version: "1.0.0" }, { audit: sink, logger: silentLogger });
  mcp.registerTool("read", { rateLimit: ONCE, annotations: { readOnlyHint: true } }, () => "read");
  mcp.registerTool("write", { rateLimit: ONCE }, () => "written");
  mcp.registerResource("file", "test://file", { rateLimit: ONCE }, () => ({ contents: [] }));
  mcp.registerPrompt("text", { rateLimit: ONCE }, () => ({ messages: [] }));
  const client = await connect(mcp, { principal: { subject: "ann" } });
  await client.request(method, params);
  expect(sink.take()).toMatchObject({ decision: "allowed", outcome: "ok" });
  await expect(client.request(method, params)).rejects.toMatchObject({ code: 1429 });
  expect(sink.take()).toMatchObject(DENIED);
  await client.close();
});

it("a handler that refuses in the same words was run", async () => {
  const sink = new MemorySink();
  const mcp = new McpServer({ name: "limited", version: "1.0.0" }, { audit: sink, logger: silentLogger });
  mcp.registerTool("own", {}, () => {
    throw new McpError(ErrorCode.RateLimited, "The service behind is busy.", { retryAfterMs: 1000 });
  });
  const client = await connect(mcp, { principal: { subject: "ann" } });
  await expect(client.callTool("own")).rejects.toMatchObject({ code: 1429, data: { retryAfterMs: 1000 } });
  expect(sink.take()).toMatchObject({ decision: "allowed", outcome: "error", errorCode: 1429 });
  await client.close();
});
