/**
 * [4] SIGKILL at every statement of a transactional tool: the order, its goods and the row that says which operation made
 * it are there together or not at all, and whoever asks again gets the one order there is.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "../../examples/warehouse/src/db/database.js";
import { openDatabase } from "../../examples/warehouse/src/db/open.js";
import { type PostgresServer, requirePostgres, startPostgres } from "../examples/helpers/postgres.js";
import { audit, newTenant } from "../examples/helpers/warehouse.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { killed } from "../support/killed.js";
import { modernRequest, post, type RawResponse } from "../support/raw-http.js";

const CHILD = fileURLToPath(new URL("./helpers/security-warehouse.ts", import.meta.url));
/** Below the package, so that the program finds what it imports. */
const BUNDLE = fileURLToPath(new URL(`../../.tmp/security-warehouse-${process.pid}.mjs`, import.meta.url));
const program = await requirePostgres();

interface Started {
  readonly child: ChildProcess;
  readonly base: string;
}

describe("[4] a process that is killed while it makes an order", () => {
  let server: PostgresServer;
  let database: Database;
  let store: string;
  let tenant: string;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    server = await startPostgres(program);
    // In one file, since a dozen processes are started: compiling for each would be most of the work.
    const shape = { bundle: true, packages: "external", platform: "node", format: "esm" } as const;
    await build({ entryPoints: [CHILD], outfile: BUNDLE, ...shape });
    database = await openDatabase({ url: server.url });
  }, FETCH_TIMEOUT_MS);
  afterAll(async () => {
    await database?.close();
    await server?.close();
    await rm(BUNDLE, { force: true });
  });
  beforeEach(async () => {
    tenant = await newTenant(database);
    store = await mkdtemp(join(tmpdir(), "holdfast-transaction-"));
  });
  afterEach(async () => {
    await Promise.all([...children].map(killed));
    children.clear();
    await rm(store, { recursive: true, force: true });
  });

  async function start(holdAt: number): Promise<Started> {
    const child = fork(BUNDLE, [], {
      execArgv: [],
      env: { ...process.env, DATABASE_URL: server.url, STORE: store, TENANT: tenant, HOLD_AT: String(holdAt) },
    });
    children.add(child);
    const [{ port }] = (await once(child, "message")) as [{ port: number }];
    return { child, base: `http://127.0.0.1:${port}` };
  }

  const call = (base: string): Promise<RawResponse> => {
    const lines = [{ sku: "BOLT-M8", quantity: 2 }];
    const args = { customer: "Ada", lines, orderReference: "PO-1" };
    const { message, headers } = modernRequest("tools/call", { name: "create_order", arguments: args });
    return post(`${base}/mcp`, message, { headers });
  };

  /** Orders with the operation they were made for, next to what the tables say of goods. */
  async function traces(): Promise<readonly number[]> {
    const [row] = await database.query<{ operations: number }>(
      "SELECT count(operation_id)::int AS operations FROM orders WHERE tenant = $1",
      [tenant],
    );
    const { orders, ordered, reserved } = await audit(database, tenant);
    return [row?.operations ?? -1, orders, ordered, reserved];
  }
  const NEITHER = [0, 0, 0, 0];
  const BOTH = [1, 1, 2, 2];

  test("leaves the order and what says who made it, or neither, wherever it was", { timeout: 90_000 }, async () => {
    const steps: string[] = [];
    let next = start(1);
    for (;;) {
      const { child, base } = await next;
      // The process after the next kill is started meanwhile: it is most of the time this takes.
      next = start(steps.length + 2);
      const held = once(child, "message").then(([message]) => (message as { held: string }).held);
      const lost = call(base);
      const step = await Promise.race([held, lost.then(() => undefined)]);
      if (step === undefined) throw new Error(`an order was made without a hold after ${steps.join("\n")}`);
      steps.push(step);
      await killed(child);
      await expect(lost).rejects.toThrow();
      expect(await traces(), step).toEqual(step === "the answer" ? BOTH : NEITHER);
      if (step === "the answer") break;
    }
    // Every kind of statement was one of the places.
    expect(steps.at(-2)).toBe("COMMIT");
    expect(steps.filter((step) => /^INSERT|^UPDATE/.test(step)).length).toBeGreaterThanOrEqual(4);
    const { base } = await next;
    const [first, second] = [await call(base), await call(base)];
    const orderOf = ({ reply }: RawResponse) =>
      (reply?.result as { structuredContent?: { order?: Record<string, unknown> } } | undefined)?.structuredContent
        ?.order;
    expect(orderOf(first)).toMatchObject({ id: "SO-1001", reference: "PO-1" });
    expect(orderOf(second)).toEqual(orderOf(first));
    expect(await traces()).toEqual(BOTH);
  });
});
