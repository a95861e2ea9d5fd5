/**
 * [6, 60, 90] One order, however the network and the processes fail: answers that are cut, connections that are killed
 * and, with a PostgreSQL server and a store on disk, servers that are killed in the middle.
 */

import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../examples/warehouse/src/db/database.js";
import { openDatabase } from "../../examples/warehouse/src/db/open.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { killed } from "../support/killed.js";
import { legacySession, modernRequest, open, post, type RawResponse } from "../support/raw-http.js";
import { openEmbedded } from "./helpers/embedded.js";
import { type PostgresServer, requirePostgres, startPostgres } from "./helpers/postgres.js";
import { audit, caller, newTenant, type ServedWarehouse, serveWarehouse, Tokens } from "./helpers/warehouse.js";

type Json = Record<string, unknown>;

const draft = (more: Json = {}): Json => ({ customer: "Ada", lines: [{ sku: "BOLT-M8", quantity: 2 }], ...more });
const orderOf = ({ reply }: RawResponse): Json => {
  const result = reply?.result as { structuredContent?: { order?: Json } } | undefined;
  return result?.structuredContent?.order ?? {};
};

describe("connections that fail", () => {
  let database: Database;
  let served: ServedWarehouse;
  let tenant: string;
  let headers: Record<string, string>;
  const tokens = new Tokens();
  /** Called when the order is in the database and nobody has been told. */
  let committed: () => Promise<void> | void = () => undefined;

  beforeAll(async () => {
    database = await openEmbedded();
    const watched: Database = {
      ...database,
      transaction: async (work) => {
        const result = await database.transaction(work);
        await committed();
        return result;
      },
    };
    served = await serveWarehouse({ database: watched, auth: tokens.auth, store: "memory" });
  });
  afterAll(async () => {
    await served?.close();
    await database?.close();
  });
  beforeEach(async () => {
    tenant = await newTenant(database);
    headers = { ...tokens.add(caller(tenant, ["orders:write"])) };
  });
  afterEach(() => {
    committed = () => undefined;
  });

  const IDENTITIES = {
    "the client's key": { args: draft(), header: { "idempotency-key": "a-key-of-the-client" } },
    "the order's reference": { args: draft({ orderReference: "PO-1" }), header: {} },
  };

  describe.each(Object.entries(IDENTITIES))("by %s", (_, { args, header }) => {
    it.each([0, 1, 40, 200])("answers cut after %i bytes, 2026-07-28", async (cutAfter) => {
      const { message, headers: own } = modernRequest("tools/call", { name: "create_order", arguments: args });
      const all = { ...own, ...headers, ...header };
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const stream = await open(`${served.base}/mcp`, { method: "POST", body: message, headers: all, cutAfter });
        expect(await stream.closed).toBe("cut");
      }
      const answer = await post(`${served.base}/mcp`, message, { headers: all });
      expect(orderOf(answer)).toMatchObject({ id: "SO-1001" });
      expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
    });

    it("connections killed after the commit, 2025-06-18", async () => {
      const session = await legacySession(`${served.base}/mcp`, "2025-06-18", { headers: { ...headers, ...header } });
      let kills = 0;
      committed = () => {
        kills += 1;
        served.http.closeAllConnections();
      };
      const call = () => session.post(session.message("tools/call", { name: "create_order", arguments: args }));
      await expect(call()).rejects.toThrow();
      const answer = await call();
      expect(orderOf(answer)).toMatchObject({ id: "SO-1001" });
      expect(kills).toBe(1);
      expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
    });
  });

  it("a client that gives up while the order is being made gets it when it comes back", async () => {
    const { message, headers: own } = modernRequest("tools/call", {
      name: "create_order",
      arguments: draft({ orderReference: "PO-7" }),
    });
    const all = { ...own, ...headers };
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrived = new Promise<void>((resolve) => {
      committed = () => {
        resolve();
        return held;
      };
    });
    const controller = new AbortController();
    const gone = post(`${served.base}/mcp`, message, { headers: all, signal: controller.signal });
    await arrived;
    controller.abort();
    await expect(gone).rejects.toThrow();
    const back = post(`${served.base}/mcp`, message, { headers: all });
    release();
    expect(orderOf(await back)).toMatchObject({ id: "SO-1001", reference: "PO-7" });
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("the API: connections killed after the commit", async () => {
    const key = randomUUID();
    let kills = 0;
    committed = () => {
      kills += 1;
      if (kills <= 3) served.http.closeAllConnections();
    };
    const send = () =>
      fetch(`${served.base}/api/orders`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify(draft()),
      });
    for (let attempt = 0; attempt < 3; attempt += 1) await expect(send()).rejects.toThrow();
    const answer = await send();
    expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });
});

