/**
 * Two tenants who use the same SKUs, order ids, references and keys, and the same people in both. What one of them gets
 * is the same to the byte whether the other exists or not, over everything that the server offers [79, S27].
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../examples/warehouse/src/db/database.js";
import { type SeedProduct, setDefaultTenant } from "../../examples/warehouse/src/db/seed.js";
import { modernRequest, post } from "../support/raw-http.js";
import { openEmbedded } from "./helpers/embedded.js";
import { audit, caller, newTenant, type ServedWarehouse, serveWarehouse, Tokens } from "./helpers/warehouse.js";

type Headers = Readonly<Record<string, string>>;
type Json = Record<string, unknown>;

let database: Database;
let served: ServedWarehouse;
const tokens = new Tokens();

beforeAll(async () => {
  database = await openEmbedded();
  served = await serveWarehouse({ database, auth: tokens.auth, store: "memory" });
});
afterAll(async () => {
  await served?.close();
  await database?.close();
});

async function ask(headers: Headers, method: string, params: Json = {}): Promise<Json> {
  const { message, headers: own } = modernRequest(method, params);
  const { reply } = await post(`${served.base}/mcp`, message, { headers: { ...own, ...headers } });
  return { result: reply?.result, error: reply?.error };
}

const tool = (headers: Headers, name: string, args: Json = {}, meta: Json = {}) =>
  ask(headers, "tools/call", { name, arguments: args, _meta: meta });

const api = async (headers: Headers, method: string, path: string, body?: object): Promise<Json> => {
  const response = await fetch(`${served.base}${path}`, {
    method,
    headers: { ...headers, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    replayed: response.headers.get("idempotency-replayed"),
    body: await response.json(),
  };
};

/** Everything that can be asked for, and what came back; `marker` goes into what is written. */
async function askEverything(headers: Headers, marker: string): Promise<readonly Json[]> {
  const key = (name: string) => ({ ...headers, "idempotency-key": `the-same-key-for-${name}` });
  const draft = { customer: marker, lines: [{ sku: "BOLT-M8", quantity: 2 }] };
  const prompt = (name: string) => ({ ref: { type: "ref/prompt", name } });
  const template = (uri: string) => ({ ref: { type: "ref/resource", uri } });
  const complete = (ref: Json, name: string, value: string) =>
    ask(headers, "completion/complete", { ...ref, argument: { name, value } });
  const answers = [
    await tool(headers, "create_order", { ...draft, orderReference: "PO-1" }),
    await tool(headers, "create_order", { ...draft, orderReference: "PO-1" }),
    await tool(headers, "create_order", draft, { "dev.holdfast/idempotencyKey": "the-same-key-of-both" }),
    await tool(headers, "create_order", draft, { "claudecode/toolUseId": "toolu_the_same" }),
    await api(key("orders"), "POST", "/api/orders", draft),
    await api(key("orders"), "POST", "/api/orders", draft),
    await api(key("stock"), "POST", "/api/stock-adjustments", {
      sku: "SAW-1",
      warehouse: "RTM",
      delta: 1,
      reason: marker,
    }),
    await api(headers, "GET", "/api/orders/SO-1001"),
    await api(headers, "GET", "/api/orders/SO-1005"),
  ];
  for (const sku of ["BOLT-M8", "ONLY-A", "ONLY-B"]) {
    answers.push(await tool(headers, "get_product_stock", { sku }));
    answers.push(await ask(headers, "resources/read", { uri: `warehouse://products/${sku}` }));
  }
  answers.push(await tool(headers, "list_orders", { limit: 2 }));
  // A cursor is the same for both: it says where, not whose.
  answers.push(await tool(headers, "list_orders", { cursor: Buffer.from("before 1009").toString("base64url") }));
  answers.push(await tool(headers, "sync_warehouse"));
  for (const id of ["SO-1001", "SO-1004", "SO-1009"]) {
    answers.push(await ask(headers, "resources/read", { uri: `warehouse://orders/${id}` }));
    answers.push(await ask(headers, "prompts/get", { name: "review_order", arguments: { order: id } }));
  }
  answers.push(await ask(headers, "prompts/get", { name: "restock_report", arguments: {} }));
  answers.push(await complete(template("warehouse://products/{sku}"), "sku", ""));
  answers.push(await complete(template("warehouse://orders/{id}"), "id", ""));
  answers.push(await complete(prompt("review_order"), "order", ""));
  answers.push(await complete(prompt("restock_report"), "warehouse", ""));
  for (const list of ["tools/list", "resources/list", "resources/templates/list", "prompts/list"]) {
    answers.push(await ask(headers, list));
  }
  return answers;
}

