import type { Store } from "../../stores/types.js";
import { randomId } from "../../util/ids.js";
import { LmdbCounterStore } from "./counters.js";
import { countsEnvironment } from "./counts.js";
import { Environment, type EnvironmentOptions } from "./environment.js";
import { Heartbeats } from "./heartbeats.js";
import { LmdbOperationStore } from "./operations.js";
import { ownerName, retire, revive } from "./owner.js";
import { LmdbRelayStore } from "./relay.js";
import { LmdbStreamStore } from "./streams.js";

/** Bytes of a secret in base64url that nobody guesses. */
const SECRET_PARTS = 2;

/**
 * The embedded durable store: operations, stream logs, counts, answers on their way to the process that asked, and
 * the secret that seals session ids, in a directory that the processes of one machine may share. Needs the package `lmdb`.
 *
 * @example
 * ```ts
 * const mcp = new McpServer({ name: "orders", version: "1.0.0" }, { store: lmdbStore({ dir: "./data" }) });
 * ```
 * @throws HoldfastError `ERR_CONFIG` when `lmdb` is not installed, `ERR_STORE` when the directory cannot be used.
 */
export function lmdbStore(options: EnvironmentOptions): Store {
  const environment = new Environment(options);
  const owner = ownerName();
  const heartbeats = new Heartbeats(environment, owner);
  // Made late: most servers limit nothing and ask nothing, and opening takes milliseconds.
  let brief: Environment | undefined;
  let counters: LmdbCounterStore | undefined;
  let relay: LmdbRelayStore | undefined;
  const unflushed = () => {
    brief ??= countsEnvironment(options);
    return brief;
  };
  return {
    owner,
    secret: secretOf(environment),
    operations: new LmdbOperationStore(environment),
    get counters() {
      counters ??= new LmdbCounterStore(unflushed(), owner);
      return counters;
    },
    get relay() {
      relay ??= new LmdbRelayStore(unflushed(), { owner, heartbeats });
      return relay;
    },
    streams: new LmdbStreamStore(environment, owner, heartbeats),
    open: () => revive(owner),
    close: async () => {
      retire(owner);
      await heartbeats.stop();
      relay?.stop();
      await brief?.close();
      await environment.close();
    },
  };
}

/** Made once for the directory: ids that one process sealed are good in the next. */
function secretOf(environment: Environment): string {
  const table = environment.table("server");
  return environment.writeNow(() => {
    const known = table.get("secret");
    if (known !== undefined) return known;
    const made = Array.from({ length: SECRET_PARTS }, randomId).join("");
    table.put("secret", made);
    return made;
  });
}
