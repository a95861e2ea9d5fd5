/** What `String.prototype.isWellFormed` and `toWellFormed` do, which are newer than the language level of the project. */

/** With the `u` flag a pair is one character, so that only half of one is found. */
const LONE = /\p{Surrogate}/u;
const EVERY_LONE = /\p{Surrogate}/gu;

export function isWellFormed(text: string): boolean {
  return !LONE.test(text);
}

/** `text` with U+FFFD for every half of a character. */
export function toWellFormed(text: string): string {
  return text.replace(EVERY_LONE, "\ufffd");
}
