/**
 * Writes that are sent again (draft-ietf-httpapi-idempotency-key-header-07). Invariants:
 * 1. The answer is recorded in the same transaction as the effect: there is never one without the other.
 * 2. A key belongs to the caller, and to one method, path and body; for another of them it is refused.
 * 3. While a request with the key is under way, others with it are refused, and told to come back.
 */
import { createHash } from "node:crypto";
import type { Database, Queries } from "../db/database.js";
import type { Caller } from "./authenticate.js";
import { Problem, type Reply } from "./problem.js";

/** A day: whoever has not come back by then has given up. */
const TTL_HOURS = 24;
/** Old keys that each new one takes along: more go than come, so the table stays as large as a day is long. */
const SWEPT_PER_WRITE = 10;
/** As long as keys of MCP calls: not to be guessed, and to fit into a header. */
const KEY = /^(?:"([\x20-\x21\x23-\x5b\x5d-\x7e]{16,255})"|([\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{16,255}))$/;

export interface KeyedRequest {
  readonly caller: Caller;
  /** The header as it came. */
  readonly header: string | undefined;
  readonly method: string;
  readonly path: string;
  /** After validation: white space and the order of members make no other request of it. */
  readonly body: unknown;
}

interface Recorded {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
  readonly location: string | null;
}

interface Keyed {
  readonly owner: string;
  readonly key: string;
  readonly fingerprint: string;
}

export class IdempotentWrites {
  readonly #database: Database;
  readonly #underWay = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Runs `work` once for the key of the request, or gives the answer that it had. */
  async perform(request: KeyedRequest, work: (tx: Queries) => Promise<Reply>): Promise<Reply> {
    const keyed = identify(request);
    const lock = hash([keyed.owner, keyed.key]);
    if (this.#underWay.has(lock)) throw inUse();
    this.#underWay.add(lock);
    try {
      return await this.#database.transaction((tx) => performIn(tx, { keyed, lock }, work));
    } finally {
      this.#underWay.delete(lock);
    }
  }
}

/** What is thrown undoes everything, the record included: the key is free for another try. */
async function performIn(
  tx: Queries,
  { keyed, lock }: { readonly keyed: Keyed; readonly lock: string },
  work: (tx: Queries) => Promise<Reply>,
): Promise<Reply> {
  // For other processes; it ends with the transaction, whatever becomes of this one.
  const [locked] = await tx.query<{ won: boolean }>(
    "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS won",
    [lock],
  );
  if (locked?.won !== true) throw inUse();
  const { owner, key, fingerprint } = keyed;
  const [recorded] = await tx.query<Recorded>(
    "SELECT fingerprint, status, body, location FROM idempotency_keys WHERE owner = $1 AND key = $2 AND expires_at > now()",
    [owner, key],
  );
  if (recorded !== undefined) return replay(recorded, fingerprint);
  const reply = await work(tx);
  await tx.query(
    `DELETE FROM idempotency_keys WHERE (owner, key) IN
       (SELECT owner, key FROM idempotency_keys WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [SWEPT_PER_WRITE],
  );
  await tx.query(
    `INSERT INTO idempotency_keys (owner, key, fingerprint, status, body, location, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(hours => $7))
     ON CONFLICT (owner, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
       body = excluded.body, location = excluded.location, expires_at = excluded.expires_at`,
    [owner, key, fingerprint, reply.status, reply.body, reply.headers.location ?? null, TTL_HOURS],
  );
  return reply;
}

function replay({ fingerprint, status, body, location }: Recorded, wanted: string): Reply {
  if (fingerprint !== wanted) {
    throw new Problem("idempotency-key-reused", {
      detail: "The key was used for another request. Send this one with a key of its own.",
    });
  }
  const type = status < 400 ? "application/json" : "application/problem+json";
  const headers = { "content-type": type, "idempotency-replayed": "true", ...(location !== null && { location }) };
  return { status, headers, body };
}

/** @throws Problem 400 without a usable key. */
function identify({ caller, header, method, path, body }: KeyedRequest): Keyed {
  if (header === undefined) {
    throw new Problem("idempotency-key-missing", {
      detail:
        "Send the header Idempotency-Key with a text of your own, new for each piece of work: a UUID, for example.",
    });
  }
  const match = KEY.exec(header);
  const key = match?.[1] ?? match?.[2];
  if (key === undefined) {
    throw new Problem("invalid-request", {
      detail: "Idempotency-Key is one text of 16 to 255 visible ASCII characters, in double quotes or without.",
    });
  }
  const { tenant, principal } = caller;
  const owner = hash([tenant, principal.issuer, principal.subject]);
  return { owner, key, fingerprint: hash([method, path, sorted(body)]) };
}

function inUse(): Problem {
  return new Problem("idempotency-key-in-use", {
    detail: "A request with this key has not been answered yet. Send it again in a moment.",
    headers: { "retry-after": "1" },
  });
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url");
}

/** Members in the order of their names, all the way down. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
