import type { PGliteInterface, Transaction } from "@electric-sql/pglite";
import type { Database, Queries, SqlValue } from "./database.js";

/**
 * PostgreSQL inside this process: in memory, or in a directory that no other process may open at the same time. It has
 * one connection, so transactions go one after the other and never meet.
 */
export async function openPglite(directory?: string): Promise<Database> {
  // Loaded when it is wanted: it brings a whole database as WebAssembly.
  const { PGlite } = await import("@electric-sql/pglite");
  return fromPglite(await PGlite.create(directory));
}

/** A PGlite that somebody else has made; closed with the database. */
export function fromPglite(db: PGliteInterface): Database {
  return {
    kind: "pglite",
    query: (sql, values) => ask(db, sql, values),
    transaction: (work) => inTransaction(db, work),
    close: () => db.close(),
  };
}

async function inTransaction<T>(db: PGliteInterface, work: (tx: Queries) => Promise<T>): Promise<T> {
  return db.transaction((tx) => work({ query: (sql, values) => ask(tx, sql, values) }));
}

async function ask<Row extends object>(
  on: Pick<Transaction, "query">,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<readonly Row[]> {
  const { rows } = await on.query<Row>(sql, [...values]);
  return rows;
}
