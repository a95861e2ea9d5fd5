/** JSON in what a server prints, whatever stands around it. */

/** Where one message follows another without a line feed. */
export const BETWEEN_MESSAGES: RegExp = /(?<=\})(?=\{"(?:jsonrpc|id|method|result|error)":)/;
/** Colours and movements of a terminal. */
export const ESCAPES: RegExp = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");

/** Objects and arrays alone: a number or a word that is JSON by chance is text. */
export function parsed(text: string): object | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
