/** The warehouse of a test: tenants of its own in a database that tests share, and callers by token. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AuthenticationError, type Authenticator, custom, type Principal } from "holdfast";
import type { Database } from "../../../examples/warehouse/src/db/database.js";
import { type SeedTenant, seedTenant } from "../../../examples/warehouse/src/db/seed.js";
import { createWarehouse, type Warehouse, type WarehouseOptions } from "../../../examples/warehouse/src/server.js";

let made = 0;

/** What a small tenant has unless a test says otherwise: two warehouses, three articles. */
const SMALL: Omit<SeedTenant, "id"> = {
  name: "Small",
  warehouses: { AMS: "Amsterdam", RTM: "Rotterdam" },
  products: [
    {
      sku: "BOLT-M8",
      name: "Hex bolt M8",
      unitPriceCents: 12,
      reorderLevel: 50,
      stock: { AMS: { onHand: 100, counted: 97 }, RTM: { onHand: 10 } },
    },
    { sku: "NUT-M8", name: "Hex nut M8", unitPriceCents: 5, reorderLevel: 30, stock: { AMS: { onHand: 20 } } },
    { sku: "SAW-1", name: "Saw", unitPriceCents: 1990, reorderLevel: 1, stock: { RTM: { onHand: 5, counted: 6 } } },
  ],
};

/** A new tenant with data, so that tests that share a database do not meet. */
export async function newTenant(database: Database, seed: Partial<SeedTenant> = {}): Promise<string> {
  made += 1;
  const id = seed.id ?? `t${process.pid}-${made}`;
  await database.transaction((tx) => seedTenant(tx, { ...SMALL, ...seed, id }));
  return id;
}

/** A caller for `connect`, with the tenant in the claim of its token. */
export function caller(tenant: string, permissions: readonly string[], subject = "ada"): Principal {
  return { issuer: "https://issuer.test", subject, permissions, claims: { org_id: tenant } };
}

/** `Authorization: Bearer <token>` by a table, which may grow while the server runs. */
export class Tokens {
  readonly #principals = new Map<string, Principal>();
  readonly auth: Authenticator = custom((request) => {
    const header = request.header("authorization");
    if (header === undefined) return undefined;
    const principal = this.#principals.get(header.replace(/^Bearer /, ""));
    if (principal === undefined) throw new AuthenticationError("The token is not known.");
    return principal;
  });

  /** The header of a caller. */
  add(principal: Principal): { readonly authorization: string } {
    const token = `token-${this.#principals.size + 1}`;
    this.#principals.set(token, principal);
    return { authorization: `Bearer ${token}` };
  }
}

export interface ServedWarehouse {
  readonly warehouse: Warehouse;
  readonly http: Server;
  readonly base: string;
  close(): Promise<void>;
}

/** Both halves on one port of loopback. The database stays open. */
export async function serveWarehouse(options: WarehouseOptions): Promise<ServedWarehouse> {
  const database: Database = { ...options.database, close: async () => undefined };
  const warehouse = createWarehouse({ ...options, database });
  const http = createServer((request, response) => {
    if (request.url?.startsWith("/api")) warehouse.api(request, response);
    else warehouse.mcp.node(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    warehouse,
    http,
    base: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await warehouse.close();
    },
  };
}

/** How many orders a tenant has, and whether stock and orders agree. */
export async function audit(
  database: Database,
  tenant: string,
): Promise<{ orders: number; reserved: number; ordered: number; negative: number }> {
  const [row] = await database.query<{ orders: number; reserved: number; ordered: number; negative: number }>(
    `SELECT
       (SELECT count(*)::int FROM orders WHERE tenant = $1) AS orders,
       (SELECT coalesce(sum(reserved), 0)::int FROM stock WHERE tenant = $1) AS reserved,
       (SELECT coalesce(sum(quantity), 0)::int FROM order_lines WHERE tenant = $1) AS ordered,
       (SELECT count(*)::int FROM stock WHERE tenant = $1 AND (on_hand < 0 OR reserved < 0 OR reserved > on_hand)) AS negative`,
    [tenant],
  );
  if (row === undefined) throw new Error("no audit");
  return row;
}
