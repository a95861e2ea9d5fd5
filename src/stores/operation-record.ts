/** The states of one operation as pure functions: stores that read and write records one at a time share them. */
import { HoldfastError } from "../errors.js";
import { isObject } from "../util/json.js";
import {
  type Claim,
  type ClaimRequest,
  type JournalEntry,
  LASTING_ENTRY,
  type Moved,
  type OperationSnapshot,
  type Retention,
} from "./operations.js";

/** The version of the record's form; a record of a later one is not touched. */
export const RECORD_VERSION = 1;

export interface OperationRecord {
  readonly version: typeof RECORD_VERSION;
  readonly id: string;
  readonly fingerprint: string;
  readonly state: "claimed" | "started" | "suspended" | "done" | "tombstone";
  readonly owner: string;
  readonly fence: number;
  /** When the lease runs out, by the store's clock. */
  readonly leaseUntil: number;
  /** The date of the last claim. */
  readonly claimedAt: number;
  readonly journal: readonly JournalEntry[];
  readonly request?: string;
  readonly outcome?: string;
  /** Until when the outcome (or the suspended state) can be had. */
  readonly keptUntil?: number;
  /** Until when the key is remembered. */
  readonly tombstoneUntil?: number;
}

/**
 * The store's time, in milliseconds. Leases go by a clock that nobody can set (monotonic, the same for all processes
 * that share the store); retention goes by the date, which must outlive a restart of the machine.
 */
export interface StoreTime {
  readonly lease: number;
  readonly date: number;
}

/**
 * An operation that nobody claimed for this long after its owner died: nobody will go on with it. If it had begun, its
 * key is remembered for as long again, as that of a recorded outcome is: the work is not done a second time.
 */
const ABANDONED_MS = 86_400_000;

/**
 * Places for fences in each millisecond of the store's clock. A fence with the number of milliseconds since boot, or
 * since 1970, times this is a safe integer for centuries.
 */
const FENCES_PER_MS = 1024;

/** What a transition answers, and the record to write; undefined leaves the record as it is. */
export interface Transition {
  readonly answer: Claim;
  readonly record?: OperationRecord;
}

/** Decides a claim. `isAlive` may know that an owner is dead before its lease runs out. */
export function claimRecord(
  record: OperationRecord | undefined,
  request: ClaimRequest,
  now: StoreTime,
  isAlive: (owner: string) => boolean = () => true,
): Transition {
  if (record === undefined || isForgotten(record, now)) return won(undefined, request, now);
  if (record.state === "tombstone") return { answer: { state: "expired" } };
  if (isExpired(record, now)) return { answer: { state: "expired" }, record: entomb(record, now) };
  if (record.fingerprint !== request.fingerprint) return { answer: { state: "conflict" } };
  const { id } = record;
  if (record.state === "done") return { answer: { state: "done", id, outcome: record.outcome ?? "" } };
  if (record.state === "suspended") return won(record, request, now);
  if (record.leaseUntil > now.lease && isAlive(record.owner)) return { answer: { state: "running", id } };
  if (record.state === "started" && !request.takeOver) return { answer: { state: "doubt", id } };
  return won(record, request, now);
}

function won(before: OperationRecord | undefined, request: ClaimRequest, now: StoreTime): Transition {
  const began = before?.state === "started";
  const record: OperationRecord = {
    version: RECORD_VERSION,
    id: before?.id ?? request.id,
    fingerprint: request.fingerprint,
    // A start that was recorded once stays recorded: the effect may be there, whoever owns the operation now.
    state: request.begin || began ? "started" : "claimed",
    owner: request.owner,
    fence: before === undefined ? firstFence(request.id, now) : before.fence + 1,
    leaseUntil: now.lease + request.leaseMs,
    claimedAt: now.date,
    journal: before?.journal ?? [],
    ...((request.request ?? before?.request) !== undefined && { request: request.request ?? before?.request ?? "" }),
  };
  const { id, fence, journal } = record;
  return { answer: { state: "won", id, fence, existed: before !== undefined, began, journal }, record };
}

/**
 * The fence of a new record is none that an earlier record of the same key had: an owner that slept while the record
 * was released or forgotten, or its write that comes late, must not be taken for the owner of the next one.
 */
function firstFence(id: string, now: StoreTime): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(index)) | 0;
  return Math.max(0, Math.floor(now.lease)) * FENCES_PER_MS + ((hash >>> 0) % FENCES_PER_MS) + 1;
}

function isPast(date: number | undefined, now: StoreTime): boolean {
  return date !== undefined && date <= now.date;
}

/** True when nothing about the key is remembered any more. */
export function isForgotten(record: OperationRecord, now: StoreTime): boolean {
  if (record.state === "suspended") return isPast(record.keptUntil, now);
  if (record.state === "done" || record.state === "tombstone") return isPast(record.tombstoneUntil, now);
  // By the clock of leases: one that was renewed for days is not old, and a date that is set makes none so.
  const unclaimedMs = now.lease - record.leaseUntil;
  return unclaimedMs >= (record.state === "started" ? 2 * ABANDONED_MS : ABANDONED_MS);
}

