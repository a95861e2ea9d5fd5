import { ErrorCode, McpError, type McpServer, ResourceTemplate } from "holdfast";
import type { Deps } from "./deps.js";
import { findOrder, orderIdsLike } from "./inventory/orders.js";
import { listProducts, productStock, skusLike } from "./inventory/products.js";
import { PERMISSIONS } from "./permissions.js";
import { readable } from "./tools/actionable.js";

const JSON_TYPE = "application/json";
/** The most values that one completion may carry (2026-07-28, completion). */
export const MAX_COMPLETIONS = 100;
/** A list for people to pick from; who wants more completes. */
const MAX_LISTED = 100;

/**
 * Updates are not announced: a resource is told apart by its URI alone, two tenants may have the same one, and each would
 * learn when the other does business.
 */
export function registerResources(mcp: McpServer, { database, tenancy }: Deps): void {
  mcp.registerResource(
    "product",
    new ResourceTemplate("warehouse://products/{sku}", {
      list: (ctx) =>
        readable(async () => {
          const products = await listProducts(database, await tenancy.of(ctx.principal), MAX_LISTED);
          const resources = products.map(({ sku, name }) => ({
            uri: `warehouse://products/${encodeURIComponent(sku)}`,
            name: sku,
            title: name,
          }));
          return { resources };
        }),
      complete: {
        sku: async (typed, { principal }) =>
          readable(async () => skusLike(database, await tenancy.of(principal), typed, MAX_COMPLETIONS)),
      },
    }),
    {
      title: "Product",
      description: "One product with its stock.",
      mimeType: JSON_TYPE,
      requires: PERMISSIONS.productsRead,
    },
    async (uri, { sku }, ctx) => {
      const tenant = await readable(() => tenancy.of(ctx.principal));
      return jsonContents(uri, await readable(() => productStock(database, tenant, { sku: String(sku) })));
    },
  );
  mcp.registerResource(
    "order",
    new ResourceTemplate("warehouse://orders/{id}", {
      complete: {
        id: async (typed, { principal }) =>
          readable(async () => orderIdsLike(database, await tenancy.of(principal), typed, MAX_COMPLETIONS)),
      },
    }),
    {
      title: "Order",
      description: "One order with its lines.",
      mimeType: JSON_TYPE,
      requires: PERMISSIONS.ordersRead,
    },
    async (uri, { id }, ctx) => {
      const order = await readable(async () => findOrder(database, await tenancy.of(ctx.principal), String(id)));
      if (order === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no order "${String(id)}".`);
      return jsonContents(uri, order);
    },
  );
}

function jsonContents(uri: URL, value: unknown) {
  return { contents: [{ uri: uri.href, mimeType: JSON_TYPE, text: JSON.stringify(value, null, 2) }] };
}
