import {
  type Acquired,
  ALLOWED,
  type CounterStore,
  type Place,
  type PlaceRule,
  type RateRule,
  type Taken,
} from "../../stores/counters.js";
import { isSpent, taken, UNUSED, waitMs } from "../../stores/rate.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import {
  decodePlace,
  decodeRate,
  encodePlace,
  encodeRate,
  type HeldPlace,
  isFresh,
  isOver,
} from "./counter-records.js";
import type { Environment, Table } from "./environment.js";

/** Keys of rates that are held: about 150 bytes each in the file. Beyond, one of them is forgotten for each new one. */
export const MAX_RATE_KEYS = 1_000_000;
/** Records among which the one to be forgotten is chosen: keys are hashes, so neighbours are a fair sample. */
const SAMPLE = 32;

/**
 * Counts in an LMDB environment; every process that opens the same directory shares them. Refusals are found by reading
 * alone: whoever asks too often costs no write.
 */
export class LmdbCounterStore implements CounterStore {
  readonly shared = true;
  readonly #environment: Environment;
  readonly #owner: string;
  readonly #maxKeys: number;
  readonly #rates: Table;
  /** By key and id, so that the places under one key are neighbours. */
  readonly #places: Table;
  readonly #swept = new Map<Table, string>();

  constructor(
    environment: Environment,
    owner: string,
    { maxKeys = MAX_RATE_KEYS }: { readonly maxKeys?: number } = {},
  ) {
    this.#environment = environment;
    this.#owner = owner;
    this.#maxKeys = maxKeys;
    this.#rates = environment.table("rates");
    this.#places = environment.table("places");
  }

  peek(rules: readonly RateRule[]): Taken {
    this.#environment.refresh();
    return this.#refusal(rules) ?? ALLOWED;
  }

  take(rules: readonly RateRule[]): MaybePromise<Taken> {
    this.#environment.refresh();
    const refused = this.#refusal(rules);
    if (refused !== undefined) return refused;
    return this.#environment.write((): Taken => this.#refusal(rules) ?? this.#count(rules), "committed");
  }