/** True when the key is remembered and nothing else. */
function isExpired(record: OperationRecord, now: StoreTime): boolean {
  if (record.state === "done") return isPast(record.keptUntil, now);
  return record.state === "started" && now.lease - record.leaseUntil >= ABANDONED_MS;
}

/** What is left when the outcome is no longer kept, or will never come: the key. */
function entomb(record: OperationRecord, now: StoreTime): OperationRecord {
  const { outcome: _outcome, request: _request, ...rest } = record;
  const tombstoneUntil = record.tombstoneUntil ?? later(now.date, ABANDONED_MS);
  return { ...rest, state: "tombstone", journal: [], tombstoneUntil };
}

/** What becomes of a record whose time has passed: smaller, gone (undefined), or as it is. */
export function aged(record: OperationRecord, now: StoreTime): OperationRecord | undefined {
  if (isForgotten(record, now)) return undefined;
  return isExpired(record, now) ? entomb(record, now) : record;
}

/** The record if `fence` is its own and it is still being worked on; throws `ERR_FENCE_LOST` otherwise. */
export function held(record: OperationRecord | undefined, fence: number): OperationRecord {
  const open = record?.state === "claimed" || record?.state === "started";
  if (record === undefined || !open || record.fence !== fence) {
    throw new HoldfastError("ERR_FENCE_LOST", "The operation was taken over; what this owner did is not recorded.");
  }
  return record;
}

export function started(record: OperationRecord): OperationRecord {
  return { ...record, state: "started" };
}

export function renewed(record: OperationRecord, leaseUntil: number): OperationRecord {
  return { ...record, leaseUntil };
}

export function journaled(record: OperationRecord, entry: JournalEntry): OperationRecord {
  if (record.journal.some(([key]) => key === entry[0])) return record;
  return { ...record, journal: [...record.journal, entry] };
}

export function suspended(record: OperationRecord, now: StoreTime, { ttlMs }: Retention): OperationRecord {
  return { ...record, state: "suspended", leaseUntil: 0, keptUntil: later(now.date, ttlMs) };
}

export function committed(
  record: OperationRecord,
  outcome: string,
  now: StoreTime,
  retention: Retention,
): OperationRecord {
  const { request: _request, ...rest } = record;
  const keptUntil = later(now.date, retention.ttlMs);
  const tombstoneUntil = later(keptUntil, retention.tombstoneMs);
  const journal = rest.journal.filter(([key]) => key.startsWith(LASTING_ENTRY));
  return { ...rest, state: "done", journal, outcome, leaseUntil: 0, keptUntil, tombstoneUntil };
}

/** What is left under the key of an operation that goes on under another one. */
export function movedAway(record: OperationRecord, { outcome, retention }: Moved, now: StoreTime): OperationRecord {
  return committed({ ...record, journal: [] }, outcome, now, retention);
}

/** What a record says to somebody who claims nothing; undefined when nothing about it is remembered. */
export function snapshotOf(
  record: OperationRecord,
  now: StoreTime,
  isAlive: (owner: string) => boolean = () => true,
): OperationSnapshot | undefined {
  if (isForgotten(record, now)) return undefined;
  const { id, fingerprint, journal } = record;
  const state = snapshotState(record, now, isAlive);
  return { id, fingerprint, state, journal, outcome: state === "done" ? record.outcome : undefined };
}

function snapshotState(
  record: OperationRecord,
  now: StoreTime,
  isAlive: (owner: string) => boolean,
): OperationSnapshot["state"] {
  if (record.state === "tombstone") return "expired";
  if (record.state === "done") return isPast(record.keptUntil, now) ? "expired" : "done";
  if (record.state === "suspended") return "suspended";
  return record.leaseUntil > now.lease && isAlive(record.owner) ? "running" : "cut-off";
}

/** JSON has no infinity: a lifted bound is a date that never comes. */
function later(now: number, ms: number): number {
  return Math.min(now + ms, Number.MAX_SAFE_INTEGER);
}

const STATES: ReadonlySet<unknown> = new Set(["claimed", "started", "suspended", "done", "tombstone"]);

/** A record from its text; undefined when it is damaged or of another version. */
export function decodeRecord(text: string): OperationRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.version !== RECORD_VERSION || !STATES.has(value.state)) return undefined;
  const whole =
    typeof value.id === "string" &&
    typeof value.fingerprint === "string" &&
    typeof value.owner === "string" &&
    Number.isSafeInteger(value.fence) &&
    typeof value.leaseUntil === "number" &&
    typeof value.claimedAt === "number" &&
    Array.isArray(value.journal) &&
    (value.state !== "done" || typeof value.outcome === "string");
  return whole ? (value as unknown as OperationRecord) : undefined;
}

export function encodeRecord(record: OperationRecord): string {
  return JSON.stringify(record);
}
