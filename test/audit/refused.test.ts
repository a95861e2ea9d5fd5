/** Requests that never became calls: what the audit log says of them. */
import { expect, test } from "vitest";
import { resolveAudit } from "../../src/audit/audit.js";
import type { AuthRequest } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { MemorySink } from "./memory-sink.js";

const TOKEN = "canary-5f1d9c-token";
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function request(headers: Readonly<Record<string, string>>, path = "/mcp"): AuthRequest {
  return { method: "POST", path, header: (name) => headers[name], remoteAddress: "192.0.2.7" };
}

test("[85, S28] a refused authentication: who from, where to and why, and nothing of the credentials", () => {
  const sink = new MemorySink();
  const audit = resolveAudit(sink, silentLogger);
  const headers = { authorization: `Bearer ${TOKEN}`, cookie: TOKEN, traceparent: TRACE };
  audit?.refused(request(headers), {
    reason: "unauthenticated",
    scheme: "bearer|api-key",
    detail: `Not good: Bearer ${TOKEN}`,
  });
  audit?.refused(request({}, `/mcp/${"x".repeat(5000)}`), { reason: "unavailable", scheme: "bearer" });
  const [first, second] = sink.events.map(({ time, ...event }) => {
    expect(new Date(time).toISOString()).toBe(time);
    return event;
  });
  expect(first).toEqual({
    event: "authentication",
    decision: "denied",
    reason: "unauthenticated",
    detail: "Not good: Bearer [redacted]",
    scheme: "bearer|api-key",
    httpMethod: "POST",
    path: "/mcp",
    remoteAddress: "192.0.2.7",
    traceparent: TRACE,
  });
  expect(second).toMatchObject({ reason: "unavailable", path: expect.stringMatching(/^\/mcp\/x{250,251}…$/) });
  expect(Object.keys(second ?? {})).not.toContain("detail");
});
