import { HoldfastError } from "../../errors.js";
import {
  aged,
  claimRecord,
  committed,
  decodeRecord,
  encodeRecord,
  held,
  journaled,
  movedAway,
  type OperationRecord,
  renewed,
  type StoreTime,
  snapshotOf,
  started,
  suspended,
} from "../../stores/operation-record.js";
import type {
  Claim,
  ClaimRequest,
  Durability,
  JournalEntry,
  Moved,
  OperationSnapshot,
  OperationStore,
  Retention,
  UnfinishedOperation,
} from "../../stores/operations.js";
import { Watchers } from "../../stores/watchers.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import type { Environment, Table } from "./environment.js";

/** Operations in an LMDB environment; every process that opens the same directory shares them. */
export class LmdbOperationStore implements OperationStore {
  readonly durability: Durability;
  readonly #environment: Environment;
  readonly #records: Table;
  /** Keys of operations that are being worked on, so that recovery does not read everything. */
  readonly #open: Table;
  /** Keys by the date on which something is to be removed. */
  readonly #due: Table;
  readonly #watchers = new Watchers();

  constructor(environment: Environment) {
    this.#environment = environment;
    this.durability = environment.durability;
    this.#records = environment.table("operations");
    this.#open = environment.table("operations-open");
    this.#due = environment.table("operations-due");
  }

  claim(request: ClaimRequest): MaybePromise<Claim> {
    const { key } = request;
    return this.#environment.write(() => {
      const text = this.#records.get(key);
      const before = text === undefined ? undefined : decodeRecord(text);
      // Damaged, or written by a later version: nobody can say whether the work was done.
      if (text !== undefined && before === undefined) return { state: "doubt", id: request.id };
      const { time, isAlive } = this.#environment;
      const { answer, record } = claimRecord(before, request, time(), isAlive);
      if (record !== undefined) {
        this.#records.put(key, encodeRecord(record));
        if (answer.state === "won") this.#open.put(key, "");
      }
      return answer;
    });
  }

  start(key: string, fence: number): MaybePromise<void> {
    return this.#change(key, fence, started);
  }

  renew(key: string, fence: number, leaseMs: number): MaybePromise<void> {
    return this.#change(key, fence, (record) => renewed(record, this.#environment.time().lease + leaseMs));
  }

  journal(key: string, fence: number, entry: JournalEntry): MaybePromise<void> {
    return this.#change(key, fence, (record) => journaled(record, entry));
  }

  suspend(key: string, fence: number, retention: Retention): MaybePromise<void> {
    return this.#end(key, () => suspended(this.#held(key, fence), this.#environment.time(), retention));
  }

  commit(key: string, fence: number, outcome: string, retention: Retention): MaybePromise<void> {
    return this.#end(key, () => committed(this.#held(key, fence), outcome, this.#environment.time(), retention));
  }

  release(key: string, fence: number): MaybePromise<void> {
    return this.#end(key, () => {
      this.#held(key, fence);
      return undefined;
    });
  }

  forget(key: string): MaybePromise<void> {
    return this.#environment.write(() => {
      const text = this.#records.get(key);
      if (text !== undefined && decodeRecord(text)?.state === "done") this.#records.remove(key);
    });
  }

  move(key: string, fence: number, moved: Moved): MaybePromise<void> {
    const done = this.#environment.write(() => {
      const record = this.#held(key, fence);
      this.#records.put(moved.to, encodeRecord(record));
      this.#open.put(moved.to, "");
      this.#open.remove(key);
      this.#keep(key, movedAway(record, moved, this.#environment.time()));
    });
    this.#watchers.tell(key);
    return done;
  }

  inspect(key: string): OperationSnapshot | undefined {
    this.#environment.refresh();
    const record = decodeRecord(this.#records.get(key) ?? "");
    return record === undefined ? undefined : snapshotOf(record, this.#environment.time(), this.#environment.isAlive);
  }

  watch(key: string, listener: () => void): () => void {
    return this.#watchers.add(key, listener);
  }

  unfinished(limit: number): readonly UnfinishedOperation[] {
    const found: (UnfinishedOperation & { readonly claimedAt: number })[] = [];
    const now = this.#environment.time().lease;
    for (const { key } of this.#open.range({})) {
      const record = decodeRecord(this.#records.get(key) ?? "");
      if (record === undefined || (record.state !== "claimed" && record.state !== "started")) continue;
      if (record.leaseUntil > now && this.#environment.isAlive(record.owner)) continue;
      const { id, fingerprint, request, claimedAt } = record;
      found.push({ key, id, fingerprint, began: record.state === "started", request, claimedAt });
    }
    // The table is in the order of keys, which are hashes.
    const oldest = found.sort((one, other) => one.claimedAt - other.claimedAt).slice(0, limit);
    return oldest.map(({ claimedAt: _claimedAt, ...operation }) => operation);
  }

  sweep(limit: number): MaybePromise<void> {
    const now = this.#environment.time();
    const due = [...this.#due.range({ end: dueKey(now.date, ""), limit })];
    const abandoned = this.#abandoned(now, limit);
    if (due.length === 0 && abandoned.length === 0) return;
    return this.#environment.write(() => {
      for (const key of abandoned) this.#age(key, now);
      for (const { key: entry } of due) {
        this.#due.remove(entry);
        this.#age(entry.slice(entry.indexOf(" ") + 1), now);
      }
    });
  }

  /** Work that was cut off and that nobody asked for again: it has no date on which it is due. */
  #abandoned(now: StoreTime, limit: number): readonly string[] {
    const found: string[] = [];
    for (const { key } of this.#open.range({ limit })) {
      const record = decodeRecord(this.#records.get(key) ?? "");
      if (record !== undefined && aged(record, now) !== record) found.push(key);
    }
    return found;
  }

  #age(key: string, now: StoreTime): void {
    const record = decodeRecord(this.#records.get(key) ?? "");
    if (record === undefined) return;
    const after = aged(record, now);
    if (after === record) return this.#keep(key, record);
    this.#open.remove(key);
    if (after === undefined) this.#records.remove(key);
    else this.#keep(key, after);
  }

  #held(key: string, fence: number): OperationRecord {
    return held(decodeRecord(this.#records.get(key) ?? ""), fence);
  }

  #change(key: string, fence: number, change: (record: OperationRecord) => OperationRecord): MaybePromise<void> {
    return this.#environment.write(() => this.#records.put(key, encodeRecord(change(this.#held(key, fence)))));
  }

  /** The owner is through with the operation. */
  #end(key: string, change: () => OperationRecord | undefined): MaybePromise<void> {
    const done = this.#environment.write(() => {
      const record = change();
      this.#open.remove(key);
      if (record === undefined) this.#records.remove(key);
      else this.#keep(key, record);
    });
    const tell = () => this.#watchers.tell(key);
    done.then(tell, tell);
    return done;
  }

  #keep(key: string, record: OperationRecord): void {
    this.#records.put(key, encodeRecord(record));
    const next = record.state === "tombstone" ? record.tombstoneUntil : record.keptUntil;
    if (next !== undefined) this.#due.put(dueKey(next, key), "");
  }
}

/** Digits of the largest safe integer: dates as texts of one length sort as numbers do. */
const DATE_DIGITS = 16;

function dueKey(date: number, key: string): string {
  if (!Number.isFinite(date)) throw new HoldfastError("ERR_STORE", "A record has a date that is no date.");
  return `${String(Math.ceil(date)).padStart(DATE_DIGITS, "0")} ${key}`;
}
