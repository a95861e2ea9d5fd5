import {
  aged,
  claimRecord,
  committed,
  held,
  journaled,
  movedAway,
  type OperationRecord,
  renewed,
  type StoreTime,
  snapshotOf,
  started,
  suspended,
} from "../operation-record.js";
import type {
  Claim,
  ClaimRequest,
  JournalEntry,
  Moved,
  OperationSnapshot,
  OperationStore,
  Retention,
  UnfinishedOperation,
} from "../operations.js";
import { Watchers } from "../watchers.js";

function processTime(): StoreTime {
  return { lease: performance.now(), date: Date.now() };
}

/** Operations in this process's memory: joined and replayed while it lives, gone with it. */
export class MemoryOperationStore implements OperationStore {
  readonly durability = "process";
  readonly #records = new Map<string, OperationRecord>();
  readonly #watchers = new Watchers();
  #sweeping: MapIterator<[string, OperationRecord]> | undefined;
  readonly #now: () => StoreTime;

  constructor(now: () => StoreTime = processTime) {
    this.#now = now;
  }

  get size(): number {
    return this.#records.size;
  }

  claim(request: ClaimRequest): Claim {
    const { answer, record } = claimRecord(this.#records.get(request.key), request, this.#now());
    if (record !== undefined) this.#records.set(request.key, record);
    return answer;
  }

  start(key: string, fence: number): void {
    this.#records.set(key, started(this.#held(key, fence)));
  }

  renew(key: string, fence: number, leaseMs: number): void {
    this.#records.set(key, renewed(this.#held(key, fence), this.#now().lease + leaseMs));
  }

  journal(key: string, fence: number, entry: JournalEntry): void {
    this.#records.set(key, journaled(this.#held(key, fence), entry));
  }

  suspend(key: string, fence: number, retention: Retention): void {
    this.#records.set(key, suspended(this.#held(key, fence), this.#now(), retention));
    this.#watchers.tell(key);
  }

  commit(key: string, fence: number, outcome: string, retention: Retention): void {
    const record = committed(this.#held(key, fence), outcome, this.#now(), retention);
    // To the end of the map: what is swept first is what was committed first.
    this.#records.delete(key);
    this.#records.set(key, record);
    this.#watchers.tell(key);
  }

  release(key: string, fence: number): void {
    this.#held(key, fence);
    this.#records.delete(key);
    this.#watchers.tell(key);
  }

  forget(key: string): void {
    if (this.#records.get(key)?.state === "done") this.#records.delete(key);
  }

  move(key: string, fence: number, moved: Moved): void {
    const record = this.#held(key, fence);
    this.#records.set(moved.to, record);
    this.#records.set(key, movedAway(record, moved, this.#now()));
    this.#watchers.tell(key);
  }

  inspect(key: string): OperationSnapshot | undefined {
    const record = this.#records.get(key);
    return record === undefined ? undefined : snapshotOf(record, this.#now());
  }

  watch(key: string, listener: () => void): () => void {
    return this.#watchers.add(key, listener);
  }

  unfinished(limit: number): readonly UnfinishedOperation[] {
    const found: UnfinishedOperation[] = [];
    const now = this.#now();
    for (const [key, { state, leaseUntil, id, fingerprint, request }] of this.#records) {
      if (found.length >= limit) break;
      if ((state !== "claimed" && state !== "started") || leaseUntil > now.lease) continue;
      found.push({ key, id, fingerprint, began: state === "started", request });
    }
    return found;
  }

  sweep(limit: number): void {
    const now = this.#now();
    for (let looked = 0; looked < limit; looked += 1) {
      // Goes on where the last sweep ended: what lasts long must not hide what does not.
      this.#sweeping ??= this.#records.entries();
      const { done, value } = this.#sweeping.next();
      if (done === true) {
        this.#sweeping = undefined;
        return;
      }
      const [key, record] = value;
      const after = aged(record, now);
      if (after === undefined) this.#records.delete(key);
      else if (after !== record) this.#records.set(key, after);
    }
  }

  #held(key: string, fence: number): OperationRecord {
    return held(this.#records.get(key), fence);
  }
}
