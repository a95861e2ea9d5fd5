/** The store all processes of a simulation share: the real state machine over records kept as texts, and a witness. */
import { HoldfastError } from "../../src/errors.js";
import {
  aged,
  claimRecord,
  committed,
  decodeRecord,
  encodeRecord,
  held,
  journaled,
  type OperationRecord,
  renewed,
  type StoreTime,
  started,
  suspended,
} from "../../src/stores/operation-record.js";
import type { Claim, ClaimRequest, JournalEntry, Retention } from "../../src/stores/operations.js";
import type { StoreWitness } from "./checker.js";
import type { Host, World } from "./world.js";

/** Sees every change in the moment it is made. */
export interface SharedStoreParts {
  readonly world: World;
  readonly witness: StoreWitness;
  /** False for an owner that is certainly dead; then nobody waits for its lease. */
  readonly isAlive: (owner: string) => boolean;
}

export class SharedStore {
  /** Told of every key that changed; whether anybody hears of it is up to the network. */
  onChange: (key: string) => void = () => {};
  protected readonly parts: SharedStoreParts;
  readonly #records = new Map<string, string>();

  constructor(parts: SharedStoreParts) {
    this.parts = parts;
  }

  time(): StoreTime {
    const { world } = this.parts;
    return { lease: world.nowMs, date: world.dateOf(undefined) };
  }

  claim(host: Host, request: ClaimRequest): Claim {
    const answer = this.unwitnessed(request);
    if (answer.state === "won") {
      const leaseUntil = this.time().lease + request.leaseMs;
      this.parts.witness.won({ host, key: request.key, leaseUntil, claim: answer });
    }
    return answer;
  }

  start(key: string, fence: number): void {
    this.write(key, started(this.held(key, fence)));
  }

  renew(key: string, fence: number, leaseMs: number): void {
    const leaseUntil = this.time().lease + leaseMs;
    this.write(key, renewed(this.held(key, fence), leaseUntil));
    this.parts.witness.renewed(key, fence, leaseUntil);
  }

  journal(key: string, fence: number, entry: JournalEntry): void {
    this.write(key, journaled(this.held(key, fence), entry));
    this.parts.witness.journaled(key, entry[0]);
  }

  suspend(key: string, fence: number, retention: Retention): void {
    this.write(key, suspended(this.held(key, fence), this.time(), retention));
    this.parts.witness.suspended(key, fence, retention);
    this.onChange(key);
  }

  commit(host: Host, key: string, fence: number, outcome: string, retention: Retention): void {
    this.write(key, committed(this.held(key, fence), outcome, this.time(), retention));
    this.parts.witness.recorded({ host, key, fence, outcome, retention });
    this.onChange(key);
  }

  release(host: Host, key: string, fence: number): void {
    this.held(key, fence);
    this.#records.delete(key);
    this.parts.witness.released(host, key, fence);
    this.onChange(key);
  }

  forget(key: string): void {
    if (this.read(key)?.state !== "done") return;
    this.#records.delete(key);
    this.parts.witness.forgotten(key);
  }

  sweep(limit: number): void {
    for (const key of [...this.#records.keys()].slice(0, limit)) {
      const record = this.read(key);
      const after = record === undefined ? undefined : aged(record, this.time());
      if (after === undefined) this.#records.delete(key);
      else this.write(key, after);
    }
  }

  protected unwitnessed(request: ClaimRequest): Claim {
    const { answer, record } = claimRecord(this.read(request.key), request, this.time(), this.parts.isAlive);
    if (record !== undefined) this.write(request.key, record);
    return answer;
  }

  /** What the witness is told about is only what was written: a record as a text, like in any store of another process. */
  protected read(key: string): OperationRecord | undefined {
    const text = this.#records.get(key);
    if (text === undefined) return undefined;
    const record = decodeRecord(text);
    if (record === undefined) throw new HoldfastError("ERR_STORE", "A record of the simulation is damaged.");
    return record;
  }

  protected write(key: string, record: OperationRecord): void {
    this.#records.set(key, encodeRecord(record));
  }

  protected held(key: string, fence: number): OperationRecord {
    return held(this.read(key), fence);
  }
}
