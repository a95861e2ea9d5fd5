/** The warehouse's tools, resources and prompts, called in process as callers with different permissions. */
import { McpError, type Principal } from "holdfast";
import { connect, type TestClient } from "holdfast/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Database, DatabaseUnavailable } from "../../examples/warehouse/src/db/database.js";
import { createWarehouse, type Warehouse } from "../../examples/warehouse/src/server.js";
import { openEmbedded } from "./helpers/embedded.js";
import { audit, caller, newTenant, Tokens } from "./helpers/warehouse.js";

type Result = Awaited<ReturnType<TestClient["callTool"]>>;

let database: Database;
let faulty: Database;
let warehouse: Warehouse;
let tenant: string;
const clients: TestClient[] = [];
/** What the next statements do instead of being run; empty: nothing. */
const faults: ("unavailable" | "lost while committing")[] = [];

beforeAll(async () => {
  database = await openEmbedded();
  faulty = {
    ...database,
    transaction: async (work) => {
      const fault = faults.shift();
      if (fault === "unavailable") throw new DatabaseUnavailable("gone");
      const result = await database.transaction(work);
      if (fault !== undefined) throw new DatabaseUnavailable("gone", { inDoubt: true });
      return result;
    },
    close: async () => undefined,
  };
  warehouse = createWarehouse({ database: faulty, auth: new Tokens().auth, store: "memory" });
});
afterAll(async () => {
  await warehouse?.close();
  await database?.close();
});
beforeEach(async () => {
  tenant = await newTenant(database);
});
afterEach(async () => {
  faults.length = 0;
  for (const client of clients.splice(0)) await client.close();
});

async function as(...permissions: readonly string[]): Promise<TestClient> {
  return asPrincipal(caller(tenant, permissions));
}

async function asPrincipal(principal: Principal): Promise<TestClient> {
  // In process nobody authenticates, so the tenant is made a part of the caller here, as `Tenancy.scope` does.
  const client = await connect(warehouse.mcp, {
    principal: { ...principal, subject: `${principal.subject}@${tenant}` },
  });
  clients.push(client);
  return client;
}

const text = ({ content }: Result): string => content.map((one) => ("text" in one ? one.text : "")).join("");
const ordering = (more: Record<string, unknown> = {}) => ({
  customer: "Ada",
  lines: [{ sku: "BOLT-M8", quantity: 2 }],
  ...more,
});
const TEMPLATES = { product: "warehouse://products/{sku}", order: "warehouse://orders/{id}" } as const;

describe("get_product_stock", () => {
  it("says how many there are and where", async () => {
    const client = await as("products:read");
    const { structuredContent } = await client.callTool("get_product_stock", { sku: "BOLT-M8" });
    expect(structuredContent).toEqual({
      sku: "BOLT-M8",
      name: "Hex bolt M8",
      unitPriceCents: 12,
      reorderLevel: 50,
      available: 110,
      warehouses: [
        { warehouse: "AMS", onHand: 100, reserved: 0, available: 100 },
        { warehouse: "RTM", onHand: 10, reserved: 0, available: 10 },
      ],
    });
    const one = await client.callTool("get_product_stock", { sku: "BOLT-M8", warehouse: "RTM" });
    expect(one.structuredContent).toMatchObject({ available: 10, warehouses: [{ warehouse: "RTM" }] });
    const none = await client.callTool("get_product_stock", { sku: "SAW-1", warehouse: "AMS" });
    expect(none.structuredContent).toMatchObject({ available: 0, warehouses: [] });
  });

  it("helps with names that do not exist", async () => {
    const client = await as("warehouse:read");
    const typo = await client.callTool("get_product_stock", { sku: "BOLT-M9" });
    expect([typo.isError, text(typo)]).toEqual([true, 'There is no product "BOLT-M9". Similar: BOLT-M8.']);
    const nowhere = await client.callTool("get_product_stock", { sku: "BOLT-M8", warehouse: "LON" });
    expect(text(nowhere)).toBe('There is no warehouse "LON". Warehouses: AMS, RTM.');
    for (const args of [{}, { sku: "" }, { sku: "BOLT-M8", tenant: "acme" }, { sku: "a\u0000b" }]) {
      expect(text(await client.callTool("get_product_stock", args))).toMatch(/^Invalid arguments/);
    }
  });
});

