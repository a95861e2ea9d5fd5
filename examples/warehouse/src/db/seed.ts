/** Data to try the server with: two tenants who sell some of the same articles and know nothing of each other. */
import type { Queries } from "./database.js";

export interface SeedProduct {
  readonly sku: string;
  readonly name: string;
  readonly unitPriceCents: number;
  readonly reorderLevel: number;
  /** By code of the warehouse. `counted` is what the last count found; left out where it agrees. */
  readonly stock: Readonly<Record<string, { readonly onHand: number; readonly counted?: number }>>;
}

export interface SeedTenant {
  readonly id: string;
  readonly name: string;
  readonly warehouses: Readonly<Record<string, string>>;
  readonly products: readonly SeedProduct[];
}

const FAMILIES = [
  ["BOLT", "Hex bolt"],
  ["NUT", "Hex nut"],
  ["WASHER", "Flat washer"],
  ["SCREW", "Wood screw"],
  ["ANCHOR", "Wall anchor"],
  ["HINGE", "Door hinge"],
] as const;
const SIZES = ["M3", "M4", "M5", "M6", "M8", "M10", "M12", "M14", "M16", "M18", "M20", "M24"] as const;

/** Every seventh shelf differs from its count, so that a comparison has something to find. */
const MISCOUNTED_EACH = 7;

/** Articles with figures that depend on their place in the list, and on `shift`, alone. */
function articles(warehouses: readonly string[], families: number, shift: number): SeedProduct[] {
  const all = FAMILIES.slice(0, families).flatMap(([code, name]) => SIZES.map((size) => ({ code, name, size })));
  return all.map(({ code, name, size }, index) => {
    const stock = warehouses.map((warehouse, place) => {
      const onHand = ((index + 1) * (37 + shift) + place * 53) % 400;
      const miscounted = (index + place) % MISCOUNTED_EACH === 0;
      return [warehouse, { onHand, ...(miscounted && { counted: Math.max(0, onHand - 3 - place) }) }] as const;
    });
    return {
      sku: `${code}-${size}`,
      name: `${name} ${size}`,
      unitPriceCents: 5 + ((index * 13 + shift) % 90),
      reorderLevel: 40,
      stock: Object.fromEntries(stock),
    };
  });
}

export const DEMO_TENANTS: readonly SeedTenant[] = [
  {
    id: "acme",
    name: "Acme Fasteners",
    warehouses: { AMS: "Amsterdam", RTM: "Rotterdam" },
    products: articles(["AMS", "RTM"], FAMILIES.length, 0),
  },
  {
    id: "globex",
    name: "Globex Hardware",
    warehouses: { BER: "Berlin" },
    products: articles(["BER"], 2, 11),
  },
];

/** Adds a tenant with its warehouses, articles and stock. */
export async function seedTenant(on: Queries, { id, name, warehouses, products }: SeedTenant): Promise<void> {
  await on.query("INSERT INTO tenants (id, name) VALUES ($1, $2)", [id, name]);
  await on.query("INSERT INTO warehouses (tenant, code, name) SELECT $1, * FROM unnest($2::text[], $3::text[])", [
    id,
    Object.keys(warehouses),
    Object.values(warehouses),
  ]);
  await on.query(
    `INSERT INTO products (tenant, sku, name, unit_price_cents, reorder_level)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::int[], $5::int[])`,
    [
      id,
      products.map(({ sku }) => sku),
      products.map((product) => product.name),
      products.map(({ unitPriceCents }) => unitPriceCents),
      products.map(({ reorderLevel }) => reorderLevel),
    ],
  );
  const positions = products.flatMap(({ sku, stock }) => {
    return Object.entries(stock).map(([warehouse, { onHand, counted }]) => ({ sku, warehouse, onHand, counted }));
  });
  const places = [positions.map(({ sku }) => sku), positions.map(({ warehouse }) => warehouse)];
  const insert = (table: string, column: string, figures: readonly number[]) =>
    on.query(
      `INSERT INTO ${table} (tenant, sku, warehouse, ${column})
       SELECT $1, * FROM unnest($2::text[], $3::text[], $4::int[])`,
      [id, ...places, figures],
    );
  await insert(
    "stock",
    "on_hand",
    positions.map(({ onHand }) => onHand),
  );
  await insert(
    "stock_counts",
    "counted",
    positions.map(({ onHand, counted }) => counted ?? onHand),
  );
}

/** Who a subject belongs to when its credentials do not say. */
export async function setDefaultTenant(
  on: Queries,
  { issuer, subject, tenant }: { readonly issuer: string; readonly subject: string; readonly tenant: string },
): Promise<void> {
  await on.query(
    `INSERT INTO members (issuer, subject, tenant) VALUES ($1, $2, $3)
     ON CONFLICT (issuer, subject) DO UPDATE SET tenant = excluded.tenant`,
    [issuer, subject, tenant],
  );
}
