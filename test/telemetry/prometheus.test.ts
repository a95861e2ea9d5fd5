/** Metrics as Prometheus reads them, judged by an independent parser; and that nobody else reads them. */
import { createRequire } from "node:module";
import { afterEach, describe, expect, test } from "vitest";
import { apiKeys, McpServer, type RunHandle } from "../../src/index.js";
import { type PrometheusOptions, prometheus } from "../../src/telemetry/prometheus/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { serve } from "../faults/helpers/server.js";
import { modernRequest, post } from "../support/raw-http.js";

const parse = createRequire(import.meta.url)("parse-prometheus-text-format") as (text: string) => readonly Family[];

const SCRAPER = "s".repeat(32);
const USER = "u".repeat(32);
const auth = apiKeys({
  keys: [
    { key: SCRAPER, subject: "prometheus", permissions: ["metrics:read"] },
    { key: USER, subject: "ada", permissions: ["tools"] },
  ],
});
/** A name with everything that a label has to escape. */
const ODD = 'odd "name" \\ of\ntwo lines';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const running: RunHandle[] = [];
afterEach(async () => {
  for (const handle of running.splice(0)) await handle.close();
});

async function run(options: PrometheusOptions, { open = false } = {}) {
  const telemetry = prometheus(options);
  const mcp = new McpServer(
    { name: "scraped", version: "1.0.0" },
    { telemetry, logger: silentLogger, ...(!open && { auth }) },
  );
  mcp.registerTool("work", { annotations: { readOnlyHint: true } }, () => "ok");
  mcp.registerPrompt(ODD, {}, () => ({ messages: [] }));
  const handle = await mcp.run({ transport: "http", port: 0, signals: false });
  running.push(handle);
  const { url = "" } = handle;
  const call = async () => {
    const { message, headers } = modernRequest("tools/call", { name: "work", arguments: {} });
    const response = await post(url, message, { headers: { ...headers, ...(open ? {} : bearer(USER)) } });
    expect(response.status).toBe(200);
  };
  return { mcp, handle, telemetry, call, page: new URL("/metrics", url).href };
}

interface Family {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly value?: string;
    readonly count?: string;
    readonly labels?: Record<string, string>;
  }[];
}