describe("list_orders", () => {
  it("goes page by page, the newest first", async () => {
    const client = await as("orders:*");
    for (const customer of ["Ada", "Bob", "Cyd"]) await client.callTool("create_order", ordering({ customer }));
    const first = await client.callTool("list_orders", { limit: 2 });
    const { orders, nextCursor } = first.structuredContent as { orders: { customer: string }[]; nextCursor: string };
    expect(orders.map(({ customer }) => customer)).toEqual(["Cyd", "Bob"]);
    const last = await client.callTool("list_orders", { limit: 2, cursor: nextCursor });
    expect(last.structuredContent).toMatchObject({ orders: [{ id: "SO-1001", customer: "Ada", totalCents: 24 }] });
    expect(last.structuredContent).not.toHaveProperty("nextCursor");
    const open = await client.callTool("list_orders", { status: "open" });
    expect((open.structuredContent as { orders: unknown[] }).orders).toHaveLength(3);
    const shipped = await client.callTool("list_orders", { status: "shipped" });
    expect(shipped.structuredContent).toEqual({ orders: [] });
  });

  it("refuses what it did not hand out", async () => {
    const client = await as("orders:read");
    expect(text(await client.callTool("list_orders", { cursor: "x" }))).toMatch(/cursor is not one of list_orders/);
    for (const args of [{ limit: 0 }, { limit: 101 }, { status: "lost" }, { cursor: "x".repeat(65) }]) {
      expect(text(await client.callTool("list_orders", args))).toMatch(/^Invalid arguments/);
    }
  });
});

describe("sync_warehouse", () => {
  const PRODUCTS = Array.from({ length: 30 }, (_, index) => ({
    sku: `P-${String(index).padStart(2, "0")}`,
    name: "Part",
    unitPriceCents: 1,
    reorderLevel: 0,
    stock: { AMS: { onHand: 10, counted: index % 10 === 0 ? 9 : 10 } },
  }));

  it("compares all products, and says how far it is", async () => {
    tenant = await newTenant(database, { products: PRODUCTS });
    const client = await as("warehouse:read");
    const progress: object[] = [];
    const result = await client.callTool("sync_warehouse", {}, { onProgress: (one) => progress.push(one) });
    expect(result.structuredContent).toMatchObject({
      summary: "30 products on 30 shelves compared: 3 differences.",
      products: 30,
      differenceCount: 3,
      differences: ["P-00", "P-10", "P-20"].map((sku) => ({ sku, booked: 10, counted: 9, difference: -1 })),
    });
    expect(progress.map((one) => (one as { progress: number }).progress)).toEqual([12, 24, 30]);
    expect(progress.at(-1)).toMatchObject({ total: 30, message: "30 of 30 products, 3 differences" });
  });

  it("ends when the caller cancels", async () => {
    tenant = await newTenant(database, { products: PRODUCTS });
    let queries = 0;
    const counted: Database = {
      ...faulty,
      query: (sql, values) => {
        if (sql.includes("WITH batch")) queries += 1;
        return database.query(sql, values);
      },
    };
    const own = createWarehouse({ database: counted, auth: new Tokens().auth, store: "memory", syncPauseMs: 60_000 });
    const client = await connect(own.mcp, { principal: caller(tenant, ["*"]) });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const call = client.callTool("sync_warehouse", {}, { onProgress, signal: controller.signal });
    await expect(call).rejects.toThrow("enough");
    // Waits for the tool to have ended, a minute before its pause would.
    await own.close();
    expect(queries).toBe(1);
    await client.close();
  });
});

