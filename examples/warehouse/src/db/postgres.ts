import { setTimeout as after } from "node:timers/promises";
import pg from "pg";
import { type Database, DatabaseUnavailable, type Queries, type SqlValue } from "./database.js";

/** Of a server that allows 100 by default, for one of several processes. */
const MAX_CONNECTIONS = 10;
/** Waiting longer for a connection or a lock helps nobody: the client is told to come back. */
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** A transaction that met another one so often will not get through by trying again at once. */
const MAX_ATTEMPTS = 5;
const BACKOFF_MS = 10;

/** serialization_failure and deadlock_detected: nothing was done, and the same may work now. */
const MEETINGS = new Set(["40001", "40P01"]);
/** Connection exceptions (08), too many connections (53300), the server is starting or stopping (57P). */
const LOST = /^(?:08|53300|57P)/;
/** What the network says (`node:net`). */
const NETWORK = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN"]);

/** A pool of connections to a PostgreSQL server (13 or newer). */
export function openPostgres(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: "warehouse",
  });
  // An idle connection that is lost is replaced by the pool; without a listener it would end the process.
  pool.on("error", () => undefined);
  return {
    kind: "postgres",
    query: (sql, values) => ask(pool, sql, values),
    transaction: (work) => inTransaction(pool, work),
    close: () => pool.end(),
  };
}

async function inTransaction<T>(pool: pg.Pool, work: (tx: Queries) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOn(await connection(pool), work);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !MEETINGS.has(codeOf(error))) throw error;
      await after(BACKOFF_MS * attempt * Math.random());
    }
  }
}

async function attemptOn<T>(client: pg.PoolClient, work: (tx: Queries) => Promise<T>): Promise<T> {
  let broken: Error | undefined;
  // While a connection is out of the pool, its loss is told to its own listeners.
  const lost = (error: Error): void => {
    broken = error;
  };
  client.on("error", lost);
  try {
    await ask(client, "BEGIN");
    const result = await work({ query: (sql, values) => ask(client, sql, values) });
    await commit(client);
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(lost);
    throw error;
  } finally {
    client.off("error", lost);
    client.release(broken);
  }
}

/** Until it is sent, nothing of the transaction can stay; when its answer is lost, nobody here knows. */
async function commit(client: pg.PoolClient): Promise<void> {
  try {
    await ask(client, "COMMIT");
  } catch (error) {
    throw error instanceof DatabaseUnavailable ? new DatabaseUnavailable(error.cause, { inDoubt: true }) : error;
  }
}

async function connection(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new DatabaseUnavailable(error);
  }
}

async function ask<Row extends object>(
  on: pg.Pool | pg.PoolClient,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<readonly Row[]> {
  try {
    const { rows } = await on.query<Row>(sql, [...values]);
    return rows;
  } catch (error) {
    throw isLoss(error) ? new DatabaseUnavailable(error) : error;
  }
}

/** The client says in words alone that its connection ended; whatever has no SQLSTATE did not come from the server. */
function isLoss(error: unknown): boolean {
  const code = codeOf(error);
  return (
    LOST.test(code) || NETWORK.has(code) || (code === "" && error instanceof Error && /connect/i.test(error.message))
  );
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
