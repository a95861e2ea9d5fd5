import { type McpServer, ToolError } from "holdfast";
import { z } from "zod";
import type { Deps } from "../deps.js";
import { listOrders, ORDER_STATUSES } from "../inventory/orders.js";
import { orderSummarySchema } from "../inventory/schemas.js";
import { PERMISSIONS } from "../permissions.js";
import { actionable } from "./actionable.js";

/** What a model reads without losing its thread, and the most it may ask for. */
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

const inputSchema = z.strictObject({
  status: z.enum(ORDER_STATUSES).optional().describe("Only orders in this state"),
  limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().max(64).optional().describe("nextCursor of the page before"),
});

const outputSchema = z.object({
  orders: z.array(orderSummarySchema).describe("The newest first"),
  nextCursor: z.string().optional().describe("There when there are more orders"),
});

export function registerListOrders(mcp: McpServer, { database, tenancy }: Deps): void {
  mcp.registerTool(
    "list_orders",
    {
      title: "List orders",
      description: "Orders with customer, state and total, the newest first, page by page.",
      inputSchema,
      outputSchema,
      annotations: { readOnlyHint: true, openWorldHint: false },
      requires: PERMISSIONS.ordersRead,
    },
    ({ status, limit, cursor }, ctx) =>
      actionable(async () => {
        const before = cursor === undefined ? undefined : numberIn(cursor);
        const page = await listOrders(database, await tenancy.of(ctx.principal), { status, limit, before });
        return { orders: [...page.orders], ...(page.next !== undefined && { nextCursor: cursorAt(page.next) }) };
      }),
  );
}

/** A cursor says where to go on and nothing of whose orders: that is asked of the caller on every page. */
function cursorAt(number: number): string {
  return Buffer.from(`before ${number}`).toString("base64url");
}

function numberIn(cursor: string): number {
  const digits = /^before (\d{1,9})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"))?.[1];
  if (digits === undefined) throw new ToolError("This cursor is not one of list_orders. Leave it out to begin anew.");
  return Number(digits);
}
