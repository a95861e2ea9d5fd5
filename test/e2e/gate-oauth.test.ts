/** What clients are told that may not come in, and where they find out how to. */
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { AuthenticationUnavailableError, McpServer, type McpServerOptions } from "../../src/index.js";
import { rawRequest, routesOf } from "./fixtures/raw-request.js";
import { quiet, serving } from "./fixtures/serve.js";
import { challengeOf, ISSUER, tokenTable } from "./fixtures/tokens.js";

const serve = serving();
const METADATA = "/.well-known/oauth-protected-resource";
const KNOWN = { authorization: "Bearer ada" };

async function read(origin: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${origin}${path}`, { headers });
  const text = await response.text();
  const document: unknown = response.status === 200 ? JSON.parse(text) : text;
  return { status: response.status, headers: Object.fromEntries(response.headers), document };
}

describe("[72, 77] a challenge", () => {
  it.each(["/mcp", "/sse"])("says where the metadata of %s is and what to ask for", async (path) => {
    const served = await serve({ auth: tokenTable({}, { scopes: ["products:read", "orders:read"] }) });
    const { status, headers } = await read(served.origin, path);
    expect(status).toBe(401);
    expect(challengeOf(headers["www-authenticate"])).toEqual({
      scope: "products:read orders:read",
      resource_metadata: `${served.origin}${METADATA}${path}`,
    });
  });

  it("says what is wrong with credentials that were sent, in characters that a header may hold", async () => {
    const served = await serve({ auth: tokenTable({}) });
    const { status, headers } = await read(served.origin, "/mcp", { authorization: "Bearer nobody" });
    expect(status).toBe(401);
    expect(challengeOf(headers["www-authenticate"])).toMatchObject({
      error: "invalid_token",
      error_description: "The token is 'unknown'.",
    });
  });

  it("[75] is what credentials get that have ended, whatever their authenticator says", async () => {
    const tokens = { ada: { permissions: ["*"], expiresAt: Date.now() - 1 } };
    const served = await serve({ auth: tokenTable(tokens) });
    for (const { method, path, authenticated } of routesOf(served.mcp)) {
      if (!authenticated) continue;
      const { status, headers } = await rawRequest(served.origin, { method, path, headers: KNOWN });
      expect([path, status, challengeOf(headers["www-authenticate"]).error]).toEqual([path, 401, "invalid_token"]);
    }
  });

  it("[74] is 503 with Retry-After when it cannot be found out who is calling", async () => {
    const auth = {
      ...tokenTable({}),
      authenticate: () => {
        throw new AuthenticationUnavailableError("no keys at https://internal.example");
      },
    };
    const served = await serve({ auth });
    const { status, headers, document } = await read(served.origin, "/mcp");
    expect([status, headers["retry-after"]]).toEqual([503, "5"]);
    expect(document).not.toContain("internal");
  });

  it("[78] is what a token in the URL gets, on every route, even beside a good one", async () => {
    const served = await serve({ auth: tokenTable({ ada: { permissions: ["*"] } }) });
    for (const { method, path, authenticated } of routesOf(served.mcp)) {
      if (!authenticated) continue;
      for (const headers of [{}, KNOWN]) {
        const reply = await rawRequest(served.origin, { method, path: `${path}?a=b&access_token=ada`, headers });
        const { error } = challengeOf(reply.headers["www-authenticate"]);
        expect([method, path, reply.status, error]).toEqual([method, path, 401, "invalid_request"]);
      }
    }
  });
});

describe("[81] metadata", () => {
  it("of each endpoint names that endpoint, its issuers and every permission that is named openly", async () => {
    const served = await serve({ auth: tokenTable({}) });
    served.mcp.registerTool("a", { requires: { anyOf: ["x:read", ["x:list", "x:all"]] } }, () => "");
    served.mcp.registerTool("b", { requires: "secret:do", whenDenied: "hidden" }, () => "");
    served.mcp.registerTool("c", { requires: "internal:do", visible: () => true }, () => "");
    const rest = {
      authorization_servers: [ISSUER],
      scopes_supported: ["guard:use", "x:all", "x:list", "x:read"],
      bearer_methods_supported: ["header"],
      resource_name: expect.any(String),
    };
    for (const [path, endpoint] of [
      ["", "/mcp"],
      ["/mcp", "/mcp"],
      ["/sse", "/sse"],
    ]) {
      const { status, document } = await read(served.origin, `${METADATA}${path}`);
      expect([status, document]).toEqual([200, { resource: `${served.origin}${endpoint}`, ...rest }]);
    }
  });

  it("is there for everybody, and nothing else is", async () => {
    const served = await serve({ auth: tokenTable({}) });
    const open = routesOf(served.mcp).filter(({ authenticated }) => !authenticated);
    const paths = [...new Set(open.map(({ path }) => path))].sort();
    expect(paths).toEqual([METADATA, `${METADATA}/mcp`, `${METADATA}/sse`, "/health", "/ready"].sort());
    expect(new Set(open.map(({ method }) => method))).toEqual(new Set(["GET", "HEAD"]));
  });

  it("does not exist on servers without an authorization server", async () => {
    const served = await serve();
    expect((await read(served.origin, METADATA)).status).toBe(404);
  });

  it("goes by publicUrl, its path included, and by nothing that a proxy or a client says", async () => {
    const served = await serve({ auth: tokenTable({}), publicUrl: "https://mcp.example/team/" });
    const forged = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "ftp", forwarded: "host=evil.example" };
    for (const path of [METADATA, `${METADATA}/mcp`, `${METADATA}/team/mcp`]) {
      const { document } = await read(served.origin, path, forged);
      expect(document).toMatchObject({ resource: "https://mcp.example/team/mcp" });
    }
    const { headers } = await read(served.origin, "/mcp", forged);
    expect(challengeOf(headers["www-authenticate"]).resource_metadata).toBe(`https://mcp.example/team${METADATA}/mcp`);
  });

  it("ignores forwarding headers without publicUrl too", async () => {
    const served = await serve({ auth: tokenTable({}) });
    const { document } = await read(served.origin, METADATA, { "x-forwarded-host": "evil.example" });
    expect(document).toMatchObject({ resource: `${served.origin}/mcp` });
  });

  it.each(["", "/api", "/api/v1"])("of a server mounted under %j names what its clients call", async (prefix) => {
    const { origin, close } = await mount({ auth: tokenTable({}) });
    const resource = `${origin}${prefix}/mcp`;
    const { headers } = await read(origin, `${prefix}/mcp`);
    const { resource_metadata = "" } = challengeOf(headers["www-authenticate"]);
    expect(resource_metadata).toBe(`${origin}${prefix}${METADATA}/mcp`);
    // There, and where RFC 9728 has it.
    for (const path of [new URL(resource_metadata).pathname, `${METADATA}${prefix}/mcp`]) {
      expect((await read(origin, path)).document).toMatchObject({ resource });
    }
    await close();
  });

  it("of the authorization server is handed on to clients that look for it here", async () => {
    const document = { issuer: ISSUER, token_endpoint: `${ISSUER}/token` };
    const auth = tokenTable({}, { authorizationServerMetadata: async () => document });
    const served = await serve({ auth });
    for (const name of ["oauth-authorization-server", "openid-configuration"]) {
      expect((await read(served.origin, `/.well-known/${name}`)).document).toEqual(document);
      expect((await read(served.origin, `/.well-known/${name}/mcp`)).document).toEqual(document);
    }
    const failing = tokenTable(
      {},
      { authorizationServerMetadata: () => Promise.reject(new Error("no route to host")) },
    );
    const other = await serve({ auth: failing });
    const { status, document: text } = await read(other.origin, "/.well-known/oauth-authorization-server");
    expect([status, String(text).includes("no route")]).toEqual([503, false]);
  });
});

/** A server in somebody else's, who hands requests over as they came. */
async function mount(options: McpServerOptions): Promise<{ origin: string; close(): Promise<void> }> {
  const mcp = new McpServer({ name: "mounted", version: "1" }, { logger: quiet, ...options });
  const server = createServer((request, response) => mcp.node(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as { readonly port: number };
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { origin: `http://127.0.0.1:${address.port}`, close };
}
