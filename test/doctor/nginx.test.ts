/**
 * [55] The doctor in front of nginx as common articles set it up: every fault is named with its line, and the line, read
 * from the finding and written into the configuration, makes it pass. Two hops, an ingress and an nginx beside the server,
 * since one nginx alone obeys the `X-Accel-Buffering` of the server and takes it away from the next.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type DoctorOptions, EXIT, examine, exitCodeOf, type Finding, isFault } from "../../src/doctor/index.js";
import { McpServer, type RunHandle } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { FrontProxy } from "../deploy/helpers/proxy.js";
import { FETCH_TIMEOUT_MS, requireProgram } from "../support/debian.js";
import { freePort } from "../support/nginx.js";

/** Compressed: the proxies' patience of 60 s is one second, and the doctor watches for two and a half. */
const LOOK: DoctorOptions = { firstEventMs: 800, idleMs: 2500 };
/** What articles write into the `http` block; HTTP/1.0, buffering and 1 MiB are what nginx does unless told otherwise. */
const NAIVE = `
  gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1; gzip_http_version 1.0;
  proxy_read_timeout 1s;`;
const FAULTS = [
  "http10-upstream",
  "host-rewritten",
  "body-limit",
  "stream-buffered",
  "stream-compressed",
  "stream-idle-cutoff",
];

let handle: RunHandle;
let upstream = "";
let running: FrontProxy | undefined;
beforeAll(async () => {
  await requireProgram("nginx");
  const mcp = new McpServer({ name: "patient", version: "1.0.0" }, { logger: silentLogger });
  mcp.registerTool("count", {}, async (ctx) => {
    for (let done = 1; done <= 6; done += 1) {
      ctx.progress(done, 6);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return "counted";
  });
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
  upstream = new URL(handle.url ?? "").host;
}, FETCH_TIMEOUT_MS);
afterAll(() => handle?.close());
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

interface Hops {
  readonly http?: string;
  /** Directives of both `location` blocks. */
  readonly location?: string;
}

/** Both hops; resolves with the URL of the endpoint behind them. */
async function hops({ http = "", location = "" }: Hops): Promise<string> {
  await running?.stop();
  const [port, inner] = [await freePort(), await freePort()];
  const hop = (listen: number, to: string) =>
    `server { listen 127.0.0.1:${listen}; location / { proxy_pass http://${to}; ${location} } }`;
  const configuration = `access_log off; ${http} ${hop(port, `127.0.0.1:${inner}`)} ${hop(inner, upstream)}`;
  running = await FrontProxy.start({ kind: "nginx", configuration, port });
  return `http://127.0.0.1:${port}/mcp`;
}

async function found(url: string, options: DoctorOptions = {}): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of examine(url, { ...LOOK, ...options })) findings.push(finding);
  return findings;
}

const faultsOf = (findings: readonly Finding[]) => [...new Set(findings.filter(isFault).map(({ id }) => id))].sort();
const lineOf = (findings: readonly Finding[], id: string) => findings.find((one) => one.id === id)?.mend?.nginx ?? "";

describe("[55] nginx as articles set it up", () => {
  test("each fault is named with its line, and with all lines applied nothing is left", async () => {
    const sick = await found(await hops({ http: NAIVE }), { direct: handle.url });
    expect(faultsOf(sick)).toEqual([...FAULTS].sort());
    for (const finding of sick.filter(isFault)) {
      expect(finding).toMatchObject({ hop: "proxy", client: expect.any(String), why: expect.any(String) });
    }
    expect(exitCodeOf(sick)).toBe(EXIT.errors);
    const location = FAULTS.map((id) => lineOf(sick, id)).join("\n");
    const mended = await found(await hops({ http: NAIVE, location }), { tool: { name: "count" } });
    expect(faultsOf(mended)).toEqual([]);
    expect(mended.filter(({ severity }) => severity === "ok").map(({ id }) => id)).toEqual(
      expect.arrayContaining(["http-version", "host", "body-size", "resume", "stream-first-event", "progress"]),
    );
    expect(exitCodeOf(mended)).toBe(EXIT.sound);
  });

  test.each(FAULTS)("%s: its line alone mends it", async (id) => {
    const sick = await found(await hops({ http: NAIVE }), { checks: [checkOf(id)] });
    const location = lineOf(sick, id);
    expect(location).not.toBe("");
    const mended = await found(await hops({ http: NAIVE, location }), { checks: [checkOf(id)] });
    expect(faultsOf(mended)).not.toContain(id);
  });

  test("a fault of the server itself is told from one of the proxy", async () => {
    const other = new McpServer({ name: "open", version: "1.0.0" }, { logger: silentLogger, allowedOrigins: ["*"] });
    const served = await other.run({ transport: "http", port: 0, signals: false });
    const [finding] = (await found(served.url ?? "", { direct: served.url, checks: ["protection"] })).filter(isFault);
    expect(finding).toMatchObject({ id: "origin-unchecked", hop: "server", severity: "error" });
    await served.close();
  });
});

function checkOf(id: string): "headers" | "protection" | "bodies" | "streams" {
  if (id.startsWith("stream")) return "streams";
  return id === "http10-upstream" ? "headers" : id === "body-limit" ? "bodies" : "protection";
}

describe("headers on their way", () => {
  test.each([
    ["header-dropped", 'proxy_set_header Mcp-Session-Id "";', "mcp-session-id"],
    ["header-altered", 'proxy_set_header Last-Event-ID "x";', "last-event-id"],
    ["reply-header-dropped", "proxy_hide_header Mcp-Session-Id;", "mcp-session-id"],
    ["reply-header-duplicated", "add_header Mcp-Session-Id again;", "mcp-session-id"],
  ])("%s", async (id, location, name) => {
    const findings = await found(await hops({ location }), { checks: ["headers"] });
    expect(findings.find((one) => one.id === id)).toMatchObject({
      severity: "error",
      mend: { nginx: expect.stringContaining(name) },
    });
  });

  test("one that is hidden on its way back comes back by its line", async () => {
    const location = "proxy_hide_header Mcp-Session-Id;";
    const sick = await found(await hops({ location }), { checks: ["headers"] });
    const mended = await hops({ location: `${location} ${lineOf(sick, "reply-header-dropped")}` });
    expect(faultsOf(await found(mended, { checks: ["headers"] }))).not.toContain("reply-header-dropped");
  });

  test("without /health?seen, dropped headers show by what is answered", async () => {
    const location = 'proxy_set_header MCP-Protocol-Version ""; rewrite ^/health /nothing break;';
    const findings = await found(await hops({ location }), { checks: ["headers"] });
    expect(faultsOf(findings)).toEqual(["header-dropped"]);
    expect(findings.find(({ id }) => id === "seen-unavailable")).toBeDefined();
  });
});

describe("[59] what answers in place of the server", () => {
  test("nobody: unreachable", async () => {
    const findings = await found(`http://127.0.0.1:${await freePort()}/mcp`);
    expect(faultsOf(findings)).toEqual(["unreachable"]);
    expect(exitCodeOf(findings)).toBe(EXIT.unreachable);
  });

  test.each([
    ["bad-gateway", "return 502;"],
    ["redirect", "return 301 https://elsewhere.invalid$request_uri;"],
    ["no-mcp", "default_type text/html; return 200 hello;"],
  ])("%s", async (id, location) => {
    const findings = await found(await hops({ location }), { checks: ["reach", "redirects", "eras"] });
    expect(faultsOf(findings)).toContain(id);
  });
});