const program = await requirePostgres();

describe("servers that are killed", () => {
  let server: PostgresServer;
  let database: Database;
  let store: string;
  let tenant: string;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    server = await startPostgres(program);
    database = await openDatabase({ url: server.url });
  }, FETCH_TIMEOUT_MS);
  afterAll(async () => {
    await database?.close();
    await server?.close();
  });
  beforeEach(async () => {
    tenant = await newTenant(database);
    store = await mkdtemp(join(tmpdir(), "holdfast-warehouse-"));
  });
  afterEach(async () => {
    await Promise.all([...children].map(killed));
    children.clear();
    await rm(store, { recursive: true, force: true });
  });

  async function start(hold = ""): Promise<{ readonly child: ChildProcess; readonly base: string }> {
    const child = fork(fileURLToPath(new URL("./helpers/warehouse-child.ts", import.meta.url)), [], {
      execArgv: ["--import", "tsx"],
      env: { ...process.env, DATABASE_URL: server.url, STORE: store, TENANT: tenant, HOLD: hold },
    });
    children.add(child);
    const [message] = (await once(child, "message")) as [{ port: number }];
    return { child, base: `http://127.0.0.1:${message.port}` };
  }

  const call = (base: string): Promise<RawResponse> => {
    const { message, headers } = modernRequest("tools/call", {
      name: "create_order",
      arguments: draft({ orderReference: "PO-1" }),
    });
    return post(`${base}/mcp`, message, { headers });
  };

  it("[4] after the commit: recover finds the order", async () => {
    const first = await start("committed");
    const lost = call(first.base).catch((error: unknown) => error);
    await once(first.child, "message");
    await killed(first.child);
    expect(await lost).toBeInstanceOf(Error);
    const second = await start();
    const answer = await call(second.base);
    expect(orderOf(answer)).toMatchObject({ id: "SO-1001", reference: "PO-1" });
    expect(orderOf(await call(second.base))).toEqual(orderOf(answer));
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("[4] before the commit: nothing is there, and the call is made again", async () => {
    const blocker = new pg.Client({ connectionString: server.url });
    await blocker.connect();
    await blocker.query("BEGIN");
    await blocker.query("SELECT id FROM tenants WHERE id = $1 FOR UPDATE", [tenant]);
    const first = await start();
    const lost = call(first.base).catch((error: unknown) => error);
    const waiting =
      "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'";
    await expect.poll(() => database.query(waiting), { timeout: 10_000 }).toHaveLength(1);
    await killed(first.child);
    await blocker.query("ROLLBACK");
    await blocker.end();
    expect(await lost).toBeInstanceOf(Error);
    const second = await start();
    expect(orderOf(await call(second.base))).toMatchObject({ id: "SO-1001" });
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("the API: two processes, one key, one order; then a kill after the commit", async () => {
    const key = randomUUID();
    const send = (base: string) =>
      fetch(`${base}/api/orders`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify(draft()),
      });
    const holding = await start("committed");
    const lost = send(holding.base).catch((error: unknown) => error);
    await once(holding.child, "message");
    const other = await start();
    const meanwhile = await Promise.all(Array.from({ length: 20 }, () => send(other.base)));
    expect(new Set(meanwhile.map(({ status }) => status)).has(201)).toBe(true);
    expect(meanwhile.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
    await killed(holding.child);
    expect(await lost).toBeInstanceOf(Error);
    const answer = await send(other.base);
    expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    expect(await audit(database, tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });
});
