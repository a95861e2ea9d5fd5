import type { McpServer } from "holdfast";
import { z } from "zod";
import type { Deps } from "../deps.js";
import { productStock } from "../inventory/products.js";
import { skuSchema, warehouseSchema } from "../inventory/schemas.js";
import { PERMISSIONS } from "../permissions.js";
import { actionable } from "./actionable.js";

const inputSchema = z.strictObject({
  sku: skuSchema.describe('Article number, e.g. "BOLT-M8"'),
  warehouse: warehouseSchema.optional().describe("Code of one warehouse. Left out: all of them"),
});

const outputSchema = z.object({
  sku: z.string(),
  name: z.string(),
  unitPriceCents: z.int(),
  reorderLevel: z.int(),
  available: z.int().describe("What can be ordered now, in all warehouses listed"),
  warehouses: z.array(
    z.object({
      warehouse: z.string(),
      onHand: z.int(),
      reserved: z.int().describe("Promised to orders that have not left yet"),
      available: z.int(),
    }),
  ),
});

export function registerGetProductStock(mcp: McpServer, { database, tenancy }: Deps): void {
  mcp.registerTool(
    "get_product_stock",
    {
      title: "Stock of a product",
      description: "How many of one product there are, how many of them are reserved, and in which warehouses.",
      inputSchema,
      outputSchema,
      annotations: { readOnlyHint: true, openWorldHint: false },
      requires: { anyOf: [PERMISSIONS.productsRead, PERMISSIONS.warehouseRead] },
    },
    (args, ctx) => actionable(async () => productStock(database, await tenancy.of(ctx.principal), args)),
  );
}
