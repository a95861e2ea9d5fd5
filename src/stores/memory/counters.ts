import {
  type Acquired,
  ALLOWED,
  type CounterStore,
  type Place,
  type PlaceRule,
  type RateRule,
  type Taken,
} from "../counters.js";
import { isSpent, taken, UNUSED, waitMs } from "../rate.js";

/** Keys of rates that are held: about 200 bytes each. Beyond, the one that was used longest ago is forgotten. */
export const MAX_RATE_KEYS = 100_000;

interface Rate {
  readonly limit: number;
  readonly windowMs: number;
  readonly state: number;
}

export interface MemoryCounterOptions {
  /** Milliseconds of a clock that only goes on; whole ones. */
  readonly now?: () => number;
  readonly maxKeys?: number;
}

/** Counts of this process: everything answers at once, and nothing is promised. */
export class MemoryCounterStore implements CounterStore {
  readonly shared = false;
  readonly #now: () => number;
  readonly #maxKeys: number;
  /** In the order of their last use. */
  readonly #rates = new Map<string, Rate>();
  /** By key, then by id: until when they count. */
  readonly #places = new Map<string, Map<string, number>>();
  #sweeping: MapIterator<[string, Rate]> | undefined;

  constructor({ now = wholeMs, maxKeys = MAX_RATE_KEYS }: MemoryCounterOptions = {}) {
    this.#now = now;
    this.#maxKeys = maxKeys;
  }

  /** Keys held, of rates and of places. */
  get size(): number {
    return this.#rates.size + this.#places.size;
  }

  peek(rules: readonly RateRule[]): Taken {
    return this.#refusal(rules, this.#now()) ?? ALLOWED;
  }

  take(rules: readonly RateRule[]): Taken {
    const now = this.#now();
    const refusal = this.#refusal(rules, now);
    if (refusal !== undefined) return refusal;
    for (const { key, limit, windowMs } of rules) {
      const state = taken(this.#rates.get(key)?.state ?? UNUSED, { limit, windowMs }, now);
      this.#rates.delete(key);
      this.#rates.set(key, { limit, windowMs, state });
    }
    this.#forgetOldest();
    return ALLOWED;
  }

  acquire(id: string, rules: readonly PlaceRule[], leaseMs: number): Acquired {
    const now = this.#now();
    for (const { key, max } of rules) {
      const places = this.#places.get(key);
      if (places === undefined || places.size < max) continue;
      this.#expire(key, places, now);
      if (places.size >= max) return { allowed: false, key };
    }
    for (const { key } of rules) this.#hold(key, id, now + leaseMs);
    return ALLOWED;
  }

  renew(places: readonly Place[], leaseMs: number): void {
    const until = this.#now() + leaseMs;
    for (const { id, keys } of places) for (const key of keys) this.#hold(key, id, until);
  }

  release({ id, keys }: Place): void {
    for (const key of keys) {
      const places = this.#places.get(key);
      if (places?.delete(id) === true && places.size === 0) this.#places.delete(key);
    }
  }

  sweep(limit: number): void {
    const now = this.#now();
    for (let looked = 0; looked < limit; looked += 1) {
      // Goes on where the last sweep ended: what lasts long must not hide what does not.
      this.#sweeping ??= this.#rates.entries();
      const { done, value } = this.#sweeping.next();
      if (done === true) {
        this.#sweeping = undefined;
        break;
      }
      const [key, rate] = value;
      if (isSpent(rate.state, rate, now)) this.#rates.delete(key);
    }
    let looked = 0;
    for (const [key, places] of this.#places) {
      if (looked >= limit) break;
      looked += 1;
      this.#expire(key, places, now);
    }
  }

  #refusal(rules: readonly RateRule[], now: number): Taken | undefined {
    let refusal: Extract<Taken, { allowed: false }> | undefined;
    for (const rule of rules) {
      const retryAfterMs = waitMs(this.#rates.get(rule.key)?.state ?? UNUSED, rule, now);
      if (retryAfterMs > (refusal?.retryAfterMs ?? 0)) refusal = { allowed: false, key: rule.key, retryAfterMs };
    }
    return refusal;
  }

  #forgetOldest(): void {
    while (this.#rates.size > this.#maxKeys) {
      const [oldest = ""] = this.#rates.keys();
      this.#rates.delete(oldest);
    }
  }

  #hold(key: string, id: string, untilMs: number): void {
    let places = this.#places.get(key);
    if (places === undefined) {
      places = new Map();
      this.#places.set(key, places);
    }
    places.set(id, untilMs);
  }

  #expire(key: string, places: Map<string, number>, now: number): void {
    for (const [id, untilMs] of places) if (untilMs <= now) places.delete(id);
    if (places.size === 0) this.#places.delete(key);
  }
}

function wholeMs(): number {
  return Math.floor(performance.now());
}
