/**
 * The warehouse in a process of its own that goes no further than one step of the transaction of an order, to be killed
 * there. Environment: `DATABASE_URL`, `STORE`, `TENANT`, and `HOLD_AT`, the number of the step; 0 for none.
 *
 * Steps are what is asked of the database in the transaction, in order, then its commit, then what comes after it.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { custom } from "holdfast";
import type { Database, Queries } from "../../../examples/warehouse/src/db/database.js";
import { openPostgres } from "../../../examples/warehouse/src/db/postgres.js";
import { createWarehouse } from "../../../examples/warehouse/src/server.js";

const { DATABASE_URL = "", STORE = "", TENANT = "", HOLD_AT = "0" } = process.env;
const opened = openPostgres(DATABASE_URL);

/** Says what comes next, and waits for ever if that is the step to stop at. */
async function reach(step: number, next: string): Promise<void> {
  if (step !== Number(HOLD_AT)) return;
  process.send?.({ held: next });
  await new Promise(() => undefined);
}

const database: Database = {
  ...opened,
  transaction: async (work) => {
    let step = 0;
    const before = (next: string): Promise<void> => {
      step += 1;
      return reach(step, next);
    };
    const result = await opened.transaction(async (tx) => {
      const watched: Queries = {
        query: async (sql, values) => {
          await before(sql);
          return tx.query(sql, values);
        },
      };
      const made = await work(watched);
      await before("COMMIT");
      return made;
    });
    await before("the answer");
    return result;
  },
};
const auth = custom(() => ({ issuer: "test", subject: "ada", permissions: ["*"], claims: { org_id: TENANT } }));
const { mcp } = createWarehouse({ database, auth, store: `lmdb:${STORE}` });
const server = createServer(mcp.node);
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
