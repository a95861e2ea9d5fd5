/** Headers of a post over HTTP+SSE belong to the request that it brings: a key in them names its operation. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Served, serve } from "../faults/helpers/server.js";
import { sse } from "../support/raw-http.js";

let paid = 0;
const mcp = new McpServer({ name: "shop", version: "1.0.0" }, { logger: silentLogger });
mcp.registerTool("pay", {}, (ctx) => {
  paid += 1;
  return `paid with ${ctx.request.header("idempotency-key")}`;
});

let served: Served;
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());

test("the same key, on another connection: paid once", async () => {
  const texts = [];
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const client = await sse(served.sseUrl, { headers: { "idempotency-key": '"order-4711-payment"' } });
    await client.initialize();
    const { result } = await client.request("tools/call", { name: "pay", arguments: {} });
    texts.push((result as { content: readonly { text: string }[] }).content[0]?.text);
    client.close();
  }
  expect(paid).toBe(1);
  expect(texts).toEqual(Array(2).fill('paid with "order-4711-payment"'));
});
