/** [55] The doctor in front of Caddy and HAProxy that were set up badly: the line of the finding, applied, mends it. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { examine, type Finding, isFault } from "../../src/doctor/index.js";
import { McpServer, type RunHandle } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { FrontProxy } from "../deploy/helpers/proxy.js";
import { FETCH_TIMEOUT_MS, requireProgram } from "../support/debian.js";
import { freePort } from "../support/nginx.js";

/** Lines of a configuration by the place they stand in. */
interface Lines {
  /** Caddy: the site. HAProxy: `defaults`. */
  readonly outer?: string;
  /** Caddy: the `reverse_proxy` block. HAProxy: the backend. */
  readonly inner?: string;
}

interface Sick {
  readonly kind: "caddy" | "haproxy";
  readonly id: string;
  readonly check: "streams" | "bodies" | "protection";
  readonly naive: Lines;
  readonly mended: (line: string) => Lines;
}

const CASES: readonly Sick[] = [
  {
    kind: "caddy",
    id: "stream-idle-cutoff",
    check: "streams",
    naive: { inner: "transport http {\nread_timeout 1s\n}" },
    mended: (inner) => ({ inner }),
  },
  {
    kind: "caddy",
    id: "stream-compressed",
    check: "streams",
    // As it comes, it leaves what is short alone.
    naive: { outer: "encode {\ngzip\nminimum_length 1\n}", inner: "header_down -Cache-Control" },
    mended: (outer) => ({ outer, inner: "header_down -Cache-Control" }),
  },
  {
    kind: "caddy",
    id: "body-limit",
    check: "bodies",
    naive: { outer: "request_body {\nmax_size 1MB\n}" },
    mended: (outer) => ({ outer }),
  },
  {
    kind: "caddy",
    id: "host-rewritten",
    check: "protection",
    naive: { inner: "header_up Host {upstream_hostport}" },
    mended: (inner) => ({ inner }),
  },
  {
    kind: "haproxy",
    id: "stream-idle-cutoff",
    check: "streams",
    naive: { outer: "timeout client 1s\ntimeout server 1s" },
    mended: (outer) => ({ outer }),
  },
];

let handle: RunHandle;
let running: FrontProxy | undefined;
beforeAll(async () => {
  await Promise.all([requireProgram("caddy"), requireProgram("haproxy")]);
  const mcp = new McpServer({ name: "patient", version: "1.0.0" }, { logger: silentLogger });
  handle = await mcp.run({ transport: "http", port: 0, signals: false });
}, 2 * FETCH_TIMEOUT_MS);
afterAll(() => handle?.close());
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

function configurationOf(kind: Sick["kind"], port: number, { outer = "", inner = "" }: Lines): string {
  const { host } = new URL(handle.url ?? "");
  if (kind === "caddy") {
    return `{\ngrace_period 100ms\nadmin off\n}\nhttp://127.0.0.1:${port} {\n${outer}\nreverse_proxy ${host} {\n${inner}\n}\n}\n`;
  }
  const timeouts = outer.includes("timeout") ? "" : "timeout client 60s\ntimeout server 60s";
  return `defaults
mode http
timeout connect 5s
${timeouts}
${outer}
listen site
bind 127.0.0.1:${port}
${inner}
server one ${host}
`;
}

async function faultsWith(sick: Sick, lines: Lines): Promise<readonly Finding[]> {
  await running?.stop();
  const port = await freePort();
  running = await FrontProxy.start({ kind: sick.kind, port, configuration: configurationOf(sick.kind, port, lines) });
  const findings: Finding[] = [];
  const look = { firstEventMs: 1000, idleMs: 2500, checks: [sick.check] };
  for await (const finding of examine(`http://127.0.0.1:${port}/mcp`, look)) findings.push(finding);
  return findings.filter(isFault);
}

test.each(CASES)("$kind: $id", async (sick) => {
  const faults = await faultsWith(sick, sick.naive);
  const line = faults.find(({ id }) => id === sick.id)?.mend?.[sick.kind];
  expect(line, JSON.stringify(faults)).toBeDefined();
  expect(await faultsWith(sick, sick.mended(line ?? ""))).toEqual([]);
});
