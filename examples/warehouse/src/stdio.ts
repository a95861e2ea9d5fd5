/**
 * The same server over stdio, for one person on their own machine: `npx tsx src/stdio.ts`. What the caller may do comes
 * from `MCP_PERMISSIONS` (default: everything) or, with `AUTH_ISSUER`, from the access token in `MCP_TOKEN`.
 */
import { anonymous, jwt } from "holdfast";
import { openDatabase } from "./db/open.js";
import { DEMO_TENANTS } from "./db/seed.js";
import { createWarehouse } from "./server.js";

const { DATABASE_URL, WAREHOUSE_DATA, WAREHOUSE_DEFAULT_TENANT, AUTH_ISSUER, AUTH_AUDIENCE } = process.env;
const database = await openDatabase({ url: DATABASE_URL, directory: WAREHOUSE_DATA, seed: true });
const auth = AUTH_ISSUER ? jwt({ issuer: AUTH_ISSUER, audience: AUTH_AUDIENCE?.split(",") ?? [] }) : anonymous();
const { mcp } = createWarehouse({
  database,
  auth,
  fallbackTenant: WAREHOUSE_DEFAULT_TENANT ?? DEMO_TENANTS[0]?.id,
});
await mcp.run({ transport: "stdio" });
