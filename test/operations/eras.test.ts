/** [45, 92] One caller who speaks two eras at once: equal calls share their work, but each is asked in its own way. */
import { expect, it } from "vitest";
import { LOCAL_PRINCIPAL } from "../../src/auth/principal.js";
import { McpServer } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { Channel } from "../../src/server/channel.js";
import { modernRequest } from "../support/modern.js";
import { Queue } from "../support/queue.js";
import { isWireObject, type WireObject } from "../support/wire-schema.js";

const requestedSchema = { type: "object", properties: { name: { type: "string" } } } as const;

it("a call of a session that joins one of 2026-07-28 is not answered with a question that only that one has", async () => {
  const mcp = new McpServer({ name: "eras", version: "1.0.0" });
  mcp.registerTool("ask", {}, async (ctx) => (await ctx.elicit({ message: "Who?", requestedSchema })).action);
  const sent = new Queue<WireObject>();
  const send = (text: string) => {
    const message: unknown = JSON.parse(text);
    if (isWireObject(message)) sent.push(message);
  };
  const channel = new Channel(definitionOf(mcp), {
    transport: "memory",
    principal: LOCAL_PRINCIPAL,
    send,
    modern: true,
  });
  const capabilities = { elicitation: {} };
  const clientInfo = { name: "both", version: "1.0.0" };
  const params = { protocolVersion: "2025-06-18", capabilities, clientInfo };
  channel.receive({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  await sent.expect(({ id }) => id === 0);
  const { message } = modernRequest("tools/call", { name: "ask", arguments: {} }, { id: "modern", capabilities });
  channel.receive(message);
  channel.receive({ jsonrpc: "2.0", id: "legacy", method: "tools/call", params: { name: "ask", arguments: {} } });
  const question = await sent.expect(({ method }) => method === "elicitation/create");
  channel.receive({ jsonrpc: "2.0", id: question.id, result: { action: "accept", content: { name: "Ada" } } });
  const answer = await sent.expect(({ id }) => id === "legacy");
  expect(answer.result).toEqual({ content: [{ type: "text", text: "accept" }] });
  const asked = sent.all.find(({ id }) => id === "modern");
  expect(asked?.result).toMatchObject({ resultType: "input_required" });
  channel.close();
});
