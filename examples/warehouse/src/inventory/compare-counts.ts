import type { Queries } from "../db/database.js";

/** A shelf on which the last count found something else than the books say. */
export interface Difference {
  readonly sku: string;
  readonly warehouse: string;
  readonly booked: number;
  readonly counted: number;
  /** `counted - booked`. */
  readonly difference: number;
}

export interface CountBatch {
  readonly products: number;
  readonly shelves: number;
  readonly uncounted: number;
  readonly differences: readonly Difference[];
  /** Where the next batch begins; undefined after the last one. */
  readonly after: string | undefined;
}

interface Row {
  readonly sku: string;
  readonly warehouse: string | null;
  readonly booked: number | null;
  readonly counted: number | null;
}

export async function countProducts(on: Queries, tenant: string): Promise<number> {
  const [row] = await on.query<{ total: number }>("SELECT count(*)::int AS total FROM products WHERE tenant = $1", [
    tenant,
  ]);
  return row?.total ?? 0;
}

/** Compares the books with the counts, for the `size` articles that come after `after` in the order of their SKUs. */
export async function compareCounts(
  on: Queries,
  tenant: string,
  { after, size }: { readonly after: string; readonly size: number },
): Promise<CountBatch> {
  const rows = await on.query<Row>(
    `WITH batch AS (SELECT sku FROM products WHERE tenant = $1 AND sku > $2 ORDER BY sku LIMIT $3)
     SELECT batch.sku, s.warehouse, s.on_hand AS booked, c.counted
     FROM batch
     LEFT JOIN stock s ON s.tenant = $1 AND s.sku = batch.sku
     LEFT JOIN stock_counts c ON c.tenant = s.tenant AND c.sku = s.sku AND c.warehouse = s.warehouse
     ORDER BY batch.sku, s.warehouse`,
    [tenant, after, size],
  );
  const skus = new Set(rows.map(({ sku }) => sku));
  const shelves = rows.filter(({ warehouse }) => warehouse !== null);
  return {
    products: skus.size,
    shelves: shelves.length,
    uncounted: shelves.filter(({ counted }) => counted === null).length,
    differences: shelves.flatMap(differenceOf),
    after: skus.size === size ? rows.at(-1)?.sku : undefined,
  };
}

function differenceOf({ sku, warehouse, booked, counted }: Row): readonly Difference[] {
  if (warehouse === null || booked === null || counted === null || counted === booked) return [];
  return [{ sku, warehouse, booked, counted, difference: counted - booked }];
}
