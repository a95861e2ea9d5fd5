import type { KeyObject } from "node:crypto";
import { HoldfastError } from "../errors.js";
import { nodeCrypto } from "../util/crypto.js";
import { randomPooled } from "../util/random.js";

/** Short secrets can be guessed offline from one sealed value. */
const MIN_SECRET_LENGTH = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** Enough to pick the right key out of a few; a collision only costs a second attempt. */
const KEY_ID_BYTES = 2;
const HEAD_BYTES = KEY_ID_BYTES + IV_BYTES;

interface SealKey {
  readonly id: Buffer;
  /** Made once: bytes would be made into one for each value. */
  readonly key: KeyObject;
}

/**
 * Encrypts and authenticates small values that travel through clients: session ids, request state, cursors
 * (AES-256-GCM; the purpose is part of the key, so one kind of value cannot pass for another). The first secret seals;
 * all of them open, so a key is rotated by putting the new one in front.
 */
export class Sealer {
  readonly #keys: readonly SealKey[];

  constructor(secrets: readonly string[], purpose: string) {
    assertSecrets(secrets);
    this.#keys = secrets.map((secret) => deriveKey(secret, purpose));
  }

  /** Seals `plain` into base64url text; `bound` is authenticated with it and must be given again to open it. */
  seal(plain: string, bound = ""): string {
    const [current] = this.#keys;
    if (current === undefined) throw new HoldfastError("ERR_SEAL", "No seal key.");
    const iv = randomPooled(IV_BYTES);
    const cipher = nodeCrypto().createCipheriv("aes-256-gcm", current.key, iv);
    cipher.setAAD(Buffer.from(bound));
    const text = cipher.update(plain, "utf8");
    // Counter mode has nothing left over: this only ends it.
    cipher.final();
    return assemble(current.id, iv, text, cipher.getAuthTag());
  }

  /** What was sealed, or undefined when the text is not ours, was altered, or is bound to something else. */
  open(sealed: string, bound = ""): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    // The decoder skips what it cannot read; only the exact text we made is accepted.
    if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes.toString("base64url") !== sealed) return undefined;
    const id = bytes.subarray(0, KEY_ID_BYTES);
    for (const key of this.#keys) {
      if (!key.id.equals(id)) continue;
      const plain = decrypt(key.key, bytes, bound);
      if (plain !== undefined) return plain;
    }
    return undefined;
  }
}

/** Throws `ERR_SEAL` for no secret or a short one; called at start, so that nobody finds out at the first request. */
export function assertSecrets(secrets: readonly string[]): void {
  if (secrets.length === 0) throw new HoldfastError("ERR_SEAL", "At least one seal secret is needed.");
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) continue;
    throw new HoldfastError("ERR_SEAL", `A seal secret needs at least ${MIN_SECRET_LENGTH} characters (MCP_SECRET).`);
  }
}

/** One block filled by hand: a list for `Buffer.concat` costs a tenth of the whole. */
function assemble(id: Buffer, iv: Buffer, text: Buffer, tag: Buffer): string {
  const sealed = Buffer.allocUnsafe(HEAD_BYTES + text.length + TAG_BYTES);
  sealed.set(id, 0);
  sealed.set(iv, KEY_ID_BYTES);
  sealed.set(text, HEAD_BYTES);
  sealed.set(tag, HEAD_BYTES + text.length);
  return sealed.toString("base64url");
}

function deriveKey(secret: string, purpose: string): SealKey {
  const key = Buffer.from(nodeCrypto().hkdfSync("sha256", secret, "holdfast", `holdfast/${purpose}/v1`, KEY_BYTES));
  const id = nodeCrypto().createHash("sha256").update(key).digest().subarray(0, KEY_ID_BYTES);
  return { id, key: nodeCrypto().createSecretKey(key) };
}

function decrypt(key: KeyObject, bytes: Buffer, bound: string): string | undefined {
  try {
    const decipher = nodeCrypto().createDecipheriv("aes-256-gcm", key, bytes.subarray(KEY_ID_BYTES, HEAD_BYTES));
    decipher.setAAD(Buffer.from(bound));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const plain = Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]);
    return plain.toString("utf8");
  } catch {
    return undefined;
  }
}
