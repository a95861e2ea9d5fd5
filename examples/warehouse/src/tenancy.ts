/**
 * Whose data a caller works with. The tenant comes from a claim of the token, else from what the database says of the
 * subject, and never from anything the caller can choose: no argument, header or URI names one.
 */
import { AuthenticationUnavailableError, type Authenticator, type Principal } from "holdfast";
import type { Queries } from "./db/database.js";
import { Refused } from "./inventory/errors.js";

/** `org_id` is what Auth0 Organizations put into tokens; `tenant` is for whoever adds a claim of their own. */
const DEFAULT_CLAIMS = ["org_id", "tenant"];
const TENANT = /^[A-Za-z0-9_.-]{1,64}$/;

export interface TenancyOptions {
  readonly database: Queries;
  /** Claims that may hold the tenant, in this order. Default: `org_id`, `tenant`. */
  readonly claims?: readonly string[];
  /** The tenant of everybody whose token names none and who is no member of one; for installations with one tenant. */
  readonly fallback?: string;
}

interface Scoped {
  readonly tenant: string | undefined;
  readonly principal: Principal;
}

export class Tenancy {
  readonly #database: Queries;
  readonly #claims: readonly string[];
  readonly #fallback: string | undefined;
  /** The same caller is the same object: what belongs to it is found by it. */
  readonly #scoped = new WeakMap<Principal, Scoped>();

  constructor({ database, claims = DEFAULT_CLAIMS, fallback }: TenancyOptions) {
    if (claims.length === 0) throw new TypeError("Tenancy needs the name of a claim");
    this.#database = database;
    this.#claims = claims;
    this.#fallback = fallback;
  }

  /** @throws Refused for a caller without a tenant. */
  async of(principal: Principal): Promise<string> {
    const tenant = await this.#find(principal);
    if (tenant !== undefined) return tenant;
    throw new Refused("no_tenant", "You belong to no tenant of this warehouse. Ask its administrator to add you.");
  }

  /**
   * The same authenticator, with the tenant as a part of who the caller is. Sessions, streams, idempotency keys and
   * recorded outcomes belong to issuer, subject and tenant: somebody who works for two tenants does not get in one what
   * was done in the other.
   */
  scope(auth: Authenticator): Authenticator {
    return {
      ...auth,
      authenticate: async (request) => {
        const principal = await auth.authenticate(request);
        return principal && (await this.#scope(principal));
      },
    };
  }

  async #scope(principal: Principal): Promise<Principal> {
    let tenant: string | undefined;
    try {
      tenant = await this.#find(principal);
    } catch (error) {
      throw new AuthenticationUnavailableError("The tenant of the caller cannot be found out", { cause: error });
    }
    const known = this.#scoped.get(principal);
    if (known !== undefined && known.tenant === tenant) return known.principal;
    const [claim = ""] = this.#claims;
    const scoped: Principal = {
      ...principal,
      ...(tenant !== undefined && { tenant, claims: { ...principal.claims, [claim]: tenant } }),
    };
    this.#scoped.set(principal, { tenant, principal: scoped });
    return scoped;
  }

  /** A claim that is there and unusable is no reason to look elsewhere: the caller then has no tenant. */
  async #find({ issuer, subject, claims = {} }: Principal): Promise<string | undefined> {
    const claim = this.#claims.find((name) => Object.hasOwn(claims, name));
    if (claim !== undefined) {
      const value = claims[claim];
      if (typeof value !== "string" || !TENANT.test(value)) return undefined;
      return this.#existing(value);
    }
    const [member] = await this.#database.query<{ tenant: string }>(
      "SELECT tenant FROM members WHERE issuer = $1 AND subject = $2",
      [issuer, subject],
    );
    return member?.tenant ?? (this.#fallback && (await this.#existing(this.#fallback)));
  }

  async #existing(id: string): Promise<string | undefined> {
    const [tenant] = await this.#database.query<{ id: string }>("SELECT id FROM tenants WHERE id = $1", [id]);
    return tenant?.id;
  }
}
