/** Marks and comments between the members of a JSON document. */
import { createScanner } from "jsonc-parser";

/** Of `SyntaxKind` in jsonc-parser, which is a const enum and no value. */
const TOKEN = {
  closeBrace: 2,
  comma: 5,
  lineComment: 12,
  blockComment: 13,
  lineBreak: 14,
  trivia: 15,
  end: 17,
} as const;

/** The first comma behind an offset, with nothing but blanks and comments in between. */
export function commaBetween(text: string, from: number, to: number): number | undefined {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  for (;;) {
    const token = scanner.scan();
    if (token === TOKEN.end || scanner.getTokenOffset() >= to) return undefined;
    if (token === TOKEN.comma) return scanner.getTokenOffset();
    if (token < TOKEN.lineComment) return undefined;
  }
}

/** The end of the comments that stand on the same line behind an offset: they belong to what is before them. */
export function afterComments(text: string, from: number, to: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  let at = from;
  for (;;) {
    const token = scanner.scan();
    if (scanner.getTokenOffset() >= to) return at;
    if (token === TOKEN.lineComment || token === TOKEN.blockComment)
      at = scanner.getTokenOffset() + scanner.getTokenLength();
    else if (token !== TOKEN.trivia) return at;
  }
}

/** The last comment or mark before an offset; the blanks between the two are nobody's. */
export function tokenBefore(
  text: string,
  from: number,
  to: number,
): { readonly end: number; readonly isLineComment: boolean } {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  let found = { end: from, isLineComment: false };
  for (
    let token: number = scanner.scan();
    scanner.getTokenOffset() < to && token !== TOKEN.end;
    token = scanner.scan()
  ) {
    if (token === TOKEN.lineBreak || token === TOKEN.trivia) continue;
    found = { end: scanner.getPosition(), isLineComment: token === TOKEN.lineComment };
  }
  return found;
}
