import type { Queries } from "../db/database.js";
import { Refused } from "./errors.js";

export interface StockLevel {
  readonly warehouse: string;
  readonly onHand: number;
  /** Promised to orders that have not left yet. */
  readonly reserved: number;
  readonly available: number;
}

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly unitPriceCents: number;
  readonly reorderLevel: number;
}

export interface ProductStock extends Product {
  readonly available: number;
  readonly warehouses: readonly StockLevel[];
}

/** As many similar names as help somebody who mistyped one. */
const MAX_SUGGESTIONS = 5;
/** What is compared to find them: enough to tell families of articles apart. */
const SUGGESTION_PREFIX = 3;

const PRODUCT = `sku, name, unit_price_cents AS "unitPriceCents", reorder_level AS "reorderLevel"`;

/** One article and where it is. */
export async function productStock(
  on: Queries,
  tenant: string,
  { sku, warehouse }: { readonly sku: string; readonly warehouse?: string | undefined },
): Promise<ProductStock> {
  const [product] = await on.query<Product>(`SELECT ${PRODUCT} FROM products WHERE tenant = $1 AND sku = $2`, [
    tenant,
    sku,
  ]);
  if (product === undefined) throw await unknownSku(on, tenant, sku);
  const warehouses = await on.query<StockLevel>(
    `SELECT warehouse, on_hand AS "onHand", reserved, on_hand - reserved AS available
     FROM stock WHERE tenant = $1 AND sku = $2 AND ($3::text IS NULL OR warehouse = $3) ORDER BY warehouse`,
    [tenant, sku, warehouse ?? null],
  );
  if (warehouse !== undefined && warehouses.length === 0) await assertWarehouse(on, tenant, warehouse);
  return { ...product, available: warehouses.reduce((sum, one) => sum + one.available, 0), warehouses };
}

/** @throws Refused for a warehouse that this tenant does not have. */
export async function assertWarehouse(on: Queries, tenant: string, code: string): Promise<void> {
  const codes = await warehouseCodes(on, tenant);
  if (!codes.includes(code)) {
    throw new Refused("not_found", `There is no warehouse "${code}". Warehouses: ${codes.join(", ")}.`);
  }
}

export async function warehouseCodes(on: Queries, tenant: string): Promise<readonly string[]> {
  const rows = await on.query<{ code: string }>("SELECT code FROM warehouses WHERE tenant = $1 ORDER BY code", [
    tenant,
  ]);
  return rows.map(({ code }) => code);
}

/** SKUs that begin with what was typed, in any case. */
export async function skusLike(on: Queries, tenant: string, typed: string, limit: number): Promise<readonly string[]> {
  const rows = await on.query<{ sku: string }>(
    "SELECT sku FROM products WHERE tenant = $1 AND starts_with(upper(sku), upper($2)) ORDER BY sku LIMIT $3",
    [tenant, typed, limit],
  );
  return rows.map(({ sku }) => sku);
}

export async function listProducts(on: Queries, tenant: string, limit: number): Promise<readonly Product[]> {
  return on.query<Product>(`SELECT ${PRODUCT} FROM products WHERE tenant = $1 ORDER BY sku LIMIT $2`, [tenant, limit]);
}

export interface ScarceProduct extends Product {
  readonly available: number;
}

/** Articles of which there is less than their reorder level, the scarcest first. */
export async function scarceProducts(
  on: Queries,
  tenant: string,
  { warehouse, limit }: { readonly warehouse?: string | undefined; readonly limit: number },
): Promise<readonly ScarceProduct[]> {
  return on.query<ScarceProduct>(
    `SELECT p.sku, p.name, p.unit_price_cents AS "unitPriceCents", p.reorder_level AS "reorderLevel",
       sum(s.on_hand - s.reserved)::int AS available
     FROM products p JOIN stock s ON s.tenant = p.tenant AND s.sku = p.sku
     WHERE p.tenant = $1 AND ($2::text IS NULL OR s.warehouse = $2)
     GROUP BY p.tenant, p.sku HAVING sum(s.on_hand - s.reserved) < p.reorder_level
     ORDER BY sum(s.on_hand - s.reserved) - p.reorder_level, p.sku LIMIT $3`,
    [tenant, warehouse ?? null, limit],
  );
}

export async function unknownSku(on: Queries, tenant: string, sku: string): Promise<Refused> {
  const similar = await skusLike(on, tenant, sku.slice(0, SUGGESTION_PREFIX), MAX_SUGGESTIONS);
  const hint = similar.length === 0 ? "" : ` Similar: ${similar.join(", ")}.`;
  return new Refused("not_found", `There is no product "${sku}".${hint}`);
}
