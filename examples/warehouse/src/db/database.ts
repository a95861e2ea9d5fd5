/**
 * The little of SQL that the warehouse needs, the same over a PostgreSQL server and over the embedded PGlite. Values are
 * always bound, never put into the text of a statement.
 */

/** What can be bound to `$1`, `$2`, … */
export type SqlValue = string | number | boolean | null | readonly string[] | readonly number[];

export interface Queries {
  /** Runs one statement and gives its rows. */
  query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
}

export interface Database extends Queries {
  readonly kind: "postgres" | "pglite";
  /**
   * Runs `work` in one transaction: all of it happens, or nothing. After a deadlock or a serialization failure it is run
   * again, so it must have no effects but those in the database, and must use `tx` alone.
   */
  transaction<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * The database could not be reached, or was lost on the way. Nothing was done, unless it was lost while a transaction was
 * being committed: then only looking tells.
 */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
  readonly inDoubt: boolean;

  constructor(cause: unknown, { inDoubt = false }: { readonly inDoubt?: boolean } = {}) {
    super("The database is not available", { cause });
    this.inDoubt = inDoubt;
  }
}
