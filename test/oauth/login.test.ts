/** [76] The official client, given nothing but a URL: finds the provider, registers, logs in, is granted more later. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoProvider, startProvider } from "../../examples/warehouse/provider/index.js";
import { jwt } from "../../src/auth/jwt.js";
import { McpServer } from "../../src/index.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { type Browser, startBrowser } from "./helpers/browser.js";
import { type Callback, Keyring, logIn, startCallback } from "./helpers/oauth-client.js";

/** The document a client publishes about itself (2026-07-28, client registration, "Client ID Metadata Documents"). */
const METADATA_URL = "https://host.example/mcp-client.json";

let browser: Browser;
let provider: DemoProvider;
let callback: Callback;
let fetched = 0;

/** Stands in for the one address that a test cannot have: a document in public, over https. */
const publish: typeof fetch = async (input, init) => {
  const url = String(input instanceof Request ? input.url : input);
  if (url !== METADATA_URL) return fetch(input, init);
  fetched += 1;
  const { clientMetadata } = new Keyring(callback.url);
  return Response.json({ ...clientMetadata, client_id: METADATA_URL });
};

beforeAll(async () => {
  browser = await startBrowser();
  callback = await startCallback();
  provider = await startProvider({ fetch: publish });
}, FETCH_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  callback?.close();
  await provider?.close();
});

/** A server whose audience is its own URL, as tokens of this provider name it. */
async function serve() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const auth = jwt({ issuer: provider.issuer, audience: url.href, scopes: ["products:read"] });
  const mcp = new McpServer({ name: "shop", version: "1.0.0" }, { auth, logger: { log() {} } });
  const reads = { annotations: { readOnlyHint: true } };
  mcp.registerTool("get_product_stock", { ...reads, requires: "products:read" }, (ctx) => ctx.principal.subject);
  mcp.registerTool("list_orders", { ...reads, requires: ["products:read", "orders:read"] }, () => "no orders");
  server.on("request", mcp.node);
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url, close };
}

async function connect(url: URL, keys: Keyring): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: "host", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(url, { authProvider: keys });
  await client.connect(transport);
  return { client, transport };
}

/** What a login asks for, without the refresh token that this client adds where a provider has them. */
function scopesOf(login: URL | undefined): readonly string[] {
  const scopes = login?.searchParams.get("scope")?.split(" ") ?? [];
  return scopes.filter((scope) => scope !== "offline_access").sort();
}

describe.each([
  { how: "registers by itself", document: undefined },
  { how: "names the document it publishes", document: METADATA_URL },
])("a client that $how", ({ document }) => {
  it("logs in with nothing but the URL, and again for more when a tool needs more", async () => {
    const { url, close } = await serve();
    const keys = new Keyring(callback.url, document);
    const first = new StreamableHTTPClientTransport(url, { authProvider: keys });
    await expect(new Client({ name: "host", version: "1.0.0" }).connect(first)).rejects.toThrow(UnauthorizedError);
    const [login] = keys.logins;
    expect(scopesOf(login)).toEqual(["products:read"]);
    expect(login?.searchParams.get("resource")).toBe(url.href);
    expect(keys.information?.client_id).toEqual(document ?? expect.any(String));
    await first.finishAuth(await logIn(browser, login as URL, "ada@acme", callback));

    const { client, transport } = await connect(url, keys);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["get_product_stock"]);
    const stock = await client.callTool({ name: "get_product_stock", arguments: {} });
    expect(stock.content).toEqual([{ type: "text", text: "ada@acme" }]);

    // Not permitted yet: the client is sent to ask for it, with what it had before.
    await expect(client.callTool({ name: "list_orders", arguments: {} })).rejects.toThrow(UnauthorizedError);
    const more = keys.logins[1];
    expect(scopesOf(more)).toEqual(["orders:read", "products:read"]);
    await transport.finishAuth(await logIn(browser, more as URL, "ada@acme", callback));
    const orders = await client.callTool({ name: "list_orders", arguments: {} });
    expect(orders.content).toEqual([{ type: "text", text: "no orders" }]);
    expect((await client.listTools()).tools).toHaveLength(2);
    expect(keys.logins).toHaveLength(2);
    await client.close();
    close();
  });
});

it("fetches a client's document, and no more than the document", () => {
  expect(fetched).toBeGreaterThan(0);
});
