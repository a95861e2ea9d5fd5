/** The warehouse over stdio, as `examples/warehouse/src/stdio.ts` has it, on the database that tests start from. */
import { anonymous } from "holdfast";
import { DEMO_TENANTS } from "../../../examples/warehouse/src/db/seed.js";
import { createWarehouse } from "../../../examples/warehouse/src/server.js";
import { openEmbedded } from "./embedded.js";

const database = await openEmbedded({ seed: true });
const { mcp } = createWarehouse({ database, auth: anonymous(), fallbackTenant: DEMO_TENANTS[0]?.id });
await mcp.run({ transport: "stdio" });
