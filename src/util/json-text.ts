/** What `JSON.stringify` writes for half a surrogate pair begins so; so does a backslash before such text. */
const SUSPECT = "\\ud";
/** One escape at a time, so that a backslash that is itself escaped begins none. */
const ESCAPES = /\\(?:(ud[89a-f][\da-f]{2})|.)/g;
const REPLACEMENT = "\ufffd";

/**
 * JSON text that every reader takes. A string that was cut in the middle of a character (an emoji, say) ends in half a
 * surrogate pair, for which JSON has an escape that strict parsers refuse, those of the Python and Rust clients among
 * them: the whole answer would be lost for it. Such halves become U+FFFD, as they do in UTF-8.
 */
export function jsonText(value: object): string {
  const text = JSON.stringify(value);
  return text.includes(SUSPECT) ? text.replace(ESCAPES, replaced) : text;
}

function replaced(whole: string, half: string | undefined): string {
  return half === undefined ? whole : REPLACEMENT;
}
