/** What the cases of the store contract are made of. No test runner: a case passes when its promise resolves. */
import type { CounterStore } from "../../stores/counters.js";
import type { ClaimRequest, OperationStore, Retention } from "../../stores/operations.js";
import type { RelayStore } from "../../stores/relay.js";
import type { StreamStore } from "../../stores/types.js";
import type { MaybePromise } from "../../util/maybe-promise.js";

/** One line of a contract, to be registered in any test runner: `test(name, run)`. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

interface Fixture {
  /** Lets time pass for the store. Without it the cases wait, for fractions of a second. */
  advance?(ms: number): MaybePromise<void>;
  /** Closes and removes what the case used. */
  dispose?(): MaybePromise<void>;
}

/** A store of operations with nothing in it, and what its cases may do with it. */
export interface OperationStoreFixture extends Fixture {
  readonly store: OperationStore;
  /** The same data as another process sees it; without it, one handle stands for both. */
  readonly other?: OperationStore;
  /** Makes the record of a key unreadable, for stores whose records can be damaged. */
  damage?(key: string): MaybePromise<void>;
  /** Opens the same data anew, as after a crash, for stores that survive one. */
  reopen?(): MaybePromise<OperationStore>;
}

/** A store of streams with nothing in it. */
export interface StreamStoreFixture extends Fixture {
  readonly store: StreamStore;
}

/** A store of counts with nothing in it. */
export interface CounterStoreFixture extends Fixture {
  readonly store: CounterStore;
  /** The same data as another process sees it; without it, one handle stands for both. */
  readonly other?: CounterStore;
  /** Opens the same data anew, as after a crash, for stores that survive one. */
  reopen?(): MaybePromise<CounterStore>;
}

/** A relay with nothing in it. */
export interface RelayStoreFixture extends Fixture {
  readonly store: RelayStore;
  /** The same data as another process sees it; without it, one handle stands for both. */
  readonly other?: RelayStore;
}

/** A lease that is to run out: short enough to wait for. No case needs it to last for more than one write. */
export const LEASE_MS = 100;
/** Longer than anything a case does. */
export const LONG_MS = 600_000;
export const KEPT: Retention = { ttlMs: LONG_MS, tombstoneMs: LONG_MS };

/** A claim as the ledger makes it, with what a case wants otherwise. */
export function claimOf(key: string, more: Partial<ClaimRequest> = {}): ClaimRequest {
  const base = { key, fingerprint: "asked", id: `${key}-first`, owner: "one", leaseMs: LONG_MS };
  return { ...base, begin: true, takeOver: true, ...more };
}

/** Lets `ms` and a little more pass. */
export async function pass(fixture: Fixture, ms: number): Promise<void> {
  if (fixture.advance !== undefined) await fixture.advance(ms + 1);
  // Clocks that count whole milliseconds may be one behind at either end.
  else await new Promise((resolve) => setTimeout(resolve, ms + 3));
}

/** Claims and expects to win. */
export async function win(
  store: OperationStore,
  request: ClaimRequest,
): Promise<Extract<Awaited<ReturnType<OperationStore["claim"]>>, { state: "won" }>> {
  const claim = await store.claim(request);
  if (claim.state !== "won") throw new Error(`a claim was to win; it got ${JSON.stringify(claim)}`);
  return claim;
}

/** Claims and expects exactly this answer. */
export async function gets(store: OperationStore, request: ClaimRequest, answer: object): Promise<void> {
  same(await store.claim(request), answer, "the answer of a claim");
}

/** Expects two values to be equal as JSON, whatever the order of their members. */
export function same(found: unknown, expected: unknown, what: string): void {
  const [one, other] = [sorted(found), sorted(expected)];
  if (one !== other) throw new Error(`${what}: expected ${other}, found ${one}`);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Expects a method to throw, or to reject, with this code. */
export async function refuses(work: () => unknown, what: string, code?: string): Promise<void> {
  try {
    await work();
  } catch (error) {
    const found = (error as { code?: unknown }).code;
    if (code === undefined || found === code) return;
    throw new Error(`${what} was to fail with ${code}; it failed with ${String(found ?? error)}`);
  }
  throw new Error(`${what} was to fail${code === undefined ? "" : ` with ${code}`}; it did not`);
}

/** A case with a fixture of its own, which is disposed of whatever happens. */
export function caseOf<F extends Fixture>(
  create: () => MaybePromise<F>,
  name: string,
  body: (fixture: F) => Promise<void>,
): ContractCase {
  const run = async () => {
    const fixture = await create();
    try {
      await body(fixture);
    } finally {
      await fixture.dispose?.();
    }
  };
  return { name, run };
}

function sorted(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) => {
      if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
      return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
    }) ?? "undefined"
  );
}
