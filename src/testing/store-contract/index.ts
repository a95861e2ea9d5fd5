/**
 * The contracts of stores as cases for any test runner, so that a store of your own is held to what ours are held to.
 *
 * @example
 * ```ts
 * for (const { name, run } of operationStoreContract(() => ({ store: myStore() }))) test(name, run);
 * ```
 */
import type { MaybePromise } from "../../util/maybe-promise.js";
import type {
  ContractCase,
  CounterStoreFixture,
  OperationStoreFixture,
  RelayStoreFixture,
  StreamStoreFixture,
} from "./cases.js";
import { caseOf } from "./cases.js";
import { CLAIM_CASES } from "./claims.js";
import { FENCE_CASES } from "./fences.js";
import { followsModel } from "./model.js";
import { OUTCOME_CASES } from "./outcomes.js";
import { PLACE_CASES } from "./places.js";
import { RATE_CASES } from "./rate-limits.js";
import { RELAY_CASES } from "./relays.js";
import { STREAM_CASES } from "./streams.js";

export type { ContractCase, CounterStoreFixture, OperationStoreFixture, RelayStoreFixture, StreamStoreFixture };

/**
 * Every line of the contract of operation stores; each case asks `create` for a store with nothing in it.
 *
 * @example
 * ```ts
 * for (const { name, run } of operationStoreContract(() => ({ store: createStore() }))) test(name, run);
 * ```
 */
export function operationStoreContract(create: () => MaybePromise<OperationStoreFixture>): readonly ContractCase[] {
  const cases = Object.entries({ ...CLAIM_CASES, ...FENCE_CASES, ...OUTCOME_CASES });
  return [
    ...cases.map(([name, body]) => caseOf(create, name, body)),
    caseOf(create, "random sequences of calls are answered as the contract has it", followsModel),
  ];
}

/**
 * Every line of the contract of stream stores.
 *
 * @example
 * ```ts
 * for (const { name, run } of streamStoreContract(() => ({ store: createStore() }))) test(name, run);
 * ```
 */
export function streamStoreContract(create: () => MaybePromise<StreamStoreFixture>): readonly ContractCase[] {
  return Object.entries(STREAM_CASES).map(([name, body]) => caseOf(create, name, body));
}

/**
 * Every line of the contract of counter stores.
 *
 * @example
 * ```ts
 * for (const { name, run } of counterStoreContract(() => ({ store: createStore() }))) test(name, run);
 * ```
 */
export function counterStoreContract(create: () => MaybePromise<CounterStoreFixture>): readonly ContractCase[] {
  return Object.entries({ ...RATE_CASES, ...PLACE_CASES }).map(([name, body]) => caseOf(create, name, body));
}

/**
 * Every line of the contract of relays.
 *
 * @example
 * ```ts
 * for (const { name, run } of relayStoreContract(() => ({ store: createStore() }))) test(name, run);
 * ```
 */
export function relayStoreContract(create: () => MaybePromise<RelayStoreFixture>): readonly ContractCase[] {
  return Object.entries(RELAY_CASES).map(([name, body]) => caseOf(create, name, body));
}
