/** Helpers for tests of servers: `import { connect } from "holdfast/testing"`. */
export type { CallOptions, ConnectOptions, ElicitRequestParams } from "./connect.js";
export { connect, LOCAL, TestClient } from "./connect.js";