  acquire(id: string, rules: readonly PlaceRule[], leaseMs: number): MaybePromise<Acquired> {
    this.#environment.refresh();
    const full = this.#full(rules);
    if (full !== undefined) return { allowed: false, key: full };
    return this.#environment.write((): Acquired => {
      const key = this.#full(rules);
      if (key !== undefined) return { allowed: false, key };
      for (const rule of rules) this.#hold(rule.key, id, leaseMs);
      return ALLOWED;
    }, "committed");
  }

  renew(places: readonly Place[], leaseMs: number): MaybePromise<void> {
    return this.#environment.write(() => {
      for (const { id, keys } of places) for (const key of keys) this.#hold(key, id, leaseMs);
    }, "committed");
  }

  release({ id, keys }: Place): MaybePromise<void> {
    // The server has stopped: its places are free already, and nothing is opened for them again.
    if (!this.#environment.isOpen) return;
    return this.#environment.write(() => {
      for (const key of keys) this.#places.remove(placeKey(key, id));
    }, "committed");
  }

  sweep(limit: number): MaybePromise<void> {
    const rates = this.#looked(this.#rates, limit, (value) => this.#isIdle(value));
    const places = this.#looked(this.#places, limit, (value) => this.#isFree(decodePlace(value)));
    if (rates.length === 0 && places.length === 0) return;
    return this.#environment.write(() => {
      // Looked at again: they may have been used since.
      for (const key of rates) if (this.#isIdle(this.#rates.get(key) ?? "")) this.#rates.remove(key);
      for (const key of places) if (this.#isFree(decodePlace(this.#places.get(key) ?? ""))) this.#places.remove(key);
    }, "committed");
  }

  #refusal(rules: readonly RateRule[]): Taken | undefined {
    let refusal: Extract<Taken, { allowed: false }> | undefined;
    for (const rule of rules) {
      const state = this.#stateOf(rule);
      const retryAfterMs = waitMs(state, rule, this.#now());
      if (retryAfterMs > (refusal?.retryAfterMs ?? 0)) refusal = { allowed: false, key: rule.key, retryAfterMs };
    }
    return refusal;
  }

  #count(rules: readonly RateRule[]): Taken {
    for (const rule of rules) {
      if (this.#rates.get(rule.key) === undefined && this.#rates.size() >= this.#maxKeys) this.#forgetOne(rule.key);
      this.#rates.put(rule.key, encodeRate({ ...rule, state: taken(this.#stateOf(rule), rule, this.#now()) }));
    }
    return ALLOWED;
  }

  /** Read before the clock is: what another process has just written is never of the future. */
  #stateOf(rule: RateRule): number {
    const rate = decodeRate(this.#rates.get(rule.key) ?? "");
    return rate === undefined || !isFresh(rate, this.#now()) ? UNUSED : rate.state;
  }

  /** Of some records beside the new one, the one that has its full limit again first. */
  #forgetOne(near: string): void {
    let first: { readonly key: string; readonly at: number } | undefined;
    for (const { key, value } of this.#around(near)) {
      const rate = decodeRate(value);
      const at = rate === undefined ? 0 : rate.state / rate.limit;
      if (first === undefined || at < first.at) first = { key, at };
    }
    if (first !== undefined) this.#rates.remove(first.key);
  }

  #around(near: string): readonly { readonly key: string; readonly value: string }[] {
    const after = [...this.#rates.range({ start: near, limit: SAMPLE })];
    return after.length > 0 ? after : [...this.#rates.range({ limit: SAMPLE })];
  }

  /** The first key under which there is no place. */
  #full(rules: readonly PlaceRule[]): string | undefined {
    return rules.find(({ key, max }) => max !== Number.POSITIVE_INFINITY && this.#held(key, max) >= max)?.key;
  }

  /** Places that count; how many more than `max` nobody needs to know. */
  #held(key: string, max: number): number {
    const owners: string[] = [];
    for (const { value } of this.#places.range({ start: placeKey(key, ""), end: placeKey(key, LAST) })) {
      const place = decodePlace(value);
      if (place !== undefined && !isOver(place, this.#now())) owners.push(place.owner);
    }
    if (owners.length < max) return owners.length;
    const alive = new Map([...new Set(owners)].map((owner) => [owner, this.#environment.isAlive(owner)]));
    return owners.filter((owner) => alive.get(owner) === true).length;
  }

  #hold(key: string, id: string, leaseMs: number): void {
    const place = { until: this.#now() + leaseMs, leaseMs, owner: this.#owner };
    this.#places.put(placeKey(key, id), encodePlace(place));
  }

  /** Keys of records that count no longer, among the next `limit`. */
  #looked(table: Table, limit: number, ended: (value: string) => boolean): readonly string[] {
    const start = this.#swept.get(table) ?? "";
    const records = [...table.range({ start, limit })];
    const last = records.at(-1)?.key;
    // The last one is looked at again: it is there to begin at, whatever comes in between.
    if (last === undefined || records.length < limit || limit < 2) this.#swept.delete(table);
    else this.#swept.set(table, last);
    return records.filter(({ value }) => ended(value)).map(({ key }) => key);
  }

  #isIdle(value: string): boolean {
    const rate = decodeRate(value);
    const now = this.#now();
    return rate === undefined || isSpent(rate.state, rate, now) || !isFresh(rate, now);
  }

  #isFree(place: HeldPlace | undefined): boolean {
    return place === undefined || isOver(place, this.#now()) || !this.#environment.isAlive(place.owner);
  }

  #now(): number {
    return this.#environment.time().lease;
  }
}

/** Sorts after every id: ids are made of letters, digits, `-`, `_` and `.`. */
const LAST = "~";

function placeKey(key: string, id: string): string {
  return `${key} ${id}`;
}
