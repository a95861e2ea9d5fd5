import { describe, expect, it } from "vitest";
import { custom } from "../../src/index.js";
import { initializeMessage, request } from "./fixtures/legacy-client.js";
import { type RawHeaders, rawRequest, routesOf } from "./fixtures/raw-request.js";
import { type Served, serving } from "./fixtures/serve.js";

const APP = "https://app.example";
const auth = custom((asked) => {
  return asked.header("authorization") === "Bearer good"
    ? { issuer: "test", subject: "a", permissions: [] }
    : undefined;
});

const serve = serving();

const preflight = (served: Served, path: string, headers: RawHeaders) => {
  const asks = { "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
  return rawRequest(served.origin, { method: "OPTIONS", path, headers: { ...asks, ...headers } });
};
const corsOf = (headers: Record<string, string>) =>
  Object.keys(headers).filter((name) => name.startsWith("access-control"));
const pathsOf = (served: Served) => [...new Set(routesOf(served.mcp).map(({ path }) => path))];

describe("[83, S4] a preflight", () => {
  it("of a foreign page is refused by default, and nothing allows anything", async () => {
    const served = await serve();
    for (const path of pathsOf(served)) {
      for (const origin of [APP, "null", "http://localhost:3000"]) {
        const { status, headers } = await preflight(served, path, { origin });
        expect({ status, cors: corsOf(headers) }).toEqual({ status: 403, cors: [] });
      }
      // From no page at all, or from a page of this very server, there is nothing to ask.
      for (const origin of [undefined, served.origin]) {
        const { status, headers } = await preflight(served, path, { origin });
        expect({ status, cors: corsOf(headers) }).toEqual({ status: 405, cors: [] });
      }
    }
  });

  it("of an allowed page is answered for that page alone, before anybody is asked who they are", async () => {
    const served = await serve({ auth, allowedOrigins: [APP] });
    for (const path of pathsOf(served)) {
      const { status, headers, body } = await preflight(served, path, {
        origin: APP,
        "access-control-request-headers": "content-type, mcp-param-region, Mcp-Param-Zone, x-evil, mcp-param-\u00e9",
      });
      expect([status, body.length]).toEqual([204, 0]);
      expect(headers["access-control-allow-origin"]).toBe(APP);
      expect(headers).not.toHaveProperty("access-control-allow-credentials");
      expect(headers.vary).toMatch(/origin/i);
      expect(headers["access-control-allow-methods"]?.split(", ").sort()).toEqual(["DELETE", "GET", "POST"]);
      const allowed = headers["access-control-allow-headers"]?.split(", ");
      expect(allowed).toEqual(
        expect.arrayContaining(["authorization", "content-type", "mcp-session-id", "mcp-method", "mcp-name"]),
      );
      expect(allowed).toEqual(expect.arrayContaining(["mcp-param-region", "mcp-param-zone"]));
      expect(allowed?.filter((name) => /x-evil|\*|[^\x21-\x7e]/.test(name))).toEqual([]);
      for (const origin of [
        "https://other.example",
        "https://app.example.evil.test",
        `${APP}:8443`,
        "http://app.example",
        "null",
        APP.toUpperCase(),
      ]) {
        const other = await preflight(served, path, { origin });
        expect({ status: other.status, cors: corsOf(other.headers) }).toEqual({ status: 403, cors: [] });
      }
    }
    const nowhere = await preflight(served, "/nothing", { origin: APP });
    expect(nowhere.status).toBe(404);
  });

  it("of any page, where all are allowed, gets no wildcard with credentials", async () => {
    const served = await serve({ allowedOrigins: ["*"] });
    const { status, headers } = await preflight(served, "/mcp", { origin: "https://any.example" });
    expect(status).toBe(204);
    expect(headers).not.toHaveProperty("access-control-allow-credentials");
    // A sandboxed frame or a file is nobody.
    expect((await preflight(served, "/mcp", { origin: "null" })).status).toBe(403);
    expect((await preflight(served, "/mcp", { origin: "https://any.example", host: "evil.test" })).status).toBe(403);
  });
});

describe("[83, S4] an answer to an allowed page", () => {
  it("can be read by it, whatever the answer is, and its headers too", async () => {
    const served = await serve({ auth, allowedOrigins: [APP], publicUrl: "https://public.example/mcp" });
    const body = initializeMessage("2025-11-25");
    const good = { authorization: "Bearer good" };
    const requests: [number, RawHeaders, string, string][] = [
      [200, good, "POST", "/mcp"],
      [401, {}, "POST", "/mcp"],
      [415, { ...good, "content-type": "text/plain" }, "POST", "/mcp"],
      [404, { ...good, "mcp-session-id": "gone" }, "GET", "/mcp"],
      [405, good, "PUT", "/mcp"],
      [404, good, "GET", "/nothing"],
      [200, good, "GET", "/sse"],
      [200, {}, "GET", "/health"],
    ];
    for (const [status, headers, method, path] of requests) {
      for (const origin of [APP, "https://public.example"]) {
        const answer = await rawRequest(served.origin, {
          method,
          path,
          headers: { ...headers, origin },
          ...(method === "POST" && { body }),
        });
        expect({ path, method, status: answer.status }).toEqual({ path, method, status });
        expect(answer.headers["access-control-allow-origin"]).toBe(origin);
        expect(answer.headers["access-control-expose-headers"]).toMatch(/mcp-session-id/);
      }
    }
  });

  it("and none other may read one", async () => {
    const served = await serve({ allowedOrigins: [APP] });
    const headers = { origin: "https://evil.test", "content-type": "text/plain" };
    const answer = await rawRequest(served.origin, { method: "POST", headers, body: request("ping") });
    expect({ status: answer.status, cors: corsOf(answer.headers) }).toEqual({ status: 403, cors: [] });
  });
});
