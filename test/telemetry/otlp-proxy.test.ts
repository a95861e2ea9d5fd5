/**
 * [91] One trace through client, proxy and server: three programs, each with spans of its own, exported by OTLP. Server,
 * SDK and nginx are set up as docs/telemetry.md says.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FrontProxy } from "../deploy/helpers/proxy.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { freePort } from "../support/nginx.js";
import { OFFICIAL_DRIVERS, v2Driver } from "../support/official.js";
import { modernRequest, post } from "../support/raw-http.js";
import { Agent } from "./helpers/agent.js";
import { block, DocumentedServer } from "./helpers/documented.js";
import { OtlpReceiver } from "./helpers/otlp-receiver.js";
import { type Span, treeOf } from "./helpers/otlp-spans.js";
import { TracedNginx } from "./helpers/traced-nginx.js";
import { TOOLS } from "./helpers/traced-tools.js";

let receiver: OtlpReceiver;
let server: DocumentedServer;
let nginx: TracedNginx;
let agent: Agent;
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  const source = block("js", "mcp.run()").replace("await mcp.run();", `${TOOLS}\nawait mcp.run();`);
  server = await DocumentedServer.start({ endpoint: receiver.endpoint, server: source });
  nginx = await TracedNginx.start(server.host);
  agent = new Agent(receiver.endpoint);
}, FETCH_TIMEOUT_MS);
afterAll(async () => {
  await agent?.close();
  await nginx?.stop();
  await server?.stop();
  await receiver?.close();
});

/** All spans of a trace, from all three programs; `count` of client and server, and those of nginx. */
async function trace(traceId: string, count: number, proxied = 1): Promise<readonly Span[]> {
  const others = await receiver.expect(`spans of ${traceId}`, (span) => span.traceId === traceId, count);
  return [...others, ...(await nginx.of(traceId, proxied))];
}

const pick = (spans: readonly Span[], service: string, name: string): Span => {
  const found = spans.filter((span) => span.service === service && span.name === name);
  expect(found).toHaveLength(1);
  return found[0] as Span;
};

describe("[91] official clients through nginx", () => {
  const drivers = OFFICIAL_DRIVERS.filter(({ transport }) => transport !== "stdio");
  const connect = (driver: (typeof drivers)[number]) => {
    return driver.connect({ url: `${nginx.base}/mcp`, sseUrl: `${nginx.base}/sse` }, { fetch: agent.fetch });
  };

  test.each(drivers)("$label: by headers, client, proxy and server stand below each other", async (driver) => {
    const client = await connect(driver);
    const { traceId } = await agent.call("tools/call cancel_order", () => client.callTool("cancel_order"));
    await client.close();
    const spans = await trace(traceId, 3);
    expect(treeOf(spans)).toEqual(block("text", "agent client").trimEnd().split("\n"));
    const span = pick(spans, "orders", "tools/call cancel_order");
    expect(span.links).toEqual([]);
    expect(span.scope).toBe("holdfast");
    expect(span.resource).toMatchObject({ "telemetry.sdk.language": "nodejs", "service.name": "orders" });
    expect(span.attributes).toMatchObject({
      "mcp.method.name": "tools/call",
      "mcp.protocol.version": client.revision,
      "jsonrpc.request.id": expect.stringMatching(/^\d+$/),
      "network.transport": "tcp",
      "network.protocol.name": "http",
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "cancel_order",
    });
    expect("mcp.session.id" in span.attributes).toBe(driver.era === "legacy");
    const hop = pick(spans, "nginx", "POST");
    expect(hop.attributes).toMatchObject({ "http.request.method": "POST", "url.scheme": "http" });
  });

  test.each(drivers)("$label: `_meta` wins, in the same trace, with a link to the proxy", async (driver) => {
    const client = await connect(driver);
    const call = await agent.call("call", (traceparent) => {
      return client.callTool("cancel_order", {}, { meta: { traceparent } });
    });
    await client.close();
    const spans = await trace(call.traceId, 3);
    const span = pick(spans, "orders", "tools/call cancel_order");
    expect(span.parentId).toBe(call.spanId);
    expect(span.links).toEqual([{ traceId: call.traceId, spanId: pick(spans, "nginx", "POST").spanId }]);
    const lines = ["  agent client POST", "    nginx server POST", "  orders server tools/call cancel_order"];
    expect(treeOf(spans)).toEqual(["agent client call", ...lines]);
  });
});

