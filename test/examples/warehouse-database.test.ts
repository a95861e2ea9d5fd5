/** The warehouse's database layer, the same tests against PGlite and against a real PostgreSQL server. */
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdempotentWrites } from "../../examples/warehouse/src/api/idempotency.js";
import { jsonReply } from "../../examples/warehouse/src/api/problem.js";
import { type Database, DatabaseUnavailable } from "../../examples/warehouse/src/db/database.js";
import { migrate } from "../../examples/warehouse/src/db/migrations.js";
import { openDatabase } from "../../examples/warehouse/src/db/open.js";
import { DEMO_TENANTS } from "../../examples/warehouse/src/db/seed.js";
import { adjustStock } from "../../examples/warehouse/src/inventory/adjust-stock.js";
import { compareCounts } from "../../examples/warehouse/src/inventory/compare-counts.js";
import { Refused } from "../../examples/warehouse/src/inventory/errors.js";
import { findOrder, findOrderOf, listOrders } from "../../examples/warehouse/src/inventory/orders.js";
import { type OrderDraft, placeOrder } from "../../examples/warehouse/src/inventory/place-order.js";
import { productStock, scarceProducts, skusLike } from "../../examples/warehouse/src/inventory/products.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { openEmbedded } from "./helpers/embedded.js";
import { type PostgresServer, requirePostgres, startPostgres } from "./helpers/postgres.js";
import { audit, caller, newTenant } from "./helpers/warehouse.js";

const program = await requirePostgres();
const ENGINES = ["pglite", "postgres"] as const;

