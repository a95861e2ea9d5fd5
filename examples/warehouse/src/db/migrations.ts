/**
 * The tables, as a list of steps that are applied once each, in order. Every row but the shared ones belongs to a tenant,
 * and every key begins with it, so that two tenants can use the same SKU, and a query without a tenant stands out.
 */
import type { Database } from "./database.js";

interface Migration {
  readonly version: number;
  readonly statements: readonly string[];
}

/** Any number, the same in all processes: two that start at once must not both create the tables. */
const MIGRATION_LOCK = 5_170_323;

const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      `CREATE TABLE tenants (
         id text COLLATE "C" PRIMARY KEY,
         name text NOT NULL,
         last_order int NOT NULL DEFAULT 1000
       )`,
      // Whose default tenant: for callers whose token names none.
      `CREATE TABLE members (
         issuer text NOT NULL,
         subject text NOT NULL,
         tenant text COLLATE "C" NOT NULL REFERENCES tenants,
         PRIMARY KEY (issuer, subject)
       )`,
      `CREATE TABLE warehouses (
         tenant text COLLATE "C" NOT NULL REFERENCES tenants,
         code text COLLATE "C" NOT NULL,
         name text NOT NULL,
         PRIMARY KEY (tenant, code)
       )`,
      `CREATE TABLE products (
         tenant text COLLATE "C" NOT NULL REFERENCES tenants,
         sku text COLLATE "C" NOT NULL,
         name text NOT NULL,
         unit_price_cents int NOT NULL CHECK (unit_price_cents >= 0),
         reorder_level int NOT NULL DEFAULT 0 CHECK (reorder_level >= 0),
         PRIMARY KEY (tenant, sku)
       )`,
      // The checks are the last word: whatever the code above them does, nothing is sold that is not there.
      `CREATE TABLE stock (
         tenant text COLLATE "C" NOT NULL,
         sku text COLLATE "C" NOT NULL,
         warehouse text COLLATE "C" NOT NULL,
         on_hand int NOT NULL CHECK (on_hand >= 0),
         reserved int NOT NULL DEFAULT 0 CHECK (reserved >= 0),
         CHECK (reserved <= on_hand),
         PRIMARY KEY (tenant, sku, warehouse),
         FOREIGN KEY (tenant, sku) REFERENCES products,
         FOREIGN KEY (tenant, warehouse) REFERENCES warehouses
       )`,
      // What people with scanners found on the shelves, to be compared with the books.
      `CREATE TABLE stock_counts (
         tenant text COLLATE "C" NOT NULL,
         sku text COLLATE "C" NOT NULL,
         warehouse text COLLATE "C" NOT NULL,
         counted int NOT NULL CHECK (counted >= 0),
         counted_at timestamptz NOT NULL DEFAULT now(),
         PRIMARY KEY (tenant, sku, warehouse),
         FOREIGN KEY (tenant, sku, warehouse) REFERENCES stock
       )`,
      // `operation_id` is unique over all tenants: one operation is one order, whatever else is said about it.
      `CREATE TABLE orders (
         tenant text COLLATE "C" NOT NULL,
         number int NOT NULL,
         operation_id text UNIQUE,
         reference text,
         customer text NOT NULL,
         status text NOT NULL CHECK (status IN ('open', 'shipped', 'cancelled')),
         warehouse text COLLATE "C" NOT NULL,
         created_by text NOT NULL,
         created_at timestamptz NOT NULL DEFAULT now(),
         PRIMARY KEY (tenant, number),
         UNIQUE (tenant, reference),
         FOREIGN KEY (tenant, warehouse) REFERENCES warehouses
       )`,
      `CREATE TABLE order_lines (
         tenant text COLLATE "C" NOT NULL,
         number int NOT NULL,
         sku text COLLATE "C" NOT NULL,
         quantity int NOT NULL CHECK (quantity > 0),
         unit_price_cents int NOT NULL,
         PRIMARY KEY (tenant, number, sku),
         FOREIGN KEY (tenant, number) REFERENCES orders,
         FOREIGN KEY (tenant, sku) REFERENCES products
       )`,
      `CREATE TABLE stock_adjustments (
         id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
         tenant text COLLATE "C" NOT NULL,
         sku text COLLATE "C" NOT NULL,
         warehouse text COLLATE "C" NOT NULL,
         delta int NOT NULL CHECK (delta <> 0),
         reason text NOT NULL,
         created_by text NOT NULL,
         created_at timestamptz NOT NULL DEFAULT now(),
         FOREIGN KEY (tenant, sku, warehouse) REFERENCES stock
       )`,
      `CREATE TABLE idempotency_keys (
         owner text NOT NULL,
         key text NOT NULL,
         fingerprint text NOT NULL,
         status int NOT NULL,
         body text NOT NULL,
         location text,
         expires_at timestamptz NOT NULL,
         PRIMARY KEY (owner, key)
       )`,
      "CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at)",
    ],
  },
];

/** Brings the tables to the newest version. Processes that start together wait for each other. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await tx.query(
      "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    const applied = await tx.query<{ version: number }>("SELECT version FROM schema_migrations");
    const known = new Set(applied.map(({ version }) => version));
    for (const { version, statements } of MIGRATIONS.filter((one) => !known.has(one.version))) {
      for (const statement of statements) await tx.query(statement);
      await tx.query("INSERT INTO schema_migrations (version) VALUES ($1)", [version]);
    }
  });
}