describe("[91] what a call can come to", () => {
  const eras = [v2Driver("modern", "http"), v2Driver("legacy", "http"), v2Driver("legacy", "sse")];
  const at = (driver: (typeof eras)[number]) => {
    return driver.connect({ url: `${nginx.base}/mcp`, sseUrl: `${nginx.base}/sse` }, { fetch: agent.fetch });
  };
  const below = (...lines: readonly string[]) => lines.map((line, depth) => `${"  ".repeat(depth)}${line}`);

  test.each(eras)("$label: a streamed call, whose handler has spans of its own", async (driver) => {
    const client = await at(driver);
    const heard: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void heard.push(progress);
    const { traceId } = await agent.call("call", () => client.callTool("stream", {}, { onprogress }));
    await client.close();
    expect(heard).toEqual([1, 2, 3]);
    const hops = ["agent client call", "agent client POST", "nginx server POST", "orders server tools/call stream"];
    expect(treeOf(await trace(traceId, 4))).toEqual(below(...hops, "orders internal inside"));
  });

  test.each(eras)("$label: a tool that fails", async (driver) => {
    const client = await at(driver);
    const { traceId, result } = await agent.call("call", () => client.callTool("fails"));
    await client.close();
    expect(result.isError).toBe(true);
    const span = pick(await trace(traceId, 3), "orders", "tools/call fails");
    expect(span.error).toBeDefined();
    expect(span.attributes).toMatchObject({ "error.type": "tool_error", "holdfast.outcome": "tool_error" });
  });

  test.each(eras)("$label: a call that is cancelled", async (driver) => {
    const client = await at(driver);
    const stop = new AbortController();
    const call = agent.call("call", () => {
      const onprogress = () => stop.abort();
      return client.callTool("waits", {}, { onprogress, signal: stop.signal }).catch(() => "cancelled");
    });
    const { traceId, result } = await call;
    expect(result).toBe("cancelled");
    const span = (await receiver.one("orders", "tools/call waits", traceId)) as Span;
    await client.close();
    expect(span.attributes).toMatchObject({ "holdfast.outcome": "cancelled" });
    expect(span.attributes).not.toHaveProperty("error.type");
    expect(span.error).toBeUndefined();
    expect((await nginx.of(traceId)).map(({ spanId }) => spanId)).toContain(span.parentId);
  });

  test("a call that goes on as a task, and what is asked about it", async () => {
    const capabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } };
    const ask = async (method: string, params: Record<string, unknown>) => {
      const { message, headers } = modernRequest(method, params, { capabilities });
      const body = JSON.stringify(message);
      const accept = { "content-type": "application/json", accept: "application/json, text/event-stream" };
      const answer = await agent.fetch(`${nginx.base}/mcp`, {
        method: "POST",
        headers: { ...headers, ...accept },
        body,
      });
      return ((await answer.json()) as { result: Record<string, unknown> }).result;
    };
    const { traceId, result } = await agent.call("call", async (traceparent) => {
      const { taskId } = await ask("tools/call", { name: "report", arguments: {} });
      await receiver.one("orders", "inside", traceparent.split("-")[1]);
      return ask("tasks/get", { taskId });
    });
    expect(result.status).toBe("completed");
    const spans = await trace(traceId, 6, 2);
    const call = pick(spans, "orders", "tools/call report");
    expect(call.attributes["holdfast.outcome"]).toBe("task");
    expect(treeOf(spans)).toHaveLength(spans.length);
    expect(pick(spans, "orders", "inside").parentId).toBe(call.spanId);
    expect(pick(spans, "orders", "tasks/get").traceId).toBe(traceId);
  });
});

describe("[91] what belongs to the trace", () => {
  const call = async (traceparent: string | undefined, more: Record<string, string> = {}) => {
    const request = modernRequest("tools/call", { name: "context", arguments: {} });
    const headers = { ...request.headers, ...more, ...(traceparent && { traceparent }) };
    const { json } = await post(`${nginx.base}/mcp`, request.message, { headers });
    return (json as { result: { structuredContent: Record<string, string> } }).result.structuredContent;
  };
  const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  const SPAN = "00f067aa0ba902b7";

  test("baggage and tracestate arrive", async () => {
    const seen = await call(`00-${TRACE}-${SPAN}-01`, { tracestate: "rojo=1,congo=t61", baggage: "user=al%20ice" });
    expect(seen).toMatchObject({ traceId: TRACE, user: "al ice", traceState: "rojo=1,congo=t61" });
    const span = await receiver.one("orders", "tools/call context", TRACE);
    expect(span.traceState).toBe("rojo=1,congo=t61");
    const [hop] = await nginx.of(TRACE);
    expect(hop).toMatchObject({ parentId: SPAN, spanId: span.parentId, traceState: "rojo=1,congo=t61" });
  });

  test.each([
    ["none", undefined],
    ["no trace", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["no span", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["markup", `00-<script>-${SPAN}-01`],
    ["something after version 00", `00-${TRACE}-${SPAN}-01-00`],
  ])("a traceparent that says nothing (%s) begins a new trace, of proxy and server", async (_, traceparent) => {
    const { traceId = "" } = await call(traceparent, { tracestate: "rojo=1" });
    expect(traceId).not.toBe(TRACE);
    const [hop] = await nginx.of(traceId);
    const span = await receiver.one("orders", "tools/call context", traceId);
    expect(hop?.parentId).toBe("");
    expect([span.parentId, span.traceState]).toEqual([hop?.spanId, ""]);
  });

  test("what is not sampled is exported by nobody, and says so to whoever is next", async () => {
    const traceId = "a".repeat(32);
    expect(await call(`00-${traceId}-${SPAN}-00`)).toMatchObject({ traceId, traceFlags: "0" });
    // What came later has arrived, so it would have, too.
    const { traceId: later = "" } = await call(undefined);
    await trace(later, 1);
    expect([...receiver.spans, ...nginx.spans].filter((span) => span.traceId === traceId)).toEqual([]);
  });
});

test(
  "[91] Caddy without its directive is no part of the trace, and hands everything on",
  async () => {
    const port = await freePort();
    const site = `http://127.0.0.1:${port} {\n  reverse_proxy ${server.host}\n}`;
    const caddy = await FrontProxy.start({ kind: "caddy", port, configuration: `{\n  admin off\n}\n${site}\n` });
    const client = await v2Driver("modern", "http").connect(
      { url: `http://127.0.0.1:${port}/mcp` },
      { fetch: agent.fetch },
    );
    const headers = { tracestate: "rojo=1", baggage: "user=alice" };
    const { traceId, result } = await agent.call("call", () => client.callTool("context"), headers);
    await client.close();
    await caddy.stop();
    expect(result.structuredContent).toMatchObject({ traceId, user: "alice", traceState: "rojo=1" });
    const lines = ["agent client call", "  agent client POST", "    orders server tools/call context"];
    expect(treeOf(await receiver.expect("the call", (span) => span.traceId === traceId, 3))).toEqual(lines);
  },
  FETCH_TIMEOUT_MS,
);
