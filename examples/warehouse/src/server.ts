import type { IncomingMessage, ServerResponse } from "node:http";
import { type Authenticator, McpServer, type McpServerOptions } from "holdfast";
import { createApi } from "./api/handler.js";
import type { Database } from "./db/database.js";
import { registerPrompts } from "./prompts.js";
import { registerResources } from "./resources.js";
import { Tenancy } from "./tenancy.js";
import { registerCreateOrder } from "./tools/create-order.js";
import { registerGetProductStock } from "./tools/get-product-stock.js";
import { registerListOrders } from "./tools/list-orders.js";
import { registerSyncWarehouse } from "./tools/sync-warehouse.js";

export interface WarehouseOptions {
  readonly database: Database;
  /** Who callers are, for MCP and for the HTTP API. */
  readonly auth: Authenticator;
  /** The URL clients use, when a proxy stands in front. */
  readonly publicUrl?: string;
  /** Where MCP keeps operations, streams and sessions. Default: `MCP_STORE`, else the memory of the process. */
  readonly store?: McpServerOptions["store"];
  /** Claims that may hold the caller's tenant. Default: `org_id`, `tenant`. */
  readonly tenantClaims?: readonly string[];
  /** The tenant of callers who have no other. Default: none, such callers may do nothing. */
  readonly fallbackTenant?: string;
  /** A pause after each batch of `sync_warehouse`, in milliseconds. Default: none. */
  readonly syncPauseMs?: number;
}

export interface Warehouse {
  readonly mcp: McpServer;
  /** Serves everything below `/api`. */
  api(request: IncomingMessage, response: ServerResponse): void;
  /** Waits for requests of the API and tool calls that are under way, then closes the database. */
  close(): Promise<void>;
}

const INSTRUCTIONS =
  "Stock and orders of a warehouse. Look stock up before ordering. Amounts of money are in cents. " +
  "Repeat create_order only with the same orderReference.";

/** The server without a socket. */
export function createWarehouse(options: WarehouseOptions): Warehouse {
  const { database, publicUrl, store, tenantClaims, fallbackTenant, syncPauseMs = 0 } = options;
  const tenancy = new Tenancy({ database, claims: tenantClaims, fallback: fallbackTenant });
  const auth = tenancy.scope(options.auth);
  const deps = { database, tenancy };
  const mcp = new McpServer(
    { name: "warehouse", title: "Warehouse", version: "1.0.0" },
    { instructions: INSTRUCTIONS, auth, publicUrl, store },
  );
  registerGetProductStock(mcp, deps);
  registerListOrders(mcp, deps);
  registerSyncWarehouse(mcp, deps, { pauseMs: syncPauseMs });
  registerCreateOrder(mcp, deps);
  registerResources(mcp, deps);
  registerPrompts(mcp, deps);
  const api = createApi({ ...deps, auth });
  const calls = countCalls(mcp);
  return {
    mcp,
    api: api.handle,
    close: async () => {
      await Promise.all([api.idle(), calls.idle()]);
      await database.close();
    },
  };
}

/** Whoever closes the database waits for the calls that use it. */
function countCalls(mcp: McpServer): { idle(): Promise<void> } {
  const running = new Set<Promise<unknown>>();
  mcp.use(({ method }, next) => {
    const answer = next();
    if (method !== "tools/call") return answer;
    running.add(answer);
    const done = () => running.delete(answer);
    answer.then(done, done);
    return answer;
  });
  return {
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
