/**
 * [91] What the set-up of docs/telemetry.md exports by OTLP: over stdio, with questions to clients, the metrics of the same
 * calls, and the last spans when the process ends.
 */

import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../faults/helpers/until.js";
import { OFFICIAL_DRIVERS, v2Driver } from "../support/official.js";
import { modernRequest, post } from "../support/raw-http.js";
import { Agent } from "./helpers/agent.js";
import { block, DocumentedServer, documentedFolder } from "./helpers/documented.js";
import type { Metric } from "./helpers/otlp-metrics.js";
import { OtlpReceiver } from "./helpers/otlp-receiver.js";
import { treeOf } from "./helpers/otlp-spans.js";
import { TOOLS } from "./helpers/traced-tools.js";

/** Longer than any test: what arrives was sent because the server ended. */
const NEVER_MS = "600000";
const SOURCE = block("js", "mcp.run()").replace("await mcp.run();", `${TOOLS}\nawait mcp.run();`);

let receiver: OtlpReceiver;
let agent: Agent;
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  agent = new Agent(receiver.endpoint);
});
afterAll(async () => {
  await agent.close();
  await receiver.close();
});

describe("[91] over stdio", () => {
  let folder = "";
  beforeAll(() => {
    folder = documentedFolder(SOURCE);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(OFFICIAL_DRIVERS.filter(({ transport }) => transport === "stdio"))("$label", async (driver) => {
    const env = {
      OTEL_SERVICE_NAME: driver.label,
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: NEVER_MS,
    };
    const args = ["--import", "./telemetry.mjs", "server.mjs"];
    const client = await driver.connect({ stdio: { command: process.execPath, args, env, cwd: folder } });
    const { traceId } = await agent.call("call", (traceparent) => {
      return client.callTool("stream", {}, { meta: { traceparent, tracestate: "rojo=1" }, onprogress: () => {} });
    });
    await client.callTool("cancel_order");
    await client.close();
    // Nothing would have been sent for ten minutes: it was when stdin ended.
    const spans = await receiver.expect("the call", (span) => span.traceId === traceId, 3);
    const lines = [
      "agent client call",
      `  ${driver.label} server tools/call stream`,
      `    ${driver.label} internal inside`,
    ];
    expect(treeOf(spans)).toEqual(lines);
    const span = await receiver.one(driver.label, "tools/call stream");
    expect(span.attributes).toMatchObject({ "network.transport": "pipe", "mcp.protocol.version": client.revision });
    expect(span.attributes).not.toHaveProperty("network.protocol.name");
    expect(span.traceState).toBe("rojo=1");
    expect(span.resource).toMatchObject({ "deployment.environment.name": "test" });
    expect((await receiver.one(driver.label, "tools/call cancel_order")).parentId).toBe("");
  });
});

describe("[91] over HTTP", () => {
  let server: DocumentedServer;
  beforeAll(async () => {
    server = await DocumentedServer.start({ endpoint: receiver.endpoint, server: SOURCE });
  });
  afterAll(() => server.stop());

  test("a question to a client is a span of its own, and the client's answer goes on in the same trace", async () => {
    const driver = v2Driver("legacy", "http");
    let asked: { readonly _meta?: { readonly traceparent?: string } } = {};
    const elicit = (params: unknown) => {
      asked = params as typeof asked;
      return { action: "decline" };
    };
    const client = await driver.connect({ url: `http://${server.host}/mcp` }, { answers: { elicit } as never });
    const { traceId } = await agent.call("call", (traceparent) => {
      return client.callTool("ask", {}, { meta: { traceparent } });
    });
    await client.close();
    const spans = await receiver.expect("the call", (span) => span.traceId === traceId, 3);
    expect(treeOf(spans)).toEqual([
      "agent client call",
      "  orders server tools/call ask",
      "    orders client elicitation/create",
    ]);
    const question = await receiver.one("orders", "elicitation/create");
    expect(asked._meta?.traceparent).toBe(`00-${traceId}-${question.spanId}-01`);
    const call = await receiver.one("orders", "tools/call ask");
    expect(question.attributes).toMatchObject({
      "mcp.method.name": "elicitation/create",
      "mcp.protocol.version": client.revision,
      "jsonrpc.request.id": expect.stringMatching(/^\d+$/),
      "mcp.session.id": call.attributes["mcp.session.id"],
      "network.transport": "tcp",
    });
  });
});

describe("[91] metrics of the calls that were made", () => {
  let metrics: readonly Metric[];
  let exitCode: number | null;
  let names: readonly string[];
  beforeAll(async () => {
    const endpoint = receiver.endpoint;
    const env = { OTEL_BSP_SCHEDULE_DELAY: NEVER_MS };
    const server = await DocumentedServer.start({ endpoint, server: SOURCE, env });
    const url = `http://${server.host}/mcp`;
    const call = (name: string) => {
      const { message, headers } = modernRequest("tools/call", { name, arguments: {} });
      return post(url, message, { headers });
    };
    const before = receiver.spans.length;
    for (const name of ["cancel_order", "cancel_order", "fails", "cancel_order", "no_such_tool"]) await call(name);
    const client = await v2Driver("legacy", "http").connect({ url });
    await client.callTool("cancel_order");
    await client.callTool("ask");
    await client.close();
    expect(receiver.spans).toHaveLength(before);
    exitCode = await server.stop();
    names = receiver.spans.slice(before).map(({ name }) => name);
    metrics = receiver.exports.at(-1) ?? [];
  });

  const metric = (name: string): Metric => {
    const found = metrics.filter((one) => one.name === name);
    expect(found.map(({ name }) => name)).toEqual([name]);
    return found[0] as Metric;
  };
  const countOf = (name: string, attributes: Record<string, unknown>) => {
    const points = metric(name).points.filter((point) => {
      return Object.entries(attributes).every(([key, value]) => point.attributes[key] === value);
    });
    return points.reduce((sum, point) => sum + (metric(name).kind === "histogram" ? point.count : point.value), 0);
  };

  test("the process ends well, and has sent every span and the metrics before", () => {
    expect(exitCode).toBe(0);
    expect(names.filter((name) => name === "tools/call cancel_order")).toHaveLength(4);
    expect(names).toContain("tools/call fails");
    expect(metrics[0]?.resource).toMatchObject({ "service.name": "orders" });
  });

  test.each(["mcp.server.operation.duration", "mcp.client.operation.duration", "mcp.server.session.duration"])(
    "%s is a histogram of seconds with the buckets of the conventions",
    (name) => {
      const { kind, unit, cumulative, points } = metric(name);
      expect({ kind, unit, cumulative }).toEqual({ kind: "histogram", unit: "s", cumulative: true });
      for (const { bounds, buckets, count, value } of points) {
        expect(bounds).toEqual([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]);
        expect(buckets.reduce((sum, one) => sum + one, 0)).toBe(count);
        expect(value).toBeGreaterThan(0);
        expect(value).toBeLessThan(60);
      }
    },
  );

  test("counts agree with the calls, by tool, revision and error", () => {
    const name = "mcp.server.operation.duration";
    const modern = { "mcp.protocol.version": "2026-07-28", "network.transport": "tcp" };
    expect(countOf(name, { ...modern, "gen_ai.tool.name": "cancel_order", "error.type": undefined })).toBe(3);
    expect(countOf(name, { "gen_ai.tool.name": "cancel_order" })).toBe(4);
    expect(countOf(name, { ...modern, "gen_ai.tool.name": "fails", "error.type": "tool_error" })).toBe(1);
    expect(countOf(name, { ...modern, "mcp.method.name": "tools/call" })).toBe(5);
    expect(countOf(name, { "mcp.method.name": "initialize" })).toBe(1);
    expect(countOf("mcp.client.operation.duration", { "mcp.method.name": "elicitation/create" })).toBe(1);
    expect(countOf("holdfast.sessions.opened", {})).toBe(1);
    expect(countOf("mcp.server.session.duration", {})).toBe(1);
  });

  test("counters only rise; each metric says what it is", () => {
    const { kind, monotonic, unit } = metric("holdfast.sessions.opened");
    expect({ kind, monotonic, unit }).toEqual({ kind: "sum", monotonic: true, unit: "{session}" });
    for (const { description, unit } of metrics) expect([description, unit]).not.toContain("");
  });
});

test("a collector that does not answer keeps no server from ending", async () => {
  let asked = 0;
  // Takes everything and says nothing.
  const silent = createServer(() => {
    asked += 1;
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const server = await DocumentedServer.start({ endpoint });
  const { message, headers } = modernRequest("tools/call", { name: "cancel_order", arguments: {} });
  await post(`http://${server.host}/mcp`, message, { headers });
  await until("it was asked", () => asked > 0);
  expect(await server.stop()).toBe(0);
  expect(server.log).toContain("telemetry_failed");
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
}, 20_000);
