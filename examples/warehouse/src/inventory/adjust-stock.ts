import type { Queries } from "../db/database.js";
import { Refused } from "./errors.js";
import { assertWarehouse, type StockLevel, unknownSku } from "./products.js";

export interface Adjustment {
  readonly sku: string;
  readonly warehouse: string;
  /** Goods that came (above 0) or went. */
  readonly delta: number;
  readonly reason: string;
}

export interface Adjusted extends Adjustment {
  readonly id: string;
  readonly stock: StockLevel;
}

/** More than this is a mistake of whoever typed it, and would leave the range of the column. */
export const MAX_ON_HAND = 1_000_000_000;

/**
 * Books goods in or out, inside the transaction `tx`. Refuses before it has written anything.
 *
 * @throws Refused when it cannot be done, in words.
 */
export async function adjustStock(
  tx: Queries,
  adjustment: Adjustment,
  { tenant, createdBy }: { readonly tenant: string; readonly createdBy: string },
): Promise<Adjusted> {
  const { sku, warehouse, delta, reason } = adjustment;
  const [before] = await tx.query<{ onHand: number; reserved: number }>(
    `SELECT on_hand AS "onHand", reserved FROM stock WHERE tenant = $1 AND sku = $2 AND warehouse = $3 FOR UPDATE`,
    [tenant, sku, warehouse],
  );
  if (before === undefined) {
    await assertWarehouse(tx, tenant, warehouse);
    throw await unknownSku(tx, tenant, sku);
  }
  const onHand = before.onHand + delta;
  if (onHand < before.reserved) {
    const free = before.onHand - before.reserved;
    const text = `Only ${free} of ${sku} in ${warehouse} are not promised to orders; ${-delta} cannot be taken away.`;
    throw new Refused("insufficient_stock", text);
  }
  if (onHand > MAX_ON_HAND) throw new Refused("invalid", `No shelf holds more than ${MAX_ON_HAND} of ${sku}.`);
  await tx.query("UPDATE stock SET on_hand = $4 WHERE tenant = $1 AND sku = $2 AND warehouse = $3", [
    tenant,
    sku,
    warehouse,
    onHand,
  ]);
  const [written] = await tx.query<{ id: string }>(
    `INSERT INTO stock_adjustments (tenant, sku, warehouse, delta, reason, created_by)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
    [tenant, sku, warehouse, delta, reason, createdBy],
  );
  if (written === undefined) throw new Error("an adjustment was written and is not there");
  const stock = { warehouse, onHand, reserved: before.reserved, available: onHand - before.reserved };
  return { id: written.id, ...adjustment, stock };
}