/** Without what differs by the clock or by chance, which no tenant decides. */
function comparable(answers: readonly Json[]): string {
  return JSON.stringify(answers)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>");
}

const PRODUCT = { name: "Only here", unitPriceCents: 1, reorderLevel: 9, stock: { AMS: { onHand: 3 } } };
const SHARED: readonly SeedProduct[] = [
  { sku: "BOLT-M8", name: "Bolt", unitPriceCents: 12, reorderLevel: 50, stock: { AMS: { onHand: 100, counted: 97 } } },
  { sku: "SAW-1", name: "Saw", unitPriceCents: 1990, reorderLevel: 1, stock: { RTM: { onHand: 5 } } },
];
const tenantA = () => newTenant(database, { products: [...SHARED, { ...PRODUCT, sku: "ONLY-A" }] });
const FOREIGN: readonly SeedProduct[] = [
  {
    sku: "BOLT-M8",
    name: "Foreign",
    unitPriceCents: 7777,
    reorderLevel: 5,
    stock: { AMS: { onHand: 55, counted: 1 } },
  },
  { sku: "SAW-1", name: "Foreign", unitPriceCents: 8888, reorderLevel: 99, stock: { RTM: { onHand: 66 } } },
  { ...PRODUCT, sku: "ONLY-B" },
];
const tenantB = () =>
  newTenant(database, { warehouses: { AMS: "Amstelveen", RTM: "Rome", XYZ: "Elsewhere" }, products: FOREIGN });

describe("[79, S27] two tenants", () => {
  it("get the same as alone, whatever the other does, with the same person calling for both", async () => {
    const person = (tenant: string) => tokens.add(caller(tenant, ["*"], "the-same-person"));
    const alone = comparable(await askEverything(person(await tenantA()), "marker-a"));
    expect(alone).toMatch(/"id\\?":\\?"SO-1001/);

    const [a, b] = [await tenantA(), await tenantB()];
    const foreign = comparable(await askEverything(person(b), "marker-b"));
    const beside = comparable(await askEverything(person(a), "marker-a"));
    expect(beside).toBe(alone);
    expect(beside).not.toMatch(/marker-b|Foreign|7777|8888|XYZ|ONLY-B (?!not)/);
    expect(foreign).not.toMatch(/marker-a/);
    expect(foreign).toMatch(/marker-b/);
    expect(await audit(database, b)).toMatchObject({ orders: 4, negative: 0 });

    // Once more for B, now that A has all of it: recorded outcomes are B's own.
    const again = comparable(await askEverything(person(b), "marker-b"));
    expect(again).not.toMatch(/marker-a/);
    expect(await audit(database, b)).toMatchObject({ orders: 4, negative: 0 });
  });

  it("a default tenant is no other's, and one who changes tenants takes nothing along", async () => {
    const [a, b] = [await tenantA(), await tenantB()];
    const member = { issuer: "https://issuer.test", subject: "a-member", permissions: ["*"] };
    await setDefaultTenant(database, { ...member, tenant: a });
    const headers = tokens.add(member);
    const send = () =>
      tool(headers, "create_order", {
        customer: "Ada",
        lines: [{ sku: "BOLT-M8", quantity: 1 }],
        orderReference: "PO-9",
      });
    expect(JSON.stringify(await send())).toMatch(/\\?"totalCents\\?":12/);
    await setDefaultTenant(database, { ...member, tenant: b });
    // The same call by the same person: now it is another piece of work.
    const moved = JSON.stringify(await send());
    expect(moved).toMatch(/\\?"totalCents\\?":7777/);
    expect(moved).not.toMatch(/replayed/);
    expect([(await audit(database, a)).orders, (await audit(database, b)).orders]).toEqual([1, 1]);
  });

  it("a tenant is nothing that a caller may name", async () => {
    const [a, b] = [await tenantA(), await tenantB()];
    const headers = tokens.add(caller(a, ["*"], "namer"));
    const sneaky = { ...headers, "x-tenant": b, "org-id": b, "x-org-id": b };
    const direct = await tool(sneaky, "get_product_stock", { sku: "BOLT-M8", tenant: b });
    expect(JSON.stringify(direct)).toMatch(/Invalid arguments/);
    expect(
      JSON.stringify(await tool(sneaky, "get_product_stock", { sku: "BOLT-M8" }, { org_id: b, tenant: b })),
    ).not.toMatch(/Foreign/);
    for (const uri of [
      `warehouse://${b}/BOLT-M8`,
      `warehouse://products/${b}%2FBOLT-M8`,
      "warehouse://products/ONLY-B",
    ]) {
      expect((await ask(sneaky, "resources/read", { uri })).error).toBeDefined();
    }
  });
});
