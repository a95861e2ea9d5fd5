/**
 * `node:crypto`, loaded when something is first hashed, sealed or made up: a tenth of what it takes to start a server
 * over stdio, whose calls that only read need none of it. Where a module cannot be had on demand, src/index.ts
 * provides it at once.
 */
import type * as Crypto from "node:crypto";

let loaded: typeof Crypto | undefined;

/** What `nodeCrypto()` is from now on. */
export function provideCrypto(crypto: typeof Crypto): void {
  loaded = crypto;
}

export function nodeCrypto(): typeof Crypto {
  loaded ??= process.getBuiltinModule("node:crypto");
  return loaded;
}
