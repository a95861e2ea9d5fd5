/**
 * The one way to make an order. Invariants, kept by one transaction and by constraints of the tables:
 * 1. An operation id makes one order, whoever asks and however often; the same for a reference within a tenant.
 * 2. An order exists if and only if its goods are reserved.
 * 3. Nothing is reserved that is not there.
 */
import type { Queries } from "../db/database.js";
import { Refused } from "./errors.js";
import { findOrder, findOrderByReference, findOrderOf, type Order, orderId } from "./orders.js";
import { assertWarehouse, unknownSku } from "./products.js";

export interface OrderDraft {
  readonly customer: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  /** Where the goods come from. Default: the first warehouse that has all of them. */
  readonly warehouse?: string | undefined;
  /** The number the customer or the caller knows it by; unique within the tenant. */
  readonly orderReference?: string | undefined;
}

export interface Placing {
  readonly tenant: string;
  readonly createdBy: string;
  /** What the order is made for: asked for again, it gives the order that is there. */
  readonly operationId?: string;
}

interface Position {
  readonly sku: string;
  readonly warehouse: string;
  readonly available: number;
}

type Wanted = ReadonlyMap<string, number>;

/**
 * Reserves the goods and writes the order, inside the transaction `tx`. Refuses before it has written anything, so that
 * the transaction may go on.
 *
 * @throws Refused when it cannot be done, in words.
 */
export async function placeOrder(tx: Queries, draft: OrderDraft, placing: Placing): Promise<Order> {
  const { tenant, operationId, createdBy } = placing;
  // Orders of one tenant are made one after the other: what is found below stays so until the end.
  await tx.query("SELECT id FROM tenants WHERE id = $1 FOR NO KEY UPDATE", [tenant]);
  const made = operationId === undefined ? undefined : await findOrderOf(tx, tenant, operationId);
  if (made !== undefined) return made;
  await assertNewReference(tx, tenant, draft.orderReference);
  const wanted = sumUp(draft.lines);
  const prices = await pricesOf(tx, tenant, wanted);
  if (draft.warehouse !== undefined) await assertWarehouse(tx, tenant, draft.warehouse);
  const warehouse = chooseWarehouse(await lockStock(tx, tenant, wanted), wanted, draft.warehouse);
  const [counted] = await tx.query<{ number: number }>(
    "UPDATE tenants SET last_order = last_order + 1 WHERE id = $1 RETURNING last_order AS number",
    [tenant],
  );
  if (counted === undefined) throw new Refused("no_tenant", `There is no tenant "${tenant}".`);
  const { number } = counted;
  await tx.query(
    `INSERT INTO orders (tenant, number, operation_id, reference, customer, status, warehouse, created_by)
     VALUES ($1, $2, $3, $4, $5, 'open', $6, $7)`,
    [tenant, number, operationId ?? null, draft.orderReference ?? null, draft.customer, warehouse, createdBy],
  );
  const skus = [...wanted.keys()];
  const quantities = [...wanted.values()];
  await tx.query(
    `INSERT INTO order_lines (tenant, number, sku, quantity, unit_price_cents)
     SELECT $1, $2, * FROM unnest($3::text[], $4::int[], $5::int[])`,
    [tenant, number, skus, quantities, skus.map((sku) => prices.get(sku) ?? 0)],
  );
  await tx.query(
    `UPDATE stock SET reserved = reserved + wanted.quantity
     FROM unnest($3::text[], $4::int[]) AS wanted(sku, quantity)
     WHERE stock.tenant = $1 AND stock.warehouse = $2 AND stock.sku = wanted.sku`,
    [tenant, warehouse, skus, quantities],
  );
  const order = await findOrder(tx, tenant, orderId(number));
  if (order === undefined) throw new Error(`order ${number} was written and is not there`);
  return order;
}

async function assertNewReference(tx: Queries, tenant: string, reference: string | undefined): Promise<void> {
  if (reference === undefined) return;
  const existing = await findOrderByReference(tx, tenant, reference);
  if (existing === undefined) return;
  throw new Refused(
    "reference_taken",
    `There already is an order with the reference "${reference}": ${existing.id} (${existing.status}). ` +
      "Nothing was ordered. Use another reference if you mean another order.",
  );
}

/** One line for each article: the same one twice is more of it. */
function sumUp(lines: OrderDraft["lines"]): Wanted {
  const wanted = new Map<string, number>();
  for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
  return wanted;
}

async function pricesOf(tx: Queries, tenant: string, wanted: Wanted): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.query<{ sku: string; price: number }>(
    "SELECT sku, unit_price_cents AS price FROM products WHERE tenant = $1 AND sku = ANY ($2::text[])",
    [tenant, [...wanted.keys()]],
  );
  const prices = new Map(rows.map(({ sku, price }) => [sku, price]));
  for (const sku of wanted.keys()) if (!prices.has(sku)) throw await unknownSku(tx, tenant, sku);
  return prices;
}

/** Adjustments of stock wait until this transaction has ended. Always locked in the same order: no deadlock. */
async function lockStock(tx: Queries, tenant: string, wanted: Wanted): Promise<readonly Position[]> {
  return tx.query<Position>(
    `SELECT sku, warehouse, on_hand - reserved AS available FROM stock
     WHERE tenant = $1 AND sku = ANY ($2::text[]) ORDER BY sku, warehouse FOR UPDATE`,
    [tenant, [...wanted.keys()]],
  );
}

function chooseWarehouse(positions: readonly Position[], wanted: Wanted, asked: string | undefined): string {
  const deliverable = new Map<string, number>();
  for (const { sku, warehouse, available } of positions) {
    if (available >= (wanted.get(sku) ?? 0)) deliverable.set(warehouse, (deliverable.get(warehouse) ?? 0) + 1);
  }
  const complete = [...deliverable].filter(([, lines]) => lines === wanted.size).map(([warehouse]) => warehouse);
  const [first] = complete.filter((warehouse) => asked === undefined || warehouse === asked).sort();
  if (first !== undefined) return first;
  throw new Refused("insufficient_stock", shortage(positions, wanted, asked));
}

function shortage(positions: readonly Position[], wanted: Wanted, asked: string | undefined): string {
  const short = [...wanted].map(([sku, quantity]) => {
    const places = positions.filter((one) => one.sku === sku && (asked === undefined || one.warehouse === asked));
    const found = places.map(({ warehouse, available }) => `${available} in ${warehouse}`).join(", ");
    return {
      text: `${sku}: ${quantity} wanted, ${found === "" ? "none available" : `available ${found}`}`,
      quantity,
      places,
    };
  });
  const missing = short.filter(({ quantity, places }) => !places.some(({ available }) => available >= quantity));
  // Each article is somewhere, but not all of them in one place.
  const shown = missing.length > 0 ? missing : short;
  const why = missing.length > 0 ? "Not enough stock" : "No warehouse has all lines of this order";
  return (
    `${why}. ${shown.map(({ text }) => text).join("; ")}. ` +
    "Nothing was ordered. An order is delivered from one warehouse: order less, or make one order for each."
  );
}
