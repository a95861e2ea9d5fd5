import { setTimeout as after } from "node:timers/promises";
import { type McpServer, type RequestContext, ToolError } from "holdfast";
import { z } from "zod";
import { type Database, DatabaseUnavailable } from "../db/database.js";
import type { Deps } from "../deps.js";
import { findOrderOfOperation, type Order } from "../inventory/orders.js";
import { type OrderDraft, type Placing, placeOrder } from "../inventory/place-order.js";
import { orderDraftSchema, orderSchema } from "../inventory/schemas.js";
import { PERMISSIONS } from "../permissions.js";
import { actionableWrite } from "./actionable.js";

/** A database that fails over is back within these; asking again is safe, because the order has the operation's id. */
const PAUSES_MS = [200, 1_000, 3_000];

const IN_DOUBT =
  "The connection to the database was lost while the order was being written, and it is not known whether it was. " +
  "Look for it with list_orders before you order again.";

const outputSchema = z.object({ order: orderSchema });

/**
 * Exactly once, on three floors:
 * - Holdfast runs the handler once for each operation, and gives every retry the recorded outcome.
 * - The order carries `ctx.operation.id`, unique in the database, in one transaction with the reservation: should the
 *   handler run twice after all (a process taken for dead, a commit whose answer was lost), it makes one order.
 * - After a crash `recover` looks for the order by that id, so the caller is told what became of it.
 */
export function registerCreateOrder(mcp: McpServer, { database, tenancy }: Deps): void {
  mcp.registerTool(
    "create_order",
    {
      title: "Create an order",
      description:
        "Orders products for a customer and reserves them in one warehouse. " +
        "Give orderReference if the user has a number for the order: it is then made once, however often it is sent.",
      inputSchema: orderDraftSchema,
      outputSchema,
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
      requires: PERMISSIONS.ordersWrite,
      idempotencyKey: ({ orderReference = "" }) => orderReference,
      // A transaction of the dead process that is still being committed does no harm to the second run: it finds the
      // order, because placeOrder waits for it.
      recover: async ({ id }) => toResult(await findOrderOfOperation(database, id)) ?? "not-done",
    },
    (draft, ctx) =>
      actionableWrite(async () => {
        const tenant = await tenancy.of(ctx.principal);
        const placing = { tenant, createdBy: ctx.principal.subject, operationId: ctx.operation.id };
        return toResult(await placeSurely(database, draft, placing, ctx));
      }),
  );
}

/** Does not leave it at "lost while committing": the next attempt finds what the last one did, or does it. */
async function placeSurely(
  database: Database,
  draft: OrderDraft,
  placing: Placing,
  { signal }: RequestContext,
): Promise<Order> {
  let inDoubt = false;
  for (const pauseMs of [...PAUSES_MS, undefined]) {
    signal.throwIfAborted();
    try {
      return await database.transaction((tx) => placeOrder(tx, draft, placing));
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      inDoubt ||= error.inDoubt;
      if (pauseMs === undefined && !inDoubt) throw error;
      if (pauseMs !== undefined) await after(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
  throw new ToolError(IN_DOUBT);
}

function toResult(order: Order): { order: Order };
function toResult(order: Order | undefined): { order: Order } | undefined;
function toResult(order: Order | undefined): { order: Order } | undefined {
  return order && { order };
}
