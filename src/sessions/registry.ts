import { LruMap } from "../util/lru.js";
import type { Sealer } from "./sealer.js";
import { openSession, type SessionFacts, sealSession } from "./token.js";

/** Opening a token costs a decryption; this many recently used ones are remembered (about 1 MiB at the most). */
const OPENED_CACHE = 2048;
/** Revocations are kept until the token would have ended anyway; more than this many deleted sessions in that time are
 * forgotten oldest first, which at worst lets a client go on with a session that it ended itself. */
const MAX_REVOCATIONS = 100_000;

/** Ids made last: their first request comes at once and needs no decryption. Few, so that abandoned ones cost nothing. */
const MINTED_CACHE = 128;

/** A session id that was opened: what it says, and a place for what its user keeps while it is in use. */
export interface Opened<Live> {
  readonly facts: SessionFacts;
  readonly bound: string;
  live: Live | undefined;
}

/**
 * Session ids of Streamable HTTP. The id is the session: nothing is kept for one that nobody uses. Only ended sessions
 * are remembered, so that a deleted id is dead.
 */
export class SessionRegistry<Live> {
  readonly #sealer: Sealer;
  readonly #maxAgeMs: number;
  readonly #minted = new LruMap<string, Opened<Live>>(MINTED_CACHE);
  readonly #opened = new LruMap<string, Opened<Live>>(OPENED_CACHE);
  readonly #revoked = new LruMap<string, number>(MAX_REVOCATIONS);

  constructor(sealer: Sealer, maxAgeMs: number) {
    this.#sealer = sealer;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Makes the id of a new session, bound to `bound` (principal and route). */
  mint(facts: SessionFacts, bound: string): string {
    const token = sealSession(this.#sealer, facts, bound);
    this.#minted.set(token, { facts, bound, live: undefined });
    return token;
  }

  /** The session an id names, or undefined when it is dead: unknown, altered, foreign, revoked or too old. */
  open(token: string, bound: string): Opened<Live> | undefined {
    const opened = this.#opened.get(token) ?? this.#unseal(token, bound);
    if (opened === undefined || opened.bound !== bound) return undefined;
    return Date.now() - opened.facts.issuedAt > this.#maxAgeMs ? undefined : opened;
  }

  #unseal(token: string, bound: string): Opened<Live> | undefined {
    const minted = this.#minted.get(token);
    const facts = minted?.facts ?? openSession(this.#sealer, token, bound);
    if (facts === undefined || this.#revoked.get(facts.sid) !== undefined) return undefined;
    const opened: Opened<Live> = minted ?? { facts, bound, live: undefined };
    if (minted !== undefined) this.#minted.delete(token);
    this.#opened.set(token, opened);
    return opened;
  }

  /** Ends a session: its id is dead from now on. */
  revoke(token: string, facts: SessionFacts): void {
    this.#opened.delete(token);
    this.#minted.delete(token);
    this.#revoked.set(facts.sid, Date.now());
  }
}
