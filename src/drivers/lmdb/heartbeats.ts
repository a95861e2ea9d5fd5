import type { Environment, Table } from "./environment.js";
import { ownerState } from "./owner.js";

/** How often a process that writes streams says that it is there. */
const BEAT_MS = 5000;
/** After this silence its streams may be taken over: three beats, as long as a lease by default. */
const SILENT_MS = 15_000;

/**
 * Which processes still write their streams. Processes of one machine and namespace can be looked up; of others (another
 * container, or where there is no /proc) only what they say here is known.
 */
export class Heartbeats {
  readonly #environment: Environment;
  readonly #owner: string;
  readonly #owners: Table;
  #timer: NodeJS.Timeout | undefined;

  constructor(environment: Environment, owner: string) {
    this.#environment = environment;
    this.#owner = owner;
    this.#owners = environment.table("owners");
  }

  /** From now on this process says that it is there. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#timer.unref();
    this.#beat();
  }

  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#environment.write(() => this.#owners.remove(this.#owner), "committed").catch(() => {});
  }

  /** True while the owner is there, as far as anybody can know. */
  isServing(owner: string): boolean {
    const state = ownerState(owner);
    if (state !== "unknown") return state === "alive";
    const beatAt = Number(this.#owners.get(owner) ?? Number.NaN);
    const now = this.#environment.time().lease;
    // A beat of the future is one of another boot.
    return beatAt <= now && now - beatAt < SILENT_MS;
  }

  #beat(): void {
    const { lease } = this.#environment.time();
    this.#environment.write(() => this.#owners.put(this.#owner, String(lease)), "committed").catch(() => {});
  }
}
