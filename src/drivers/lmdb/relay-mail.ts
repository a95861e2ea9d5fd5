/**
 * Messages between processes, as tables. Everything that writes is called in a write transaction.
 * 1. An address has an entry as long as somebody listens at it; the entry names the process.
 * 2. A message lies in the inbox of that process, never anywhere else: who looks for messages reads one range.
 * 3. With the address go its messages.
 * 4. `chars` is what all messages hold together; with the last message it is 0 again.
 */
import { HoldfastError } from "../../errors.js";
import { RELAY_TTL_MS, type Sent } from "../../stores/relay.js";
import { sha256 } from "../../util/ids.js";
import type { Environment, Table } from "./environment.js";

/** Messages of one address: a question has one answer, and a client that is not sure of it sends it again. */
export const MAX_ADDRESS_MESSAGES = 16;
/** Characters of the messages of one address: four of the largest bodies a client may send by default. */
export const MAX_ADDRESS_CHARS = 16_777_216;
/** Messages of all addresses; they lie for a tenth of a second, so even thousands a second are far fewer. */
export const MAX_MESSAGES = 10_000;
/** Characters of all messages: what processes that are stopped for a while can make the file grow by. */
export const MAX_CHARS = 67_108_864;
/** Addresses that are listened at, about 150 bytes each: ten processes full of calls that all ask something. */
export const MAX_ADDRESSES = 100_000;

/** Digits of the number of a message: numbers as texts of one length sort as they do. */
const SEQ_DIGITS = 15;

export interface MailBounds {
  readonly messages: number;
  readonly chars: number;
  readonly addresses: number;
}

export interface Letter {
  readonly key: string;
  readonly address: string;
  readonly text: string;
}

export class RelayMail {
  readonly #environment: Environment;
  readonly #bounds: MailBounds;
  /** The process that listens, by address. */
  readonly #listeners: Table;
  /** By inbox, address and number; each text with the time at which it came before it. */
  readonly #messages: Table;
  readonly #totals: Table;
  readonly #swept = new Map<Table, string>();

  constructor(environment: Environment, bounds: MailBounds) {
    this.#environment = environment;
    this.#bounds = bounds;
    this.#listeners = environment.table("relay-listeners");
    this.#messages = environment.table("relay-messages");
    this.#totals = environment.table("relay-totals");
  }

  /** Who listens at an address. */
  listener(address: string): string | undefined {
    return this.#listeners.get(address);
  }

  open(address: string, owner: string): void {
    if (this.#listeners.size() >= this.#bounds.addresses) {
      throw new HoldfastError("ERR_LIMIT", "Too many requests wait for their clients in all processes together.");
    }
    this.#listeners.put(address, owner);
  }

  /** The process listens there no more; another one may. */
  close(address: string, owner: string): void {
    if (this.#listeners.get(address) === owner) this.#listeners.remove(address);
    for (const { key } of [...this.#messages.range(within(`${inboxOf(owner)} ${address}`))]) this.remove(key);
  }

  /** Puts a text into the inbox of who listens. */
  put(address: string, owner: string, text: string): Exclude<Sent, "nobody"> {
    const prefix = `${inboxOf(owner)} ${address}`;
    const before = [...this.#messages.range(within(prefix))];
    const value = `${this.#now()} ${text}`;
    const chars = before.reduce((sum, one) => sum + one.value.length, value.length);
    if (before.length >= MAX_ADDRESS_MESSAGES || chars > MAX_ADDRESS_CHARS) return "full";
    const held = this.#chars();
    if (this.#messages.size() >= this.#bounds.messages || held + value.length > this.#bounds.chars) return "full";
    const seq = Number(before.at(-1)?.key.slice(-SEQ_DIGITS) ?? 0) + 1;
    this.#totals.put("chars", String(held + value.length));
    this.#messages.put(`${prefix} ${String(seq).padStart(SEQ_DIGITS, "0")}`, value);
    return "sent";
  }

  /** What lies in the inbox of a process. */
  inbox(owner: string, limit: number): readonly Letter[] {
    const letters: Letter[] = [];
    for (const { key, value } of this.#messages.range({ ...within(inboxOf(owner)), limit })) {
      letters.push({ key, address: addressOf(key), text: value.slice(value.indexOf(" ") + 1) });
    }
    return letters;
  }

  remove(key: string): void {
    const value = this.#messages.get(key);
    if (value === undefined) return;
    const held = this.#chars() - value.length;
    this.#messages.remove(key);
    this.#totals.put("chars", String(Math.max(0, held)));
  }

  /** Lets go of what is for nobody any more; looks at `limit` records of each kind, at others the next time. */
  sweep(limit: number, isServing: (owner: string) => boolean): void {
    for (const { key: address, value: owner } of this.#next(this.#listeners, limit)) {
      if (!isServing(owner)) this.close(address, owner);
    }
    const now = this.#now();
    for (const { key, value } of this.#next(this.#messages, limit)) {
      const at = Number(value.slice(0, value.indexOf(" ")));
      // One of the future is of another boot.
      const fresh = at <= now && now - at <= RELAY_TTL_MS;
      if (!fresh || this.#listeners.get(addressOf(key)) === undefined) this.remove(key);
    }
  }

  #next(table: Table, limit: number): readonly { readonly key: string; readonly value: string }[] {
    const records = [...table.range({ start: this.#swept.get(table) ?? "", limit })];
    const last = records.at(-1)?.key;
    if (last === undefined || records.length < limit) this.#swept.delete(table);
    else this.#swept.set(table, `${last}!`);
    return records;
  }

  #chars(): number {
    return this.#messages.size() === 0 ? 0 : Number(this.#totals.get("chars") ?? 0) || 0;
  }

  #now(): number {
    return this.#environment.time().lease;
  }
}

/** Names of owners have spaces, and are long. */
function inboxOf(owner: string): string {
  return sha256(owner);
}

function addressOf(key: string): string {
  return key.split(" ")[1] ?? "";
}

/** Keys that go on with a space after `prefix`. */
function within(prefix: string): { readonly start: string; readonly end: string } {
  return { start: `${prefix} `, end: `${prefix}!` };
}
