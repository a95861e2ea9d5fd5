import type { RelayListener, RelayStore, Sent, Unlisten } from "../../stores/relay.js";
import type { Environment } from "./environment.js";
import type { Heartbeats } from "./heartbeats.js";
import { MAX_ADDRESSES, MAX_CHARS, MAX_MESSAGES, type MailBounds, RelayMail } from "./relay-mail.js";

/** How often a process that listens looks into its inbox: who answers a question has taken seconds over it. */
const POLL_MS = 100;
/** Messages that are taken at one look; what is left is there at the next. */
const TAKEN_AT_ONCE = 100;
/** How often what dead processes left is looked for, while messages are sent and listened for, */
const SWEEP_EVERY_MS = 30_000;
/** and how many records at a time: few enough to hold up nobody. */
const SWEPT_AT_ONCE = 500;

const BOUNDS: MailBounds = { messages: MAX_MESSAGES, chars: MAX_CHARS, addresses: MAX_ADDRESSES };

/** What a relay is of: the process, and how it is known which others are there. */
export interface RelayOf {
  readonly owner: string;
  readonly heartbeats: Heartbeats;
  readonly bounds?: Partial<MailBounds>;
}

/**
 * Messages in an LMDB environment between the processes that open the same directory. A message to nobody costs a read;
 * a process that listens reads one empty range ten times a second, however many addresses it listens at.
 */
export class LmdbRelayStore implements RelayStore {
  readonly #environment: Environment;
  readonly #owner: string;
  readonly #heartbeats: Heartbeats;
  readonly #mail: RelayMail;
  readonly #listeners = new Map<string, RelayListener>();
  #timer: NodeJS.Timeout | undefined;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(environment: Environment, { owner, heartbeats, bounds }: RelayOf) {
    this.#environment = environment;
    this.#owner = owner;
    this.#heartbeats = heartbeats;
    this.#mail = new RelayMail(environment, { ...BOUNDS, ...bounds });
  }

  send(address: string, text: string): Sent | Promise<Sent> {
    this.#environment.refresh();
    if (this.#listener(address) === undefined) return "nobody";
    return this.#environment.write((): Sent => {
      this.#sweep();
      const listener = this.#listener(address);
      return listener === undefined ? "nobody" : this.#mail.put(address, listener, text);
    }, "committed");
  }

  async listen(address: string, listener: RelayListener): Promise<Unlisten> {
    this.#heartbeats.start();
    const unlisten = () => this.#unlisten(address, listener);
    this.#listeners.set(address, listener);
    this.#timer ??= setInterval(() => this.#look(), POLL_MS).unref();
    try {
      await this.#environment.write(() => {
        // First: it may make the room that is missed next, and is right whatever comes of that.
        this.#sweep();
        // It was given up before it was written.
        if (this.#listeners.get(address) === listener) this.#mail.open(address, this.#owner);
      }, "committed");
    } catch (error) {
      unlisten();
      throw error;
    }
    return unlisten;
  }

  /** Listens no more; the environment is closed after that. */
  stop(): void {
    for (const [address, listener] of this.#listeners) this.#unlisten(address, listener);
  }

  #unlisten(address: string, listener: RelayListener): void {
    if (this.#listeners.get(address) !== listener) return;
    this.#listeners.delete(address);
    this.#rest();
    // What cannot be removed now goes when this process is gone.
    if (!this.#environment.isOpen) return;
    this.#environment.write(() => this.#mail.close(address, this.#owner), "committed").catch(() => {});
  }

  #rest(): void {
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const taken: string[] = [];
    try {
      this.#environment.refresh();
      for (const { key, address, text } of this.#mail.inbox(this.#owner, TAKEN_AT_ONCE)) {
        taken.push(key);
        this.#listeners.get(address)?.(text);
      }
    } catch {
      // Whatever keeps the store from being read, the next look is soon.
    }
    if (taken.length === 0) return;
    const remove = () => {
      for (const key of taken) this.#mail.remove(key);
    };
    this.#environment.write(remove, "committed").catch(() => {});
  }

  /** Who listens, unless it is dead. */
  #listener(address: string): string | undefined {
    const owner = this.#mail.listener(address);
    return owner !== undefined && this.#heartbeats.isServing(owner) ? owner : undefined;
  }

  #sweep(): void {
    const { lease } = this.#environment.time();
    if (lease - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = lease;
    this.#mail.sweep(SWEPT_AT_ONCE, (owner) => this.#heartbeats.isServing(owner));
  }
}
