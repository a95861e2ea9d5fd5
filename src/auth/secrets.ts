import { nodeCrypto } from "../util/crypto.js";
import type { OptionChecks } from "../util/option-checks.js";
import { hideFromLogs } from "../util/redact.js";

/** A secret that people or programs hand out; below 16 characters it can be found by trying. */
const MIN_LENGTH = 16;
/** What a header carries without quoting; no space, so that two values joined by ", " are never one secret. */
const VISIBLE = /^[!-~]+$/;

/** SHA-256 of a text. Digests all have one length and say nothing of the text, so comparing them tells no one anything. */
export function sha256(text: string): Buffer {
  return nodeCrypto().createHash("sha256").update(text).digest();
}

/** Refuses a secret that is short or cannot stand in a header; neither the message nor any log repeats it. */
export function assertSecret(secret: unknown, name: string, checks: OptionChecks): string {
  if (typeof secret === "string" && secret.length >= MIN_LENGTH && VISIBLE.test(secret)) {
    hideFromLogs(secret);
    return secret;
  }
  throw checks.wrong(`${name} must have at least ${MIN_LENGTH} characters, visible ASCII and no spaces`);
}
