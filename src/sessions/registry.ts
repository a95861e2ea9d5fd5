import { LruMap } from "../util/lru.js";
import type { Sealer } from "./sealer.js";
import { openSession, type SessionFacts, sealSession } from "./token.js";

/** Opening a token costs a decryption; this many recently used ones are remembered (about 1 MiB at the most). */
const OPENED_CACHE = 2048;
/** Revocations are kept until the token would have ended anyway; more than this many deleted sessions in that time are
 * forgotten oldest first, which at worst lets a client go on with a session that it ended itself. */
const MAX_REVOCATIONS = 100_000;

interface Opened {
  readonly facts: SessionFacts;
  readonly bound: string;
}

/**
 * Session ids of Streamable HTTP. The id is the session: nothing is kept for one that nobody uses. Only ended sessions
 * are remembered, so that a deleted id is dead.
 */
export class SessionRegistry {
  readonly #sealer: Sealer;
  readonly #maxAgeMs: number;
  readonly #opened = new LruMap<string, Opened>(OPENED_CACHE);
  readonly #revoked = new LruMap<string, number>(MAX_REVOCATIONS);

  constructor(sealer: Sealer, maxAgeMs: number) {
    this.#sealer = sealer;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Makes the id of a new session, bound to `bound` (principal and route). */
  mint(facts: SessionFacts, bound: string): string {
    return sealSession(this.#sealer, facts, bound);
  }

  /** The session an id names, or undefined when it is dead: unknown, altered, foreign, revoked or too old. */
  open(token: string, bound: string): SessionFacts | undefined {
    const cached = this.#opened.get(token);
    const facts = cached === undefined ? openSession(this.#sealer, token, bound) : cached.facts;
    if (facts === undefined || (cached !== undefined && cached.bound !== bound)) return undefined;
    if (Date.now() - facts.issuedAt > this.#maxAgeMs || this.#revoked.get(facts.sid) !== undefined) return undefined;
    if (cached === undefined) this.#opened.set(token, { facts, bound });
    return facts;
  }

  /** Ends a session: its id is dead from now on. */
  revoke(token: string, facts: SessionFacts): void {
    this.#opened.delete(token);
    this.#revoked.set(facts.sid, Date.now());
  }
}
