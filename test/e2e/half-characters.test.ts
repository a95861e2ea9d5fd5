/** What a tool cut in the middle of a character still arrives: strict parsers refuse a message with half a surrogate pair. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anonymous, McpServer, type RunHandle, ToolError } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { legacySession, modernRequest, post } from "../support/raw-http.js";

/** The first half of an emoji, as `text.slice(0, n)` leaves it. */
const HALF = "cut \ud83d";
const MENDED = "cut \ufffd";

let handle: RunHandle;
beforeAll(async () => {
  const mcp = new McpServer({ name: "halves", version: "1.0.0" }, { auth: anonymous(), logger: silentLogger });
  mcp.registerTool("text", { description: HALF }, () => HALF);
  mcp.registerTool("structured", {}, () => ({ [HALF]: HALF }));
  mcp.registerTool("wrong", {}, () => {
    throw new ToolError(HALF);
  });
  mcp.registerTool("speaks", {}, (ctx) => {
    ctx.progress(1, 2, HALF);
    ctx.log.info(HALF);
    return HALF;
  });
  mcp.registerPrompt("prompt", {}, () => ({ messages: [{ role: "user", content: { type: "text", text: HALF } }] }));
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
});
afterAll(async () => {
  await handle.close();
});

const REQUESTS: readonly (readonly [method: string, params: Record<string, unknown>])[] = [
  ["tools/list", {}],
  ["prompts/get", { name: "prompt" }],
  ...["text", "structured", "wrong", "speaks"].map(
    (name) => ["tools/call", { name, arguments: {}, _meta: { progressToken: 1 } }] as const,
  ),
];

describe("[65] half a character in what is sent", () => {
  test.each(REQUESTS)("is U+FFFD in the answer to %s %j, in both eras", async (method, params) => {
    const url = handle.url ?? "";
    const { id, revision } = await legacySession(url);
    const legacy = { jsonrpc: "2.0", id: 1, method, params };
    const modern = modernRequest(method, params, { progressToken: 1, logLevel: "debug" });
    const answers = await Promise.all([
      post(url, legacy, { headers: { "mcp-session-id": id, "mcp-protocol-version": revision } }),
      post(url, modern.message, { headers: modern.headers }),
    ]);
    for (const answer of answers) {
      const text = answer.raw.toString("utf8");
      expect(text).toContain(MENDED);
      // An even number of backslashes is text about an escape, as in JSON inside JSON.
      expect(text).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/i);
    }
  });
});
