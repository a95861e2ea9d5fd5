import type { Database } from "./database.js";
import { migrate } from "./migrations.js";
import { openPglite } from "./pglite.js";
import { openPostgres } from "./postgres.js";
import { DEMO_TENANTS, seedTenant } from "./seed.js";

export interface DatabaseOptions {
  /** `postgres://…`: a PostgreSQL server. Without it the embedded database is used. */
  readonly url?: string;
  /** Where the embedded database keeps its files. Default: in memory. */
  readonly directory?: string;
  /** Fills an empty database with the data of the demonstration. */
  readonly seed?: boolean;
}

/** Opens the database and brings its tables up to date. */
export async function openDatabase({ url, directory, seed = false }: DatabaseOptions): Promise<Database> {
  const database = url === undefined ? await openPglite(directory) : openPostgres(url);
  try {
    await prepareDatabase(database, { seed });
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Makes the tables that are missing and, if it is wanted and there is nothing yet, the data of the demonstration. */
export async function prepareDatabase(database: Database, { seed }: { readonly seed: boolean }): Promise<void> {
  await migrate(database);
  if (seed) await seedOnce(database);
}

async function seedOnce(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    // Two processes that start together must not both find it empty.
    await tx.query("LOCK TABLE tenants IN EXCLUSIVE MODE");
    const tenants = await tx.query("SELECT id FROM tenants LIMIT 1");
    if (tenants.length > 0) return;
    for (const tenant of DEMO_TENANTS) await seedTenant(tx, tenant);
  });
}
