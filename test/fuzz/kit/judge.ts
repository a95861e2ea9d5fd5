/**
 * Judges messages of the server by the specification's schemas. Fuzzing brings the same answer over and over, and a
 * schema that is checked for the ten-thousandth time finds nothing: what was found good is remembered by its text.
 */
import { assertValidServerMessage } from "../../support/wire-schema.js";

/** Texts remembered; few enough that a leak is not hidden by them. */
const MAX_REMEMBERED = 4000;
/** Above the longest list of the server under fuzz; longer texts are echoes, and none comes twice. */
const MAX_LENGTH = 8192;

const good = new Set<string>();

/** Throws unless a server may send `message` (whose text, without its id, is `rest`) in `revision`. */
export function judge(message: unknown, rest: string, revision: string, method: string | undefined): void {
  const key = `${revision}\n${method ?? ""}\n${rest}`;
  if (good.has(key)) return;
  assertValidServerMessage(message, revision, method === undefined ? {} : { method });
  if (rest.length > MAX_LENGTH) return;
  if (good.size >= MAX_REMEMBERED) good.clear();
  good.add(key);
}