describe("create_order", () => {
  it("orders and reserves", async () => {
    const client = await as("orders:write");
    const result = await client.callTool("create_order", ordering({ orderReference: "PO-1" }));
    expect(result.structuredContent).toMatchObject({
      order: { id: "SO-1001", reference: "PO-1", warehouse: "AMS", totalCents: 24, lines: [{ sku: "BOLT-M8" }] },
    });
    expect(await audit(database, tenant)).toEqual({ orders: 1, reserved: 2, ordered: 2, negative: 0 });
  });

  it("makes one order for one reference, however often it is sent", async () => {
    const client = await as("orders:write");
    const send = () => client.callTool("create_order", ordering({ orderReference: "PO-1" }));
    const all = [...(await Promise.all(Array.from({ length: 50 }, send))), await send()];
    expect(new Set(all.map(({ structuredContent }) => JSON.stringify(structuredContent))).size).toBe(1);
    expect(all.at(-1)?._meta?.["dev.holdfast/operation"]).toMatchObject({ replayed: true });
    await expect(
      client.callTool("create_order", ordering({ orderReference: "PO-1", customer: "Eve" })),
    ).rejects.toThrow(expect.objectContaining({ code: 1409 }));
    // A colleague has a key space of their own; the reference is the tenant's.
    const colleague = await asPrincipal(caller(tenant, ["orders:write"], "grace"));
    const second = await colleague.callTool("create_order", ordering({ orderReference: "PO-1" }));
    expect([second.isError, text(second)]).toEqual([true, expect.stringMatching(/"PO-1": SO-1001 \(open\)/)]);
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("makes one order for one key of the client, and two for two", async () => {
    const client = await as("orders:write");
    const send = (key: string) =>
      client.callTool("create_order", ordering(), { meta: { "dev.holdfast/idempotencyKey": key } });
    await Promise.all(Array.from({ length: 50 }, () => send("first-key-of-a-client")));
    await send("second-key-of-a-client");
    expect(await audit(database, tenant)).toMatchObject({ orders: 2, reserved: 4 });
  });

  it("says what is missing, and leaves the reference free for a smaller order", async () => {
    const client = await as("orders:write");
    const much = ordering({ orderReference: "PO-2", lines: [{ sku: "SAW-1", quantity: 6 }] });
    const refused = await client.callTool("create_order", much);
    expect(refused.isError).toBe(true);
    expect(text(refused)).toMatch(/^Not enough stock\. SAW-1: 6 wanted, available 5 in RTM\. Nothing was ordered\./);
    const fewer = ordering({ orderReference: "PO-2", lines: [{ sku: "SAW-1", quantity: 5 }] });
    expect((await client.callTool("create_order", fewer)).isError ?? false).toBe(false);
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 5, negative: 0 });
  });

  it("survives a database that comes back, and one that lost the answer to a commit", async () => {
    const client = await as("orders:write");
    faults.push("unavailable", "lost while committing");
    const result = await client.callTool("create_order", ordering({ orderReference: "PO-3" }));
    expect(result.structuredContent).toMatchObject({ order: { id: "SO-1001" } });
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("frees the key when the database stays away", { timeout: 15_000 }, async () => {
    const client = await as("orders:write");
    faults.push("unavailable", "unavailable", "unavailable", "unavailable");
    const away = await client.callTool("create_order", ordering({ orderReference: "PO-4" }));
    expect(text(away)).toMatch(/cannot be reached at the moment\. Nothing was changed/);
    const back = await client.callTool("create_order", ordering({ orderReference: "PO-4" }));
    expect(back.structuredContent).toMatchObject({ order: { id: "SO-1001" } });
  });
});

describe("permissions", () => {
  const TOOLS = ["get_product_stock", "list_orders", "sync_warehouse", "create_order"];
  const MAY: Readonly<Record<string, readonly string[]>> = {
    "products:read": ["get_product_stock"],
    "warehouse:read": ["get_product_stock", "sync_warehouse"],
    "orders:read": ["list_orders"],
    "orders:write": ["create_order"],
    "stock:write": [],
    "orders:*": ["list_orders", "create_order"],
    "*": TOOLS,
    "": [],
    "products:readx": [],
  };
  const ARGS: Readonly<Record<string, object>> = {
    get_product_stock: { sku: "BOLT-M8" },
    create_order: { customer: "Ada", lines: [{ sku: "BOLT-M8", quantity: 1 }] },
  };

  it.each(Object.entries(MAY))("%s: sees and calls %j", async (permission, tools) => {
    const client = await as(permission);
    expect((await client.listTools()).map(({ name }) => name)).toEqual(tools);
    for (const name of TOOLS) {
      const result = await client.callTool(name, { ...ARGS[name] });
      expect([name, result.isError ?? false]).toEqual([name, !tools.includes(name)]);
      if (!tools.includes(name)) expect(text(result)).toMatch(/^Permission denied for tool /);
    }
    expect((await audit(database, tenant)).orders).toBe(tools.includes("create_order") ? 1 : 0);
  });

  it("[76] has nothing of orders for one who may only read the warehouse: no call, no list, no completion", async () => {
    const writer = await as("orders:write");
    await writer.callTool("create_order", ordering({ customer: "Secret customer" }));
    const client = await as("warehouse:read", "products:read");
    const seen = JSON.stringify([
      await client.listTools(),
      await client.listPrompts(),
      await client.listResources(),
      await client.request("resources/templates/list"),
    ]);
    expect(seen).not.toMatch(/list_orders|create_order|review_order|warehouse:\/\/orders|SO-1001|Secret/);
    const prompt = { type: "ref/prompt", name: "review_order" } as const;
    const denied = [
      client.readResource("warehouse://orders/SO-1001"),
      client.complete({ type: "ref/resource", uri: TEMPLATES.order }, { name: "id", value: "SO" }),
      client.getPrompt("review_order", { order: "SO-1001" }),
      client.complete(prompt, { name: "order", value: "SO" }),
    ];
    for (const answer of await Promise.allSettled(denied)) {
      expect(answer.status).toBe("rejected");
      const reason = (answer as PromiseRejectedResult).reason as McpError;
      expect(reason).toBeInstanceOf(McpError);
      expect(reason).toMatchObject({ code: 1403, data: { requiredPermissions: ["orders:read"] } });
    }
    const reader = await as("orders:read");
    const ids = await reader.complete({ type: "ref/resource", uri: TEMPLATES.order }, { name: "id", value: "so-" });
    expect(ids).toEqual(["SO-1001"]);
    expect(await reader.complete(prompt, { name: "order", value: "" })).toEqual(["SO-1001"]);
    expect(JSON.stringify(await reader.getPrompt("review_order", { order: "SO-1001" }))).toMatch(/Secret customer/);
    expect(JSON.stringify(await reader.readResource("warehouse://orders/SO-1001"))).toMatch(/Secret customer/);
  });

  it("completes SKUs for whoever may read products, and for nobody else", async () => {
    const ref = { type: "ref/resource", uri: TEMPLATES.product } as const;
    const reader = await as("products:read");
    expect(await reader.complete(ref, { name: "sku", value: "b" })).toEqual(["BOLT-M8"]);
    expect((await reader.listResources()).map(({ uri }) => uri)).toContain("warehouse://products/NUT-M8");
    const other = await as("warehouse:read");
    await expect(other.complete(ref, { name: "sku", value: "b" })).rejects.toMatchObject({ code: 1403 });
    await expect(other.readResource("warehouse://products/NUT-M8")).rejects.toMatchObject({ code: 1403 });
    expect(await other.listResources()).toEqual([]);
  });

  it("writes a restock report from what is scarce", async () => {
    const client = await as("warehouse:read");
    expect((await client.listPrompts()).map(({ name }) => name)).toEqual(["restock_report"]);
    const report = JSON.stringify(await client.getPrompt("restock_report"));
    expect(report).toMatch(/all warehouses.*NUT-M8 \(Hex nut M8\): 20 available, reorder level 30/);
    const ref = { type: "ref/prompt", name: "restock_report" } as const;
    expect(await client.complete(ref, { name: "warehouse", value: "r" })).toEqual(["RTM"]);
    await expect(client.getPrompt("restock_report", { warehouse: "LON" })).rejects.toThrow(/no warehouse "LON"/);
  });

  it("[S27] has nothing for one without a tenant", async () => {
    const stranger = await asPrincipal({ ...caller(tenant, ["*"]), claims: {} });
    for (const name of TOOLS) {
      expect(text(await stranger.callTool(name, { ...ARGS[name] }))).toMatch(/belong to no tenant/);
    }
    await expect(stranger.readResource("warehouse://products/BOLT-M8")).rejects.toMatchObject({ code: 1403 });
    await expect(stranger.getPrompt("restock_report")).rejects.toMatchObject({ code: 1403 });
  });
});