describe.each(ENGINES)("%s", (engine) => {
  let server: PostgresServer | undefined;
  let database: Database;

  beforeAll(async () => {
    if (engine === "postgres") server = await startPostgres(program);
    database = await (server === undefined
      ? openEmbedded({ seed: true })
      : openDatabase({ url: server.url, seed: true }));
  }, FETCH_TIMEOUT_MS);
  afterAll(async () => {
    await database?.close();
    await server?.close();
  });

  const place = (tenant: string, draft: Partial<OrderDraft> = {}, operationId?: string) =>
    database.transaction((tx) =>
      placeOrder(
        tx,
        { customer: "Ada", lines: [{ sku: "BOLT-M8", quantity: 1 }], ...draft },
        { tenant, createdBy: "test", ...(operationId !== undefined && { operationId }) },
      ),
    );

  it("migrates once, however often and by however many it is asked", async () => {
    await Promise.all([migrate(database), migrate(database), migrate(database)]);
    const versions = await database.query<{ version: number }>("SELECT version FROM schema_migrations");
    expect(versions).toEqual([{ version: 1 }]);
    const tenants = await database.query<{ id: string }>(
      "SELECT id FROM tenants WHERE id IN ('acme', 'globex') ORDER BY id",
    );
    expect(tenants.map(({ id }) => id)).toEqual(DEMO_TENANTS.map(({ id }) => id));
  });

  it("does all of a transaction or nothing", async () => {
    const tenant = await newTenant(database);
    const failing = database.transaction(async (tx) => {
      await placeOrder(tx, { customer: "Ada", lines: [{ sku: "SAW-1", quantity: 1 }] }, { tenant, createdBy: "test" });
      throw new Error("afterwards");
    });
    await expect(failing).rejects.toThrow("afterwards");
    expect(await audit(database, tenant)).toEqual({ orders: 0, reserved: 0, ordered: 0, negative: 0 });
  });

  it("binds whatever it is given", async () => {
    const tenant = await newTenant(database);
    const evil = `'; DROP TABLE orders; --"\\ $1 %_ \u{1F529}`;
    const order = await place(tenant, { customer: evil, orderReference: evil });
    expect(await findOrder(database, tenant, order.id)).toMatchObject({ customer: evil, reference: evil });
    await expect(productStock(database, tenant, { sku: evil })).rejects.toThrow(Refused);
    expect(await skusLike(database, tenant, "%", 10)).toEqual([]);
    expect(await findOrder(database, tenant, "SO-1 OR 1=1")).toBeUndefined();
  });

  it("orders from one warehouse, and says what is missing", async () => {
    const tenant = await newTenant(database);
    const both = [
      { sku: "BOLT-M8", quantity: 4 },
      { sku: "NUT-M8", quantity: 2 },
      { sku: "BOLT-M8", quantity: 1 },
    ];
    const order = await place(tenant, { lines: both });
    expect(order).toMatchObject({ id: "SO-1001", warehouse: "AMS", status: "open", lineCount: 2, totalCents: 70 });
    expect(order.lines.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ["BOLT-M8", 5],
      ["NUT-M8", 2],
    ]);
    expect((await place(tenant, { warehouse: "RTM" })).warehouse).toBe("RTM");
    const stock = await productStock(database, tenant, { sku: "BOLT-M8" });
    expect(stock.warehouses).toEqual([
      { warehouse: "AMS", onHand: 100, reserved: 5, available: 95 },
      { warehouse: "RTM", onHand: 10, reserved: 1, available: 9 },
    ]);
    await expect(place(tenant, { lines: [{ sku: "BOLT-M8", quantity: 96 }] })).rejects.toThrow(
      /BOLT-M8: 96 wanted, available 95 in AMS, 9 in RTM\. Nothing was ordered/,
    );
    const apart = [
      { sku: "NUT-M8", quantity: 1 },
      { sku: "SAW-1", quantity: 1 },
    ];
    await expect(place(tenant, { lines: apart })).rejects.toThrow(/No warehouse has all lines.*NUT-M8.*SAW-1/);
    await expect(place(tenant, { lines: [{ sku: "BOLT-X", quantity: 1 }] })).rejects.toThrow(/Similar: BOLT-M8/);
    await expect(place(tenant, { warehouse: "LON" })).rejects.toThrow(/no warehouse "LON".*AMS, RTM/);
    expect(await audit(database, tenant)).toEqual({ orders: 2, reserved: 8, ordered: 8, negative: 0 });
  });

  it("[34] makes one order for one operation, fifty times at once", async () => {
    const tenant = await newTenant(database);
    const orders = await Promise.all(Array.from({ length: 50 }, () => place(tenant, {}, `${tenant}-operation`)));
    expect(new Set(orders.map(({ id }) => id))).toEqual(new Set(["SO-1001"]));
    expect(await audit(database, tenant)).toEqual({ orders: 1, reserved: 1, ordered: 1, negative: 0 });
    expect(await findOrderOf(database, tenant, `${tenant}-operation`)).toEqual(orders[0]);
  });

  it("makes one order for one reference, and names the one that is there", async () => {
    const tenant = await newTenant(database);
    const all = await Promise.allSettled([1, 2, 3, 4].map(() => place(tenant, { orderReference: "PO-7" })));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await expect(place(tenant, { orderReference: "PO-7" })).rejects.toThrow(/"PO-7": SO-1001 \(open\)/);
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 1 });
  });

  it("books stock in and out, but never what is promised", async () => {
    const tenant = await newTenant(database);
    await place(tenant, { lines: [{ sku: "SAW-1", quantity: 3 }] });
    const adjust = (delta: number, sku = "SAW-1") =>
      database.transaction((tx) =>
        adjustStock(tx, { sku, warehouse: "RTM", delta, reason: "count" }, { tenant, createdBy: "test" }),
      );
    expect((await adjust(-2)).stock).toEqual({ warehouse: "RTM", onHand: 3, reserved: 3, available: 0 });
    await expect(adjust(-1)).rejects.toThrow(/Only 0 of SAW-1 in RTM are not promised/);
    await expect(adjust(1_000_000_000)).rejects.toThrow(/No shelf/);
    await expect(adjust(1, "SAW-2")).rejects.toThrow(/no product "SAW-2"/);
    expect((await adjust(7)).stock.available).toBe(7);
  });

  it("pages through orders without a gap or a repetition", async () => {
    const tenant = await newTenant(database);
    for (let count = 0; count < 7; count += 1) await place(tenant);
    const seen: string[] = [];
    let before: number | undefined;
    do {
      const page = await listOrders(database, tenant, { limit: 3, before });
      seen.push(...page.orders.map(({ id }) => id));
      before = page.next;
      // What comes meanwhile is newer than all that is left.
      await place(tenant);
    } while (before !== undefined);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((number) => `SO-${1000 + number}`));
    expect((await listOrders(database, tenant, { status: "shipped", limit: 3 })).orders).toEqual([]);
  });

  it("compares counts batch by batch, and finds what is scarce", async () => {
    const tenant = await newTenant(database);
    const first = await compareCounts(database, tenant, { after: "", size: 2 });
    expect(first).toMatchObject({ products: 2, shelves: 3, uncounted: 0, after: "NUT-M8" });
    expect(first.differences).toEqual([{ sku: "BOLT-M8", warehouse: "AMS", booked: 100, counted: 97, difference: -3 }]);
    const last = await compareCounts(database, tenant, { after: "NUT-M8", size: 2 });
    expect(last).toMatchObject({ products: 1, after: undefined });
    const scarce = await scarceProducts(database, tenant, { limit: 10 });
    expect(scarce.map(({ sku, available }) => [sku, available])).toEqual([["NUT-M8", 20]]);
  });

  it("never sells what is not there, whatever happens at once", { timeout: 60_000 }, async () => {
    const sku = fc.constantFrom("BOLT-M8", "NUT-M8", "SAW-1");
    const order = fc.record({
      kind: fc.constant("order" as const),
      lines: fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 12 }) }), { minLength: 1, maxLength: 3 }),
      operation: fc.integer({ min: 1, max: 6 }),
    });
    const adjustment = fc.record({
      kind: fc.constant("adjust" as const),
      sku,
      warehouse: fc.constantFrom("AMS", "RTM"),
      delta: fc.integer({ min: -15, max: 8 }).filter((delta) => delta !== 0),
    });
    const work = fc.array(fc.oneof(order, adjustment), { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(work, async (all) => {
        const tenant = await newTenant(database);
        const before = await onHand(tenant);
        const results = await Promise.allSettled(
          all.map((one) =>
            one.kind === "order"
              ? place(tenant, { lines: one.lines }, `${tenant}-${one.operation}`).then(() => 0)
              : database
                  .transaction((tx) => adjustStock(tx, { ...one, reason: "x" }, { tenant, createdBy: "test" }))
                  .then(({ delta }) => delta),
          ),
        );
        for (const result of results) {
          if (result.status === "rejected" && !(result.reason instanceof Refused)) throw result.reason;
        }
        const booked = results.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value : 0), 0);
        const after = await audit(database, tenant);
        expect(after.negative).toBe(0);
        expect(after.reserved).toBe(after.ordered);
        expect(after.orders).toBeLessThanOrEqual(new Set(all.map((one) => one.kind === "order" && one.operation)).size);
        expect(await onHand(tenant)).toBe(before + booked);
      }),
      { numRuns: 25 },
    );
  });

  async function onHand(tenant: string): Promise<number> {
    const [row] = await database.query<{ total: number }>(
      "SELECT sum(on_hand)::int AS total FROM stock WHERE tenant = $1",
      [tenant],
    );
    return row?.total ?? 0;
  }

  describe.runIf(engine === "postgres")("with others around", () => {
    it("[34] runs a transaction again that a deadlock ended: one outcome each", async () => {
      const tenant = await newTenant(database);
      let arrived = 0;
      let both: () => void = () => undefined;
      const together = new Promise<void>((resolve) => {
        both = resolve;
      });
      let runs = 0;
      const cross = (first: string, second: string) =>
        database.transaction(async (tx) => {
          runs += 1;
          const take = (sku: string) =>
            tx.query("UPDATE stock SET on_hand = on_hand - 1 WHERE tenant = $1 AND sku = $2 AND warehouse = 'AMS'", [
              tenant,
              sku,
            ]);
          await take(first);
          arrived += 1;
          if (arrived === 2) both();
          await together;
          await take(second);
        });
      const before = await onHand(tenant);
      await Promise.all([cross("BOLT-M8", "NUT-M8"), cross("NUT-M8", "BOLT-M8")]);
      // The one that was ended may come back before the other has what it waits for, and they meet again.
      expect(runs).toBeGreaterThan(2);
      expect(await onHand(tenant)).toBe(before - 4);
    });

    it("tells a lost connection from a lost commit, and finds the order afterwards", async () => {
      const tenant = await newTenant(database);
      const killer = new pg.Client({ connectionString: server?.url });
      await killer.connect();
      const lost = database.transaction(async (tx) => {
        const [own] = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
        await placeOrder(tx, { customer: "Ada", lines: [{ sku: "SAW-1", quantity: 1 }] }, { tenant, createdBy: "x" });
        await killer.query("SELECT pg_terminate_backend($1, 5000)", [own?.pid]);
        await tx.query("SELECT 1");
      });
      const error = await lost.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DatabaseUnavailable);
      expect((error as DatabaseUnavailable).inDoubt).toBe(false);
      expect(await audit(database, tenant)).toMatchObject({ orders: 0, reserved: 0 });
      const doubtful = database.transaction(async (tx) => {
        const [own] = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
        await killer.query("SELECT pg_terminate_backend($1, 5000)", [own?.pid]);
      });
      expect(await doubtful.catch((thrown: unknown) => thrown)).toMatchObject({ inDoubt: true });
      await killer.end();
    });

    it("of two processes with one Idempotency-Key one does the work, and the other is told to come back", async () => {
      const tenant = await newTenant(database);
      const principal = caller(tenant, []);
      const request = { caller: { principal, tenant }, header: "k".repeat(16), method: "POST", path: "/", body: {} };
      const [first, second] = [new IdempotentWrites(database), new IdempotentWrites(database)];
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let done: Promise<unknown> = Promise.resolve();
      await new Promise<void>((begun) => {
        done = first.perform(request, async () => {
          begun();
          await held;
          return jsonReply(201, {});
        });
      });
      const never = () => Promise.reject(new Error("must not run"));
      await expect(second.perform(request, never)).rejects.toMatchObject({ reply: { status: 409 } });
      release();
      await done;
      const replayed = await second.perform(request, never);
      expect(replayed).toMatchObject({ status: 201, headers: { "idempotency-replayed": "true" } });
    });

    it("says that it cannot be reached", async () => {
      const gone = openDatabase({ url: "postgres://nobody@127.0.0.1:1/none" });
      await expect(gone).rejects.toThrow(DatabaseUnavailable);
    });
  });
});
