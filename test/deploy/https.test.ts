/** The generated configuration with a certificate: HTTPS in front, plain HTTP sent on without losing the method. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { examine, type Finding, isFault } from "../../src/doctor/index.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { freePort } from "../support/nginx.js";
import { type Certificate, makeCertificate } from "./helpers/certificate.js";
import type { ProxyKind } from "./helpers/proxy.js";
import { type Site, site } from "./helpers/site.js";

/** More than what the doctor calls soon. */
const DAYS = 60;

let files: Certificate;
let at: Site | undefined;
beforeAll(async () => {
  files = await makeCertificate(DAYS);
}, FETCH_TIMEOUT_MS);
afterAll(() => files?.remove());
afterEach(() => at?.close());

/** Caddy redirects from port 80 by itself, which a test cannot have; HAProxy's bundle has a place that it cannot have. */
function edit(configuration: string): string {
  return configuration
    .replaceAll("/etc/haproxy/certs/site.pem", files.bundle)
    .replace("grace_period", "auto_https disable_redirects\n\tgrace_period");
}

test.each<ProxyKind>(["nginx", "caddy", "haproxy"])("%s", async (kind) => {
  const redirectPort = await freePort();
  const { certificate, key } = files;
  const facts = { tls: { certificate, key }, redirectPort, graceMs: 200 };
  at = await site(kind, { scheme: "https", prefix: "/tools", facts, edit });
  const findings: Finding[] = [];
  for await (const finding of examine(`${at.base}/mcp`, { idleMs: 1000, firstEventMs: 1500 })) findings.push(finding);
  // It is nobody's but ours.
  expect(findings.filter(isFault).map(({ id }) => id)).toEqual(["tls-untrusted"]);
  expect(findings.map(({ id }) => id)).toEqual(expect.arrayContaining(["http-version", "host", "resume", "discover"]));
  if (kind === "caddy") return;
  const plain = await fetch(`http://127.0.0.1:${redirectPort}/tools/mcp?x=1`, { method: "POST", redirect: "manual" });
  expect(plain.status).toBe(308);
  expect(plain.headers.get("location")).toBe(`${at.base}/mcp?x=1`);
});
