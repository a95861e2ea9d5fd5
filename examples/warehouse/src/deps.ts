import type { Database } from "./db/database.js";
import type { Tenancy } from "./tenancy.js";

/** What tools, resources, prompts and the HTTP API are made of. */
export interface Deps {
  readonly database: Database;
  readonly tenancy: Tenancy;
}
