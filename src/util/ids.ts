import { nodeCrypto } from "./crypto.js";
import { randomPooled } from "./random.js";

/** 128 bits: not guessable, no collisions in the life of a server (security record, row 6). */
const ID_BYTES = 16;

/** A random identifier of 128 bits in base64url (22 characters). */
export function randomId(): string {
  return randomPooled(ID_BYTES).toString("base64url");
}

/** A short identifier that ties a masked error on the wire to the full one in the log. */
export function correlationId(): string {
  return nodeCrypto().randomUUID();
}

/** SHA-256 of `text` in base64url. */
export function sha256(text: string): string {
  return nodeCrypto().createHash("sha256").update(text).digest("base64url");
}
