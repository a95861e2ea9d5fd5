/** Talks to the warehouse's HTTP API, as a clerk of a tenant that is new for each test. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Database, Queries } from "../../../examples/warehouse/src/db/database.js";
import { openEmbedded } from "./embedded.js";
import { caller, newTenant, type ServedWarehouse, serveWarehouse, Tokens } from "./warehouse.js";

export type Headers = Readonly<Record<string, string>>;

export const ORDER: Readonly<Record<string, unknown>> = { customer: "Ada", lines: [{ sku: "BOLT-M8", quantity: 2 }] };

/** Lets a test stop transactions before they begin: PGlite has one connection, and others need it meanwhile. */
class Gate {
  #held: Promise<void> | undefined;
  #open: () => void = () => undefined;
  #arrived: () => void = () => undefined;

  /** The next transaction stops; resolves when it has come. */
  hold(): Promise<void> {
    this.#held = new Promise((resolve) => {
      this.#open = resolve;
    });
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }
  release(): void {
    this.#held = undefined;
    this.#open();
  }
  around(database: Database): Database {
    const transaction = async <T>(work: (tx: Queries) => Promise<T>) => {
      this.#arrived();
      await this.#held;
      return database.transaction(work);
    };
    return { ...database, transaction };
  }
}

/** What a test of the API has. */
export class ApiFixture {
  readonly tokens: Tokens = new Tokens();
  readonly gate: Gate = new Gate();
  database!: Database;
  served!: ServedWarehouse;
  /** Of the test that runs now. */
  tenant = "";
  clerk: Headers = {};

  send(path: string, body: unknown, headers: Headers): Promise<Response> {
    return fetch(`${this.served.base}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** `POST /api/orders` with a key. */
  order(key: string, body: unknown = ORDER, headers: Headers = this.clerk): Promise<Response> {
    return this.send("/api/orders", body, { ...headers, "idempotency-key": key });
  }
}

/** Registers the hooks of a test file. */
export function apiFixture(): ApiFixture {
  const fixture = new ApiFixture();
  beforeAll(async () => {
    fixture.database = await openEmbedded();
    fixture.served = await serveWarehouse({
      database: fixture.gate.around(fixture.database),
      auth: fixture.tokens.auth,
    });
  });
  afterAll(async () => {
    await fixture.served?.close();
    await fixture.database?.close();
  });
  beforeEach(async () => {
    fixture.tenant = await newTenant(fixture.database);
    fixture.clerk = fixture.tokens.add(caller(fixture.tenant, ["orders:read", "orders:write", "stock:write"]));
  });
  afterEach(() => fixture.gate.release());
  return fixture;
}

/** The problem details of a refusal, its type without what all of them have in common. */
export async function problem(response: Response | Promise<Response>): Promise<Record<string, unknown>> {
  const answer = await response;
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const details = (await answer.json()) as Record<string, unknown>;
  expect(details.status).toBe(answer.status);
  return { ...details, type: String(details.type).replace("urn:warehouse:problem:", "") };
}
