/** [91] One trace from client to server: `_meta` first, then headers, else a new one; on every transport and era. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { context, propagation, trace } from "@opentelemetry/api";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { connect } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Served, serve } from "../faults/helpers/server.js";
import { until } from "../faults/helpers/until.js";
import { OFFICIAL_DRIVERS, type OfficialTarget } from "../support/official.js";
import { legacySession, modernRequest, post } from "../support/raw-http.js";
import { Collected, parentIdOf } from "./helpers/collected.js";

const collected = new Collected();
const mcp = new McpServer(
  { name: "traced", version: "1.0.0" },
  { telemetry: collected.telemetry, logger: silentLogger },
);
mcp.registerTool("work", {}, async (ctx) => {
  // After an await: the context has come along.
  await new Promise((resolve) => setImmediate(resolve));
  collected.tracer.startSpan("inside").end();
  ctx.progress(1);
  return trace.getActiveSpan() === undefined ? "untraced" : "traced";
});

let served: Served;
beforeAll(async () => {
  served = await serve(mcp);
});
afterAll(() => served.close());
beforeEach(() => collected.reset());

const OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const OTHER_ID = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

describe("[91] official clients, with a context in `_meta` and another in the headers", () => {
  test.each(OFFICIAL_DRIVERS.filter(({ transport }) => transport !== "stdio"))("$label", async (driver) => {
    const target = { url: served.url, sseUrl: served.sseUrl };
    const client = await driver.connect(target, { headers: { traceparent: OTHER } });
    const { result, span } = await collected.asClient((traceparent) => {
      return client.callTool("work", {}, { meta: { traceparent } });
    });
    await client.close();
    expect(result.content[0]?.text).toBe("traced");
    const own = await collected.span("tools/call work");
    const inside = await collected.span("inside");
    const { traceId, spanId } = span.spanContext();
    expect([own.spanContext().traceId, parentIdOf(own)]).toEqual([traceId, spanId]);
    expect([inside.spanContext().traceId, parentIdOf(inside)]).toEqual([traceId, own.spanContext().spanId]);
    // What brought the message belongs to another trace: linked, and not the parent.
    expect(own.links.map(({ context }) => context)).toMatchObject([OTHER_ID]);
    expect(own.attributes).toMatchObject({
      "mcp.method.name": "tools/call",
      "mcp.protocol.version": client.revision,
      "network.transport": "tcp",
      "network.protocol.name": "http",
      "gen_ai.tool.name": "work",
      "gen_ai.operation.name": "execute_tool",
    });
    // Requests without a context of their own went on from the headers.
    const opened = await collected
      .span(driver.era === "legacy" ? "initialize" : "server/discover")
      .catch(() => undefined);
    if (opened !== undefined) expect(opened.parentSpanContext).toMatchObject(OTHER_ID);
  });
});

describe("[91] official clients over stdio", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-spans-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const fixture = fileURLToPath(new URL("fixtures/stdio-server.ts", import.meta.url));

  test.each(OFFICIAL_DRIVERS.filter(({ transport }) => transport === "stdio"))("$label", async (driver) => {
    const file = join(folder, `${driver.label}.jsonl`);
    const args = ["--import", "tsx", fixture];
    const stdio: OfficialTarget["stdio"] = { command: process.execPath, args, env: { SPANS_FILE: file } };
    const client = await driver.connect({ stdio });
    const { span } = await collected.asClient((traceparent) => client.callTool("work", {}, { meta: { traceparent } }));
    await client.callTool("work");
    await client.close();
    const spans = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { name: string; traceId: string; spanId: string; parent?: string });
    const [named, unnamed] = spans.filter(({ name }) => name === "tools/call work");
    const [inside] = spans.filter(({ name }) => name === "inside");
    const { traceId, spanId } = span.spanContext();
    expect(named).toMatchObject({ traceId, parent: spanId, attributes: { "network.transport": "pipe" } });
    expect(inside).toMatchObject({ traceId, parent: named?.spanId });
    // A new trace, and not that of whatever was active when the server was started.
    expect(unnamed?.parent).toBeUndefined();
    const startup = spans.find(({ name }) => name === "startup");
    expect(unnamed?.traceId).not.toBe(startup?.traceId ?? traceId);
  });
});

describe("[91] where the context comes from", () => {
  const call = (meta: Record<string, unknown>, headers: Record<string, string>) => {
    const request = modernRequest("tools/call", { name: "work", arguments: {}, _meta: meta });
    return post(served.url, request.message, { headers: { ...request.headers, ...headers } });
  };
  const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const PARENT_ID = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };

  test("`_meta` alone, with its tracestate", async () => {
    await call({ traceparent: parent, tracestate: "rojo=1,congo=t61" }, {});
    const span = await collected.span("tools/call work");
    expect(span.parentSpanContext).toMatchObject({ ...PARENT_ID, isRemote: true });
    expect(span.spanContext().traceState?.serialize()).toBe("rojo=1,congo=t61");
    expect(span.links).toEqual([]);
  });

  test("headers alone", async () => {
    await call({}, { traceparent: OTHER, tracestate: "a=b" });
    const span = await collected.span("tools/call work");
    expect(span.parentSpanContext).toMatchObject(OTHER_ID);
    expect(span.spanContext().traceState?.serialize()).toBe("a=b");
  });

  test("both the same: no link to the parent", async () => {
    await call({ traceparent: parent }, { traceparent: parent });
    const span = await collected.span("tools/call work");
    expect(span.parentSpanContext).toMatchObject(PARENT_ID);
    expect(span.links).toEqual([]);
  });

  test("neither: a new trace", async () => {
    await call({}, {});
    expect((await collected.span("tools/call work")).parentSpanContext).toBeUndefined();
  });

  test.each([
    ["no text", 42],
    ["zeros", "00-00000000000000000000000000000000-b7ad6b7169203331-01"],
    ["version ff", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ["capitals", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"],
    ["more than version 00 has", `${parent}-00`],
    ["markup", "00-<script>-b7ad6b7169203331-01"],
  ])("a `_meta` that names no trace (%s) leaves it to the headers", async (_, traceparent) => {
    await call({ traceparent }, { traceparent: OTHER });
    expect((await collected.span("tools/call work")).parentSpanContext).toMatchObject(OTHER_ID);
  });

  test("a span that is open around the request, as instrumented HTTP has it", async () => {
    const client = await connect(mcp);
    const around = collected.tracer.startSpan("around");
    await context.with(trace.setSpan(context.active(), around), () => client.callTool("work"));
    around.end();
    expect(parentIdOf(await collected.span("tools/call work"))).toBe(around.spanContext().spanId);
    await client.close();
  });

  test("a span around a mounted server, too, and `_meta` wins over it", async () => {
    const fetched = async (meta: Record<string, unknown>) => {
      const request = modernRequest("tools/call", { name: "work", arguments: {}, _meta: meta });
      const headers = { ...request.headers, "content-type": "application/json", accept: "application/json" };
      const init = {
        method: "POST",
        body: JSON.stringify(request.message),
        headers: { ...headers, traceparent: OTHER },
      };
      const around = collected.tracer.startSpan("around");
      const answer = context.with(trace.setSpan(context.active(), around), () => {
        return mcp.fetch(new Request("http://127.0.0.1/mcp", init));
      });
      expect((await answer).status).toBe(200);
      around.end();
      const span = await collected.span("tools/call work");
      collected.reset();
      return { span, around: around.spanContext() };
    };
    const plain = await fetched({});
    expect(parentIdOf(plain.span)).toBe(plain.around.spanId);
    const named = await fetched({ traceparent: parent });
    expect(named.span.parentSpanContext).toMatchObject(PARENT_ID);
    expect(named.span.links.map(({ context }) => context.spanId)).toEqual([named.around.spanId]);
  });

  test("baggage: of `_meta` if there is some, and none for what is not", async () => {
    const seen: (readonly [string, string])[][] = [];
    mcp.registerTool("baggage", { annotations: { readOnlyHint: true } }, () => {
      const entries = propagation.getActiveBaggage()?.getAllEntries() ?? [];
      seen.push(entries.map(([key, { value }]) => [key, value]));
      return "ok";
    });
    const asked = async (meta: Record<string, unknown>, headers: Record<string, string>) => {
      const request = modernRequest("tools/call", { name: "baggage", arguments: {}, _meta: meta });
      await post(served.url, request.message, { headers: { ...request.headers, ...headers } });
    };
    await asked({ baggage: "user=al%20ice;p=1,__proto__=x,broken" }, { baggage: "user=proxy" });
    await asked({}, { baggage: "user=proxy" });
    await asked({ baggage: 7 }, {});
    await asked({ baggage: `a=${"x".repeat(9000)}` }, {});
    expect(seen).toEqual([
      [
        ["user", "al ice"],
        ["__proto__", "x"],
      ],
      [["user", "proxy"]],
      [],
      [],
    ]);
  });

  test("a legacy session without any", async () => {
    const session = await legacySession(served.url, "2025-11-25", { headers: { traceparent: OTHER } });
    await session.request("tools/list");
    expect((await collected.span("tools/list")).parentSpanContext).toMatchObject(OTHER_ID);
    const { attributes } = await collected.span("tools/list");
    expect(attributes["mcp.session.id"]).toEqual(expect.any(String));
    // What clients send is a key to the session; what spans have is not.
    expect(session.id).not.toContain(attributes["mcp.session.id"]);
  });

  test("no span is left open", async () => {
    await call({}, {});
    await until("it has ended", () => collected.spans.every(({ ended }) => ended));
  });
});
