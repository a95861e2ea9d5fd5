import { createHash } from "node:crypto";

/** A secret that people or programs hand out; below 16 characters it can be found by trying. */
const MIN_LENGTH = 16;
/** What a header carries without quoting; no space, so that two values joined by ", " are never one secret. */
const VISIBLE = /^[!-~]+$/;

/** SHA-256 of a text. Digests all have one length and say nothing of the text, so comparing them tells no one anything. */
export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Throws a TypeError for a secret that is short or cannot stand in a header; the message does not repeat it. */
export function assertSecret(secret: unknown, what: string): asserts secret is string {
  if (typeof secret === "string" && secret.length >= MIN_LENGTH && VISIBLE.test(secret)) return;
  throw new TypeError(`${what} must have at least ${MIN_LENGTH} characters, visible ASCII and no spaces.`);
}

/** A copy of permissions or roles that nobody changes later; a TypeError for anything but a list of names. */
export function assertNames(names: unknown, what: string): readonly string[] {
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string" && name !== "")) {
    throw new TypeError(`${what} must be a list of names.`);
  }
  return Object.freeze([...(names as readonly string[])]);
}

/** Header names are tokens (RFC 9110, section 5.1); compared in lower case. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function assertHeaderName(name: unknown, what: string): string {
  if (typeof name === "string" && HEADER_NAME.test(name)) return name.toLowerCase();
  throw new TypeError(`${what} must be the name of a header.`);
}
