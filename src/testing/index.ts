/**
 * Helpers for tests of servers: `import { connect } from "holdfast/testing"`.
 *
 * @module
 */

export { connect, LOCAL, TestClient } from "./connect.js";
export type { CallOptions, ConnectOptions, ElicitRequestParams } from "./options.js";
export type { MatcherResult } from "./permission-matchers.js";
export { holdfastMatchers } from "./permission-matchers.js";
export type { NamedPrincipals, PermissionCell, PermissionMatrix, PermissionRow } from "./permission-matrix.js";
export { permissionMatrix } from "./permission-matrix.js";
export type {
  ContractCase,
  CounterStoreFixture,
  OperationStoreFixture,
  RelayStoreFixture,
  StreamStoreFixture,
} from "./store-contract/index.js";
export {
  counterStoreContract,
  operationStoreContract,
  relayStoreContract,
  streamStoreContract,
} from "./store-contract/index.js";
