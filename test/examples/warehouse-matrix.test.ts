/** [76, S9] Who may do what with the warehouse, on every way in: one table, and it is the same everywhere. */
import { fileURLToPath } from "node:url";
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as LegacyStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { connect } from "holdfast/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO_TENANTS } from "../../examples/warehouse/src/db/seed.js";
import { BEARER_WAYS } from "../support/bearer-ways.js";
import { openEmbedded } from "./helpers/embedded.js";
import { caller, type ServedWarehouse, serveWarehouse, Tokens } from "./helpers/warehouse.js";

/** The embedded database of a first run is made from nothing. */
const START_MS = 120_000;
const TENANT = DEMO_TENANTS[0]?.id ?? "";
const PERMISSIONS = ["products:read", "warehouse:read", "orders:read", "orders:write"] as const;
const NOTHING = "nothing";
const SKU = DEMO_TENANTS[0]?.products[0]?.sku ?? "";

type Ask = (method: string, params?: Record<string, unknown>) => Promise<Record<string, unknown>>;

/** Everything that can be asked of the warehouse, and how it is asked. */
const THINGS: readonly (readonly [string, string, Record<string, unknown>])[] = [
  ["call get_product_stock", "tools/call", { name: "get_product_stock", arguments: { sku: SKU } }],
  ["call list_orders", "tools/call", { name: "list_orders", arguments: {} }],
  ["call sync_warehouse", "tools/call", { name: "sync_warehouse", arguments: {} }],
  ["call create_order", "tools/call", { name: "create_order", arguments: { customer: "x", lines: [] } }],
  ["read product", "resources/read", { uri: `warehouse://products/${SKU}` }],
  ["read order", "resources/read", { uri: "warehouse://orders/SO-1001" }],
  ["get restock_report", "prompts/get", { name: "restock_report", arguments: {} }],
  ["get review_order", "prompts/get", { name: "review_order", arguments: { order: "SO-1001" } }],
  ["complete sku", "completion/complete", completion("ref/resource", "warehouse://products/{sku}", "sku")],
  ["complete order", "completion/complete", completion("ref/resource", "warehouse://orders/{id}", "id")],
  ["complete review_order", "completion/complete", completion("ref/prompt", "review_order", "order")],
];
const TOOLS = ["get_product_stock", "list_orders", "sync_warehouse", "create_order"];
const LISTS = [
  ...TOOLS.map((name) => ["tools", name] as const),
  ["resourceTemplates", "warehouse://products/{sku}"] as const,
  ["resourceTemplates", "warehouse://orders/{id}"] as const,
  ["prompts", "restock_report"] as const,
  ["prompts", "review_order"] as const,
];

function completion(type: string, of: string, name: string): Record<string, unknown> {
  return { ref: { type, [type === "ref/prompt" ? "name" : "uri"]: of }, argument: { name, value: "" } };
}

/** What a caller may do and see. `refused` is a denial in words or with a status; anything else that fails is told. */
async function table(ask: Ask): Promise<Record<string, string>> {
  const rows: Record<string, string> = {};
  for (const [list, name] of LISTS) {
    const method = list === "resourceTemplates" ? "resources/templates/list" : `${list}/list`;
    const entries = ((await ask(method)).result as Record<string, readonly Record<string, unknown>[]>)[list] ?? [];
    rows[`list ${name}`] = entries.some((one) => one.name === name || one.uriTemplate === name) ? "yes" : "-";
  }
  for (const [what, method, params] of THINGS) rows[what] = verdict(await ask(method, params));
  return rows;
}

function verdict({ result, error }: Record<string, unknown>): string {
  const text = JSON.stringify(error ?? result);
  if (/Permission denied for /.test(text)) return "-";
  // A write without lines is refused by its schema, but only to whoever may write.
  if (error === undefined || /There is no order/.test(text)) return "yes";
  return text;
}

