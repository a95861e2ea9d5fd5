import { nodeCrypto } from "./crypto.js";

/** Random bytes are drawn in blocks: a call into the system for each 16 of them costs more than the bytes. */
const POOL_BYTES = 4096;
let pool: Buffer | undefined;
let used = POOL_BYTES;

/** `count` random bytes from the system's generator, never handed out twice. At most `POOL_BYTES`. */
export function randomPooled(count: number): Buffer {
  if (pool === undefined || used + count > POOL_BYTES) {
    // A new block, not the old one refilled: what was handed out are views of it.
    pool = nodeCrypto().randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES));
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
