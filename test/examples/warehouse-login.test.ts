/** The warehouse with tokens of an issuer: one login for MCP and for the HTTP API [72, 76, 77, 81]. */
import { randomUUID } from "node:crypto";
import { jwt } from "holdfast";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../examples/warehouse/src/db/database.js";
import { AUDIENCE, FakeIssuer } from "../auth/helpers/issuer.js";
import { modernRequest, post, type RawResponse } from "../support/raw-http.js";
import { openEmbedded } from "./helpers/embedded.js";
import { audit, newTenant, type ServedWarehouse, serveWarehouse } from "./helpers/warehouse.js";

const READ_ONLY = "products:read warehouse:read orders:read";
const DRAFT = { customer: "Ada", lines: [{ sku: "BOLT-M8", quantity: 2 }] };

let issuer: FakeIssuer;
let database: Database;
let served: ServedWarehouse;
let tenant: string;

beforeAll(async () => {
  issuer = await FakeIssuer.start();
  database = await openEmbedded();
  tenant = await newTenant(database);
  served = await serveWarehouse({ database, auth: jwt({ issuer: issuer.url, audience: AUDIENCE }) });
});
afterAll(async () => {
  await served?.close();
  await database?.close();
  await issuer?.close();
});

async function login(claims: Record<string, unknown>): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await issuer.sign({ org_id: tenant, ...claims })}` };
}

function mcp(headers: Record<string, string>, method: string, params = {}): Promise<RawResponse> {
  const { message, headers: own } = modernRequest(method, params);
  return post(`${served.base}/mcp`, message, { headers: { ...own, ...headers } });
}

const call = (headers: Record<string, string>, name: string, args = {}) =>
  mcp(headers, "tools/call", { name, arguments: args });
const order = (headers: Record<string, string>) =>
  fetch(`${served.base}/api/orders`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", "idempotency-key": randomUUID() },
    body: JSON.stringify(DRAFT),
  });
const names = ({ reply }: RawResponse): unknown =>
  (reply?.result as { tools?: { name: string }[] } | undefined)?.tools?.map(({ name }) => name);

describe("a login", () => {
  it("is asked for, with the place where to get one and what to ask for", async () => {
    const { message, headers } = modernRequest("tools/list");
    const response = await fetch(`${served.base}/mcp`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify(message),
    });
    expect(response.status).toBe(401);
    const metadata = /resource_metadata="([^"]+)"/.exec(response.headers.get("www-authenticate") ?? "")?.[1] ?? "";
    expect(await (await fetch(metadata)).json()).toMatchObject({
      resource: `${served.base}/mcp`,
      authorization_servers: [issuer.url],
      scopes_supported: ["orders:read", "orders:write", "products:read", "warehouse:read"],
    });
  });

  it.each([
    ["scope", { scope: READ_ONLY }],
    ["scp", { scope: undefined, scp: READ_ONLY.split(" ") }],
    ["permissions (Auth0)", { scope: "openid", permissions: READ_ONLY.split(" ") }],
    ["roles (Entra ID)", { scope: undefined, roles: READ_ONLY.split(" ") }],
    ["realm_access (Keycloak)", { scope: "openid", realm_access: { roles: READ_ONLY.split(" ") } }],
  ])("gives what %s says, on both halves", async (_, claims) => {
    const headers = await login(claims);
    expect(names(await mcp(headers, "tools/list"))).toEqual(["get_product_stock", "list_orders", "sync_warehouse"]);
    const refused = await order(headers);
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toContain('scope="orders:write"');
  });

  it("that lacks a scope is asked for it: 403 with all that the call needs", async () => {
    const headers = await login({ scope: "products:read" });
    for (const [name, args, scope] of [
      ["list_orders", {}, "orders:read"],
      ["sync_warehouse", {}, "warehouse:read"],
      ["create_order", DRAFT, "orders:write"],
    ] as const) {
      const refused = await call(headers, name, args);
      expect([refused.status, refused.reply?.error]).toMatchObject([403, { code: 1403 }]);
      const challenge = String(refused.headers["www-authenticate"]);
      expect(challenge).toMatch(/error="insufficient_scope"/);
      expect(challenge).toContain(`scope="${scope}"`);
    }
    const stepped = await login({ scope: "products:read orders:write" });
    expect((await call(stepped, "create_order", DRAFT)).status).toBe(200);
    expect((await order(stepped)).status).toBe(201);
    expect(await audit(database, tenant)).toMatchObject({ orders: 2, reserved: 4 });
  });

  it.each([
    ["of another audience", { aud: "https://other.example.com" }],
    ["that has ended", { exp: Math.floor(Date.now() / 1000) - 3600 }],
    ["of another issuer", { iss: "https://other.example.com" }],
    ["without an end", { exp: undefined }],
  ])("%s is none, on both halves", async (_, claims) => {
    const headers = await login({ scope: "orders:write", ...claims });
    for (const status of [(await call(headers, "create_order", DRAFT)).status, (await order(headers)).status]) {
      expect(status).toBe(401);
    }
  });
});
