/** [91] One trace through client, proxy and server, with a real nginx that has a trace of its own. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { type Behind, behindNginx } from "../proxy/behind.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { OFFICIAL_DRIVERS } from "../support/official.js";
import { Collected, parentIdOf } from "./helpers/collected.js";

/** What the proxy puts into the header, whatever the client sent in it: its own place in a trace. */
const PROXY = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

const collected = new Collected();
let behind: Behind;
beforeAll(async () => {
  behind = await behindNginx({
    location: `proxy_set_header traceparent 00-${PROXY.traceId}-${PROXY.spanId}-01;`,
    create: (options) => {
      const mcp = new McpServer({ name: "traced", version: "1.0.0" }, { ...options, telemetry: collected.telemetry });
      mcp.registerTool("work", {}, (ctx) => {
        ctx.progress(1);
        collected.tracer.startSpan("inside").end();
        return "done";
      });
      return mcp;
    },
  });
}, FETCH_TIMEOUT_MS);
afterAll(() => behind?.close());
beforeEach(() => collected.reset());

test.each(OFFICIAL_DRIVERS.filter(({ transport }) => transport !== "stdio"))("[91] $label", async (driver) => {
  const client = await driver.connect({ url: `${behind.base}/mcp`, sseUrl: `${behind.base}/sse` });
  const { span } = await collected.asClient((traceparent) => client.callTool("work", {}, { meta: { traceparent } }));
  const [own, inside] = [await collected.span("tools/call work"), await collected.span("inside")];
  const { traceId, spanId } = span.spanContext();
  expect([own.spanContext().traceId, parentIdOf(own)]).toEqual([traceId, spanId]);
  expect([inside.spanContext().traceId, parentIdOf(inside)]).toEqual([traceId, own.spanContext().spanId]);
  expect(own.links.map(({ context }) => context)).toMatchObject([PROXY]);
  collected.reset();
  // Without a context in the message the proxy's trace goes on.
  await client.callTool("work");
  expect((await collected.span("tools/call work")).parentSpanContext).toMatchObject(PROXY);
  await client.close();
});