/** What each permission allows, and nothing else. */
const ALLOWS: Record<string, readonly string[]> = {
  [NOTHING]: [],
  "products:read": ["list get_product_stock", "call get_product_stock", ...product()],
  "warehouse:read": [
    ...["list get_product_stock", "call get_product_stock", "list sync_warehouse", "call sync_warehouse"],
    ...["list restock_report", "get restock_report"],
  ],
  "orders:read": [
    ...["list list_orders", "call list_orders", "list review_order", "get review_order", "complete review_order"],
    ...["list warehouse://orders/{id}", "read order", "complete order"],
  ],
  "orders:write": ["list create_order", "call create_order"],
};
function product(): readonly string[] {
  return ["list warehouse://products/{sku}", "read product", "complete sku"];
}
const EVERYTHING = [...LISTS.map(([, name]) => `list ${name}`), ...THINGS.map(([what]) => what)];
/** Where a table is not what the permission allows, in words. */
function deviations(rows: Record<string, string>, permission: string): readonly string[] {
  const wanted = (what: string) => (ALLOWS[permission]?.includes(what) ? "yes" : "-");
  expect(Object.keys(rows).sort()).toEqual([...EVERYTHING].sort());
  const wrong = EVERYTHING.filter((what) => rows[what] !== wanted(what));
  return wrong.map((what) => `${permission}: ${what} is ${rows[what]}, not ${wanted(what)}`);
}

describe("[76, S9] over HTTP", () => {
  const tokens = new Tokens();
  const tokenOf = new Map<string, string>();
  let served: ServedWarehouse;
  beforeAll(async () => {
    for (const permission of [NOTHING, ...PERMISSIONS]) {
      const principal = caller(TENANT, permission === NOTHING ? [] : [permission]);
      tokenOf.set(permission, tokens.add(principal).authorization.replace("Bearer ", ""));
    }
    served = await serveWarehouse({ database: await openEmbedded({ seed: true }), auth: tokens.auth });
    // There is something to be read, for those who may.
    const clerk = await connect(served.warehouse.mcp, { principal: caller(TENANT, ["orders:write"]) });
    const made = await clerk.callTool("create_order", { customer: "Ada", lines: [{ sku: SKU, quantity: 1 }] });
    expect(made.structuredContent).toMatchObject({ order: expect.anything() });
  }, START_MS);
  afterAll(() => served?.close());

  it.each(BEARER_WAYS)("$name: everybody may do what their permission allows, and sees no more", async (way) => {
    for (const permission of [NOTHING, ...PERMISSIONS]) {
      const client = await way.start(served.base, tokenOf.get(permission) ?? "");
      const rows = await table(async (method, params) => (await client.request(method, params)).message);
      expect(deviations(rows, permission).join("\n")).toBe("");
      client.close();
    }
  });

  it.each(BEARER_WAYS)(
    "$name: a permission that is taken away is gone with the next call of the session",
    async (way) => {
      const client = await way.start(served.base, tokenOf.get("orders:read") ?? "");
      const orders = ["tools/call", { name: "list_orders", arguments: {} }] as const;
      expect(verdict((await client.request(...orders)).message)).toBe("yes");
      client.become(tokenOf.get("products:read") ?? "");
      expect(verdict((await client.request(...orders)).message)).toBe("-");
      expect(JSON.stringify((await client.request("tools/list")).message)).not.toContain("list_orders");
      client.close();
    },
  );
});

describe("[76, S9] over stdio", () => {
  const command = {
    command: process.execPath,
    args: ["--import", "tsx", fileURLToPath(new URL("helpers/warehouse-stdio.ts", import.meta.url))],
    stderr: "ignore" as const,
  };
  const env = (permissions: string) => ({ ...(process.env as Record<string, string>), MCP_PERMISSIONS: permissions });
  const asking = (request: (message: { method: string; params: object }) => Promise<unknown>): Ask => {
    return async (method, params = {}) => {
      try {
        return { result: await request({ method, params }) };
      } catch (error) {
        const { code, message } = error as { code: number; message: string };
        return { error: { code, message } };
      }
    };
  };

  it.each(["products:read", "orders:read"])(
    "a process that may %s",
    async (permission) => {
      const modern = new ModernClient({ name: "modern", version: "1" }, { versionNegotiation: { mode: "auto" } });
      await modern.connect(new StdioClientTransport({ ...command, env: env(permission) }));
      const rows = await table(asking((message) => modern.request(message as never)));
      expect(deviations(rows, permission).join("\n")).toBe("");
      await modern.close();
    },
    START_MS,
  );

  it(
    "a session of an older revision",
    async () => {
      const { ResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
      const legacy = new LegacyClient({ name: "legacy", version: "1" });
      await legacy.connect(new LegacyStdio({ ...command, env: env("products:read") }));
      const rows = await table(asking((message) => legacy.request(message as never, ResultSchema.loose())));
      expect(deviations(rows, "products:read").join("\n")).toBe("");
      await legacy.close();
    },
    START_MS,
  );
});
