import type { Queries } from "../db/database.js";

export const ORDER_STATUSES = ["open", "shipped", "cancelled"] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export interface OrderSummary {
  readonly id: string;
  readonly reference: string | null;
  readonly customer: string;
  readonly status: OrderStatus;
  readonly warehouse: string;
  readonly createdAt: string;
  readonly lineCount: number;
  readonly totalCents: number;
}

export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPriceCents: number;
}

export interface Order extends OrderSummary {
  readonly lines: readonly OrderLine[];
}

interface Row extends Omit<OrderSummary, "id" | "createdAt"> {
  readonly number: number;
  readonly createdAt: Date;
}

const ORDER_ID = /^SO-([1-9]\d{0,8})$/;

// Sums as float8: exact far beyond any order, and a number in both databases.
const SUMMARY = `
  SELECT o.number, o.reference, o.customer, o.status, o.warehouse, o.created_at AS "createdAt",
    (SELECT count(*)::int FROM order_lines l WHERE l.tenant = o.tenant AND l.number = o.number) AS "lineCount",
    (SELECT sum(l.quantity::float8 * l.unit_price_cents) FROM order_lines l
     WHERE l.tenant = o.tenant AND l.number = o.number) AS "totalCents"
  FROM orders o`;

/** Order ids count within a tenant, so that they tell nothing of the business of others. */
export function orderId(number: number): string {
  return `SO-${number}`;
}

/** Undefined for a text that is no order id. */
export function orderNumber(id: string): number | undefined {
  const digits = ORDER_ID.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export interface OrderPage {
  readonly orders: readonly OrderSummary[];
  /** The last number of this page, when there are more. */
  readonly next: number | undefined;
}

/** Orders, the newest first; `before` goes on where a page ended. */
export async function listOrders(
  on: Queries,
  tenant: string,
  {
    status,
    limit,
    before,
  }: { readonly status?: OrderStatus | undefined; readonly limit: number; readonly before?: number | undefined },
): Promise<OrderPage> {
  const rows = await on.query<Row>(
    `${SUMMARY} WHERE o.tenant = $1 AND ($2::text IS NULL OR o.status = $2) AND ($3::int IS NULL OR o.number < $3)
     ORDER BY o.number DESC LIMIT $4`,
    [tenant, status ?? null, before ?? null, limit + 1],
  );
  const shown = rows.slice(0, limit);
  return { orders: shown.map(toSummary), next: rows.length > limit ? shown.at(-1)?.number : undefined };
}

/** One order with its lines; undefined when this tenant has none of that id. */
export async function findOrder(on: Queries, tenant: string, id: string): Promise<Order | undefined> {
  const number = orderNumber(id);
  if (number === undefined) return undefined;
  const [row] = await on.query<Row>(`${SUMMARY} WHERE o.tenant = $1 AND o.number = $2`, [tenant, number]);
  return row && withLines(on, tenant, row);
}

/** The order that one operation made, if it did. */
export async function findOrderOf(on: Queries, tenant: string, operationId: string): Promise<Order | undefined> {
  const [row] = await on.query<Row>(`${SUMMARY} WHERE o.tenant = $1 AND o.operation_id = $2`, [tenant, operationId]);
  return row && withLines(on, tenant, row);
}

/**
 * The same without a tenant, for recovery after a crash, when nobody is calling: an operation id is no input of a caller,
 * is unique over all tenants, and what is found goes to the callers of that operation alone.
 */
export async function findOrderOfOperation(on: Queries, operationId: string): Promise<Order | undefined> {
  const [row] = await on.query<{ tenant: string }>("SELECT tenant FROM orders WHERE operation_id = $1", [operationId]);
  return row && (await findOrderOf(on, row.tenant, operationId));
}

export async function findOrderByReference(
  on: Queries,
  tenant: string,
  reference: string,
): Promise<OrderSummary | undefined> {
  const [row] = await on.query<Row>(`${SUMMARY} WHERE o.tenant = $1 AND o.reference = $2`, [tenant, reference]);
  return row && toSummary(row);
}

/** Ids that begin with what was typed, the newest first. */
export async function orderIdsLike(
  on: Queries,
  tenant: string,
  typed: string,
  limit: number,
): Promise<readonly string[]> {
  const rows = await on.query<{ id: string }>(
    `SELECT 'SO-' || number AS id FROM orders WHERE tenant = $1 AND starts_with('SO-' || number, upper($2))
     ORDER BY number DESC LIMIT $3`,
    [tenant, typed, limit],
  );
  return rows.map(({ id }) => id);
}

async function withLines(on: Queries, tenant: string, row: Row): Promise<Order> {
  const lines = await on.query<OrderLine>(
    `SELECT sku, quantity, unit_price_cents AS "unitPriceCents" FROM order_lines
     WHERE tenant = $1 AND number = $2 ORDER BY sku`,
    [tenant, row.number],
  );
  return { ...toSummary(row), lines };
}

function toSummary({ number, createdAt, totalCents, ...rest }: Row): OrderSummary {
  return { id: orderId(number), ...rest, createdAt: createdAt.toISOString(), totalCents: totalCents ?? 0 };
}