/** The value of the one sample with these labels: the parser throws the series of a histogram together. */
function sample(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}=${escaped(value)}`);
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  const found = lines.filter((line) => wanted.every((label) => line.includes(label)));
  expect(found, lines.join("\n")).toHaveLength(1);
  return Number(/ (\S+)$/.exec(found[0] ?? "")?.[1]);
}

/** As the text format has values of labels. */
function escaped(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
}

function families(text: string): ReadonlyMap<string, Family> {
  return new Map(parse(text).map((family) => [family.name, family]));
}

describe("beside the MCP endpoint", () => {
  test("a caller with the permission reads what was measured", async () => {
    const { page, call, handle } = await run({});
    await call();
    await call();
    const { message, headers } = modernRequest("prompts/get", { name: ODD });
    await post(handle.url ?? "", message, { headers: { ...headers, ...bearer(USER) } });
    const response = await fetch(page, { headers: bearer(SCRAPER) });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const found = families(text);
    expect(found.get("mcp_server_operation_duration_seconds")?.type).toBe("HISTOGRAM");
    const calls = { mcp_method_name: "tools/call", gen_ai_tool_name: "work" };
    expect(sample(text, "mcp_server_operation_duration_seconds_count", calls)).toBe(2);
    const gets = { mcp_method_name: "prompts/get", gen_ai_prompt_name: ODD };
    expect(sample(text, "mcp_server_operation_duration_seconds_count", gets)).toBe(1);
    expect(sample(text, "mcp_server_operation_duration_seconds_bucket", { ...gets, le: "+Inf" })).toBe(1);
    expect(found.get("holdfast_calls_active")).toMatchObject({ type: "GAUGE", metrics: [{ value: "0" }] });
    expect(found.get("holdfast_queue_size_bytes")?.type).toBe("GAUGE");
    expect(found.get("holdfast_authentication_duration_seconds")?.type).toBe("HISTOGRAM");
    expect([...found.keys()].filter((name) => !/^(mcp_|holdfast_)/.test(name))).toEqual([]);
  });

  test("nobody else: no credentials, another caller, another method, another Host", async () => {
    const { page } = await run({});
    expect((await fetch(page)).status).toBe(401);
    const denied = await fetch(page, { headers: bearer(USER) });
    expect(denied.status).toBe(403);
    expect(denied.headers.get("www-authenticate")).toContain(
      'error="insufficient_scope", error_description="/metrics needs',
    );
    expect(await denied.text()).not.toContain("mcp_server");
    expect((await fetch(page, { method: "POST", headers: bearer(SCRAPER) })).status).toBe(405);
    expect(
      (await post(page, "", { method: "GET", headers: { ...bearer(SCRAPER), host: "evil.test" } } as never)).status,
    ).toBe(403);
  });

  test("a server without authentication does not start with it", async () => {
    await expect(run({}, { open: true })).rejects.toMatchObject({ code: "ERR_CONFIG" });
    const mcp = new McpServer({ name: "x", version: "1" }, { telemetry: prometheus(), logger: silentLogger });
    await expect(mcp.fetch(new Request("http://127.0.0.1/metrics"))).rejects.toMatchObject({ code: "ERR_CONFIG" });
  });

  test("another path and permission, in a mounted server", async () => {
    const telemetry = prometheus({ path: "/figures", requires: "tools" });
    const mcp = new McpServer({ name: "mounted", version: "1.0.0" }, { telemetry, auth, logger: silentLogger });
    const served = await serve(mcp);
    expect((await fetch(`${served.base}/figures`, { headers: bearer(USER) })).status).toBe(200);
    expect((await fetch(`${served.base}/metrics`, { headers: bearer(USER) })).status).toBe(404);
    await served.close();
    await mcp.shutdown({ graceMs: 0 });
  });
});

describe("on a port of its own", () => {
  test("on loopback, for a server that asks nobody who they are", async () => {
    const { telemetry, call, page, handle } = await run({ port: 0 }, { open: true });
    await call();
    const url = telemetry.url ?? "";
    expect(new URL(url).hostname).toBe("127.0.0.1");
    const text = await (await fetch(url)).text();
    expect(families(text).get("mcp_server_operation_duration_seconds")?.type).toBe("HISTOGRAM");
    expect(sample(text, "mcp_server_operation_duration_seconds_count", { gen_ai_tool_name: "work" })).toBe(1);
    // Not beside the MCP endpoint as well.
    expect((await fetch(page)).status).toBe(404);
    // A web page that rebinds its name to this machine, or asks from its own.
    expect((await post(url, "", { headers: { host: "evil.test" } })).status).toBe(403);
    expect((await fetch(url, { headers: { origin: "https://evil.test" } })).status).toBe(403);
    expect((await fetch(new URL("/mcp", url))).status).toBe(404);
    expect((await fetch(url, { method: "POST" })).status).toBe(405);
    await handle.close();
    running.pop();
    expect(telemetry.url).toBeUndefined();
    await expect(fetch(url)).rejects.toThrow();
  });

  test("with a token, on any address", async () => {
    const { telemetry } = await run({ port: 0, host: "0.0.0.0", token: SCRAPER });
    const url = (telemetry.url ?? "").replace("0.0.0.0", "127.0.0.1");
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: bearer(USER) })).status).toBe(401);
    expect((await fetch(url, { headers: bearer(SCRAPER) })).status).toBe(200);
  });

  test("a port that is taken is said, and nothing is left half started", async () => {
    const { telemetry } = await run({ port: 0 }, { open: true });
    const { port } = new URL(telemetry.url ?? "");
    await expect(run({ port: Number(port) }, { open: true })).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
    expect(running).toHaveLength(1);
  });

  test.each([
    [{ port: 0, host: "0.0.0.0" }, "ERR_PUBLIC_WITHOUT_AUTH"],
    [{ port: 0, host: "metrics.example.com" }, "ERR_PUBLIC_WITHOUT_AUTH"],
    [{ token: SCRAPER }, "ERR_CONFIG"],
    [{ port: 0, token: "short" }, "ERR_CONFIG"],
    [{ path: "/a/b" }, "ERR_CONFIG"],
    [{ port: -1 }, "ERR_CONFIG"],
    [{ prot: 9464 }, "ERR_CONFIG"],
    [{ page: false, port: 0 }, "ERR_CONFIG"],
  ])("%j is refused at start (%s)", (options, code) => {
    expect(() => prometheus(options as PrometheusOptions)).toThrow(expect.objectContaining({ code }));
  });
});

test("without a page, the registry is the program's to read", async () => {
  const { telemetry, call, page } = await run({ page: false }, { open: true });
  await call();
  expect((await fetch(page)).status).toBe(404);
  expect(families(await telemetry.registry.metrics()).get("mcp_server_operation_duration_seconds")).toBeDefined();
});
