import { ErrorCode, type GetPromptResult, McpError, type McpServer } from "holdfast";
import { z } from "zod";
import type { Deps } from "./deps.js";
import { findOrder, orderIdsLike } from "./inventory/orders.js";
import { assertWarehouse, scarceProducts, warehouseCodes } from "./inventory/products.js";
import { PERMISSIONS } from "./permissions.js";
import { MAX_COMPLETIONS } from "./resources.js";
import { readable } from "./tools/actionable.js";

/** Rows in a prompt: what is missing most comes first. */
const MAX_SCARCE = 50;

export function registerPrompts(mcp: McpServer, deps: Deps): void {
  registerRestockReport(mcp, deps);
  registerReviewOrder(mcp, deps);
}

function registerRestockReport(mcp: McpServer, { database, tenancy }: Deps): void {
  mcp.registerPrompt(
    "restock_report",
    {
      title: "Restock report",
      description: "What is below its reorder level, and what to buy.",
      argsSchema: z.object({ warehouse: z.string().max(16).optional().describe("One warehouse; left out: all") }),
      requires: PERMISSIONS.warehouseRead,
      complete: {
        warehouse: async (typed, { principal }) => {
          const codes = await readable(async () => warehouseCodes(database, await tenancy.of(principal)));
          return codes.filter((code) => code.startsWith(typed.toUpperCase()));
        },
      },
    },
    ({ warehouse }, ctx) =>
      readable(async () => {
        const tenant = await tenancy.of(ctx.principal);
        if (warehouse !== undefined) await assertWarehouse(database, tenant, warehouse);
        const scarce = await scarceProducts(database, tenant, { warehouse, limit: MAX_SCARCE });
        const rows = scarce.map(({ sku, name, available, reorderLevel }) => {
          return `- ${sku} (${name}): ${available} available, reorder level ${reorderLevel}`;
        });
        return asUser([
          `Write a restock report for ${warehouse ?? "all warehouses"}. Below the reorder level are:`,
          ...(rows.length === 0 ? ["- nothing"] : rows),
          "Check doubtful figures with sync_warehouse, then propose quantities to buy, the most urgent first.",
        ]);
      }),
  );
}

function registerReviewOrder(mcp: McpServer, { database, tenancy }: Deps): void {
  mcp.registerPrompt(
    "review_order",
    {
      title: "Review an order",
      description: "Goes through one order before it leaves.",
      argsSchema: z.object({ order: z.string().max(16).describe("Order id, e.g. SO-1001") }),
      requires: PERMISSIONS.ordersRead,
      complete: {
        order: (typed, { principal }) =>
          readable(async () => orderIdsLike(database, await tenancy.of(principal), typed, MAX_COMPLETIONS)),
      },
    },
    ({ order: id }, ctx) =>
      readable(async () => {
        const order = await findOrder(database, await tenancy.of(ctx.principal), id);
        if (order === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no order "${id}".`);
        return asUser([
          "Review this order. Say what is unusual about it, and whether its goods can leave today.",
          JSON.stringify(order, null, 2),
        ]);
      }),
  );
}

function asUser(lines: readonly string[]): GetPromptResult {
  return { messages: [{ role: "user", content: { type: "text", text: lines.join("\n") } }] };
}
