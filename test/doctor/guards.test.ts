/** [67, 69, 72] The doctor on logins, web pages, certificates, clocks, and sessions that several processes share. */

import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type CheckName, type DoctorOptions, examine, type Finding, isFault } from "../../src/doctor/index.js";
import { type Authenticator, McpServer, type McpServerOptions } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { makeCertificate } from "../deploy/helpers/certificate.js";
import { FrontProxy } from "../deploy/helpers/proxy.js";
import { FETCH_TIMEOUT_MS, requireProgram } from "../support/debian.js";
import { freePort } from "../support/nginx.js";

const closers: (() => Promise<void>)[] = [];
beforeAll(() => requireProgram("nginx"), FETCH_TIMEOUT_MS);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server; resolves with `host:port`. */
async function serve(options: McpServerOptions = {}): Promise<string> {
  const mcp = new McpServer({ name: "guarded", version: "1.0.0" }, { logger: silentLogger, ...options });
  const handle = await mcp.run({ transport: "http", port: 0, signals: false });
  closers.push(() => handle.close());
  return new URL(handle.url ?? "").host;
}

/** An nginx before one or several of them; resolves with the URL of the endpoint. */
async function front(hosts: readonly string[], location: string, { upstream = "", http = "" } = {}): Promise<string> {
  const port = await freePort();
  const servers = hosts.map((host) => `server ${host};`).join(" ");
  const proxy = await FrontProxy.start({
    kind: "nginx",
    port,
    configuration: `access_log off; ${http} upstream all { ${upstream} ${servers} }
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://all; proxy_http_version 1.1; ${location} } }`,
  });
  closers.push(() => proxy.stop());
  return `http://127.0.0.1:${port}/mcp`;
}

async function found(url: string, check: CheckName, options: DoctorOptions = {}): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of examine(url, { checks: [check], firstEventMs: 2000, ...options })) findings.push(finding);
  return findings;
}

const faults = (findings: readonly Finding[]) => findings.filter(isFault).map(({ id }) => id);
const TRUE_HOST = "proxy_set_header Host $http_host;";

describe("[72] the way to log in", () => {
  const auth: Authenticator = {
    scheme: "tokens",
    authenticates: true,
    authenticate: () => undefined,
    oauth: { authorizationServers: ["https://login.example.com"] },
  };

  test("an address of the inner network is named, and its line mends it", async () => {
    const host = await serve({ auth, allowedHosts: ["all"] });
    const findings = await found(await front([host], ""), "auth");
    expect(faults(findings)).toEqual(["auth-metadata-unreachable"]);
    const line = findings.find(isFault)?.mend?.nginx ?? "";
    const mended = await found(await front([host], line), "auth");
    expect(mended).toEqual([expect.objectContaining({ id: "metadata", severity: "ok" })]);
  });

  test("metadata of another resource", async () => {
    const host = await serve({ auth });
    const location = `${TRUE_HOST} sub_filter "/mcp" "/other"; sub_filter_types application/json;`;
    expect(faults(await found(await front([host], location), "auth"))).toEqual(["auth-metadata-mismatch"]);
  });

  test("a challenge that is lost", async () => {
    const host = await serve({ auth });
    const location = `${TRUE_HOST} proxy_hide_header WWW-Authenticate;`;
    const findings = await found(await front([host], location), "auth");
    expect(faults(findings)).toEqual(["auth-challenge-missing"]);
    const line = findings.find(isFault)?.mend?.nginx ?? "";
    expect(faults(await found(await front([host], `${location} ${line}`), "auth"))).toEqual([]);
  });

  test("without credentials the rest is left alone and says so", async () => {
    const url = `http://${await serve({ auth })}/mcp`;
    const findings = [
      ...(await found(url, "eras")),
      ...(await found(url, "sessions")),
      ...(await found(url, "bodies")),
    ];
    expect(findings.map(({ id }) => id)).toEqual(["credentials-needed"]);
  });
});

describe("[67, 69] web pages", () => {
  const origin = "https://console.example.com";

  test("a page that is meant to call may", async () => {
    const host = await serve({ allowedOrigins: [origin] });
    const findings = await found(await front([host], TRUE_HOST), "protection", { origin });
    expect(findings.map(({ id, severity }) => `${id} ${severity}`)).toEqual(["host ok", "origin ok", "cors ok"]);
  });

  test("one that the server does not know is refused", async () => {
    expect(faults(await found(`http://${await serve()}/mcp`, "protection", { origin }))).toEqual(["cors-refused"]);
  });

  test("two of one header, and the line against it", async () => {
    const host = await serve({ allowedOrigins: [origin] });
    const twice = `${TRUE_HOST} add_header Access-Control-Allow-Origin ${origin} always;`;
    const findings = await found(await front([host], twice), "protection", { origin });
    expect(faults(findings)).toEqual(["cors-duplicated"]);
    const line = findings.find(isFault)?.mend?.nginx ?? "";
    expect(faults(await found(await front([host], `${twice} ${line}`), "protection", { origin }))).toEqual([]);
  });
});

describe("sessions of several processes", () => {
  test("are lost between processes that do not know each other, and kept by one secret", async () => {
    const strangers = [await serve(), await serve()];
    expect(faults(await found(await front(strangers, TRUE_HOST), "sessions"))).toContain("session-lost");
    const secret = "one secret for all of them";
    const known = [await serve({ secret }), await serve({ secret })];
    // Streams are of one process: the line sends a session where it began to stand.
    const findings = await found(await front(known, TRUE_HOST), "sessions");
    expect(faults(findings)).toEqual(["resume-lost"]);
    const lines = (findings.find(isFault)?.mend?.nginx ?? "").split("\n");
    const of = (block: string) => lines.find((line) => line.startsWith(`# ${block}: `))?.slice(`# ${block}: `.length);
    const blocks = { upstream: of("upstream"), http: of("http") };
    expect(faults(await found(await front(known, TRUE_HOST, blocks), "sessions"))).toEqual([]);
  });
});

describe("certificates and clocks", () => {
  const answer = { jsonrpc: "2.0", id: 1, error: { code: -32601, message: "no" } };
  async function listening(server: Server, scheme: string): Promise<string> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  }

  test.each([
    ["ends soon", 5, "127.0.0.1", ["tls-expires-soon", "tls-untrusted"]],
    ["is for another name", 60, "127.0.0.2", ["tls-name", "tls-untrusted"]],
  ])("a certificate that %s", async (_, days, address, expected) => {
    const files = await makeCertificate(days, address);
    closers.push(() => files.remove());
    const pair = { cert: await readFile(files.certificate), key: await readFile(files.key) };
    const server = createHttpsServer(pair, (_request, response) => response.end(JSON.stringify(answer)));
    expect(faults(await found(await listening(server, "https"), "tls"))).toEqual(expected);
  });

  test.each([
    [60_000, "warning"],
    [3_600_000, "error"],
  ])("a clock that is %i ms ahead: %s", async (ms, severity) => {
    const server = createServer((_request, response) => {
      response.setHeader("date", new Date(Date.now() + ms).toUTCString());
      response.end(JSON.stringify(answer));
    });
    const [finding] = await found(await listening(server, "http"), "clock");
    expect(finding).toMatchObject({ id: "clock-skew", severity });
  });
});
