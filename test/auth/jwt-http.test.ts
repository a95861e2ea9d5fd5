/** [72, 73, 74] Through the door of a server: refusals tell clients where to log in, and nothing of a server has run. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { jwt } from "../../src/auth/jwt.js";
import { McpServer } from "../../src/index.js";
import type { Logger } from "../../src/util/logger.js";
import { type Served, serve } from "../faults/helpers/server.js";
import { modernRequest, post, type RawResponse } from "../support/raw-http.js";
import { AUDIENCE, createKey, FakeIssuer } from "./helpers/issuer.js";

let issuer: FakeIssuer;
let served: Served;
let ran: string[];
let logged: string;
const logger: Logger = {
  log: (level, event, fields) => {
    const cause = fields.error instanceof Error ? [fields.error.message, fields.error.stack, fields.error.cause] : [];
    logged += `${level} ${event} ${JSON.stringify(fields)} ${cause.map(String).join(" ")}\n`;
  },
};

beforeEach(async () => {
  ran = [];
  logged = "";
  issuer = await FakeIssuer.start();
  const auth = jwt({ issuer: issuer.url, audience: AUDIENCE, logger });
  const mcp = new McpServer({ name: "orders", version: "1.0.0" }, { auth, logger });
  mcp.use((request, next) => {
    ran.push(request.method);
    return next();
  });
  mcp.registerTool("whoami", { requires: "products:read" }, ({ principal }) => principal.subject);
  served = await serve(mcp);
});
afterEach(async () => {
  await served.close();
  await issuer.close();
});

function call(authorization?: string): Promise<RawResponse> {
  const { message, headers } = modernRequest("tools/call", { name: "whoami", arguments: {} });
  return post(served.url, message, { headers: { ...headers, ...(authorization && { authorization }) } });
}

it("a good token is who it says", async () => {
  const { status, reply } = await call(`Bearer ${await issuer.sign()}`);
  expect(status).toBe(200);
  expect(reply).toMatchObject({ result: { content: [{ type: "text", text: "ada" }] } });
});

it("every wrong one is 401 with the place of the metadata, and runs nothing", async () => {
  const stranger = await createKey("ES256");
  const good = await issuer.sign();
  const tokens = [
    await issuer.sign({ aud: undefined }),
    await issuer.sign({ aud: "https://other.example.com" }),
    await issuer.sign({ iss: `${issuer.url}/` }),
    await issuer.sign({ exp: 1 }),
    await issuer.sign({ exp: undefined }),
    await issuer.sign({ nbf: 4_000_000_000 }),
    await issuer.sign({}, { key: stranger }),
    await issuer.sign({}, { header: { typ: "logout+jwt" } }),
    `${good.slice(0, good.lastIndexOf("."))}.AAAA`,
    "canary-in-a-token",
    "canary.canary.canary",
  ];
  for (const token of tokens) {
    const { status, headers } = await call(`Bearer ${token}`);
    const challenge = headers["www-authenticate"] ?? "";
    expect(status).toBe(401);
    expect(challenge).toMatch(/^Bearer error="invalid_token", error_description="[^"\\]+"/);
    expect(challenge).toContain(`resource_metadata="${served.base}/.well-known/oauth-protected-resource/mcp"`);
    expect(challenge).not.toContain(token);
    // Neither the token nor what is in it ends in a log.
    const [, payload = token] = token.split(".");
    expect(logged).not.toContain(payload);
    expect(logged).not.toContain("products:read");
  }
  expect((await call()).headers["www-authenticate"]).not.toContain("error=");
  expect(ran).toEqual([]);
});

it("an issuer that is down is 503, and runs nothing", async () => {
  issuer.keysFault = "error";
  const { status, headers } = await call(`Bearer ${await issuer.sign()}`);
  expect(status).toBe(503);
  expect(headers["retry-after"]).toBeDefined();
  expect(ran).toEqual([]);
});

it("clients find the issuer, and older ones its metadata on this server", async () => {
  const resource = await fetch(`${served.base}/.well-known/oauth-protected-resource/mcp`);
  expect(await resource.json()).toMatchObject({
    resource: served.url,
    authorization_servers: [issuer.url],
    scopes_supported: ["products:read"],
  });
  const server = await fetch(`${served.base}/.well-known/oauth-authorization-server`);
  expect(await server.json()).toMatchObject({ issuer: issuer.url, jwks_uri: issuer.jwksUri });
});
