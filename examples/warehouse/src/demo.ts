/** Callers to try the server with: two clerks, a planner, an administrator, with keys that end with the process. */
import { randomBytes } from "node:crypto";
import { type Authenticator, apiKeys } from "holdfast";
import type { Database } from "./db/database.js";
import { setDefaultTenant } from "./db/seed.js";
import { PERMISSIONS } from "./permissions.js";

export interface DemoCaller {
  readonly subject: string;
  readonly tenant: string;
  readonly permissions: readonly string[];
  readonly key: string;
}

/** Who vouches for callers that `apiKeys` lets in. */
const ISSUER = "api-key";
const { productsRead, warehouseRead, ordersRead, ordersWrite } = PERMISSIONS;

const PEOPLE = [
  { subject: "acme-clerk", tenant: "acme", permissions: [productsRead, ordersRead, ordersWrite] },
  { subject: "acme-planner", tenant: "acme", permissions: [productsRead, warehouseRead] },
  { subject: "acme-admin", tenant: "acme", permissions: ["*"] },
  { subject: "globex-clerk", tenant: "globex", permissions: [productsRead, ordersRead, ordersWrite] },
] as const;

/** Makes the keys, and says in the database whose they are. */
export async function createDemo(
  database: Database,
): Promise<{ readonly auth: Authenticator; readonly callers: readonly DemoCaller[] }> {
  const callers = PEOPLE.map((one) => ({ ...one, key: `${one.subject}-${randomBytes(16).toString("hex")}` }));
  for (const { subject, tenant } of callers) await setDefaultTenant(database, { issuer: ISSUER, subject, tenant });
  const keys = callers.map(({ key, subject, permissions }) => ({ key, subject, permissions }));
  return { auth: apiKeys({ keys }), callers };
}
