/**
 * The warehouse in a process of its own, to be killed. Environment: `DATABASE_URL`, `STORE`, `TENANT`, and
 * `HOLD=committed` to go no further once an order is in the database.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { custom } from "holdfast";
import type { Database } from "../../../examples/warehouse/src/db/database.js";
import { openPostgres } from "../../../examples/warehouse/src/db/postgres.js";
import { createWarehouse } from "../../../examples/warehouse/src/server.js";

const { DATABASE_URL = "", STORE = "", TENANT = "", HOLD } = process.env;
const opened = openPostgres(DATABASE_URL);
const database: Database = {
  ...opened,
  transaction: async (work) => {
    const result = await opened.transaction(work);
    if (HOLD !== "committed") return result;
    process.send?.("committed");
    return new Promise(() => undefined);
  },
};
const auth = custom(() => ({ issuer: "test", subject: "ada", permissions: ["*"], claims: { org_id: TENANT } }));
const { mcp, api } = createWarehouse({ database, auth, store: `lmdb:${STORE}` });
const server = createServer((request, response) => {
  if (request.url?.startsWith("/api")) api(request, response);
  else mcp.node(request, response);
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
