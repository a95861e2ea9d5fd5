/**
 * Newline framing of the bytes on stdin.
 *
 * Invariants:
 * 1. Every byte is looked at once and copied at most a constant number of times, however the bytes
 *    are split into chunks (a doubling buffer: joining chunk after chunk would be quadratic, and a list
 *    of chunks costs a hundred times its bytes when a peer sends one byte at a time).
 * 2. No more than `maxLineBytes` of an unfinished line are ever held.
 * 3. Characters are decoded only when a line is whole, so a split inside one cannot damage it.
 */
import { isAscii, isUtf8 } from "node:buffer";

/**
 * Longest accepted line. 16 MiB: the largest messages real clients send are base64 images and documents
 * of a few MiB; a peer that sends more without a newline is broken or hostile.
 */
export const DEFAULT_MAX_LINE_BYTES: number = 16 * 1024 * 1024;

/** First size of the buffer for an unfinished line: one read of a pipe is at most 64 KiB. */
const FIRST_BUFFER_BYTES = 64 * 1024;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const EMPTY: Buffer = Buffer.alloc(0);

/** What a framer needs: the bound, and what to do with each kind of line. */
export interface LineFramerOptions {
  /** Longest line in bytes, without its newline. */
  readonly maxLineBytes?: number;
  /** A whole line, without its line ending. */
  onLine(text: string): void;
  /** A line passed the bound; called once for it, as soon as that is known. The rest of it is dropped. */
  onOverlong(bytesSeen: number): void;
  /** A line was not UTF-8; called once for it. */
  onInvalidUtf8?(): void;
}

/** Cuts a byte stream into lines. Callbacks run inside `push` and `end`, in the order of the lines. */
export class LineFramer {
  readonly #options: LineFramerOptions;
  readonly #maxLineBytes: number;
  #held: Buffer = EMPTY;
  #heldBytes = 0;
  #dropping = false;
  #firstLine = true;

  constructor(options: LineFramerOptions) {
    this.#options = options;
    this.#maxLineBytes = options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES;
  }

  /** Takes the next bytes. They may be reused by the caller afterwards. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, start)) {
      const segment = bytes.subarray(start, at);
      start = at + 1;
      this.#endOfLine(segment);
    }
    if (start < bytes.length) this.#hold(start === 0 ? bytes : bytes.subarray(start));
  }

  /** The stream has ended: what is left is the last line. */
  end(): void {
    if (this.#dropping || this.#heldBytes > 0) this.#endOfLine(EMPTY);
  }

  #endOfLine(segment: Buffer): void {
    const first = this.#firstLine;
    this.#firstLine = false;
    if (this.#dropping) {
      this.#dropping = false;
      return;
    }
    const total = this.#heldBytes + segment.length;
    if (total > this.#maxLineBytes) {
      this.#forget();
      this.#options.onOverlong(total);
      return;
    }
    if (this.#heldBytes === 0) {
      this.#deliver(segment, first);
      return;
    }
    this.#append(segment);
    const line = this.#held.subarray(0, this.#heldBytes);
    // Forgotten before it is delivered: a callback that throws must not leave half a line behind.
    this.#forget();
    this.#deliver(line, first);
  }

  #hold(rest: Buffer): void {
    if (this.#dropping) return;
    const total = this.#heldBytes + rest.length;
    if (total <= this.#maxLineBytes) {
      this.#append(rest);
      return;
    }
    this.#forget();
    this.#dropping = true;
    this.#options.onOverlong(total);
  }

  #append(segment: Buffer): void {
    const needed = this.#heldBytes + segment.length;
    if (needed > this.#held.length) {
      const doubled = Math.max(needed, this.#held.length * 2, FIRST_BUFFER_BYTES);
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(doubled, this.#maxLineBytes)));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    segment.copy(this.#held, this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Drops the buffer too unless it is the small one: one large message must not cost memory for ever. */
  #forget(): void {
    this.#heldBytes = 0;
    if (this.#held.length > FIRST_BUFFER_BYTES) this.#held = EMPTY;
  }

  #deliver(line: Buffer, first: boolean): void {
    const start = first && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0;
    let end = line.length;
    if (end > start && line[end - 1] === CARRIAGE_RETURN) end -= 1;
    if (isBlank(line, start, end)) return;
    const text = decodeUtf8(start === 0 && end === line.length ? line : line.subarray(start, end));
    if (text === undefined) this.#options.onInvalidUtf8?.();
    else this.#options.onLine(text);
  }
}

function isBlank(line: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = line[at];
    if (byte !== SPACE && byte !== 0x09 && byte !== CARRIAGE_RETURN) return false;
  }
  return true;
}

/** Latin-1 is the cheaper decoder and says the same for ASCII, which is nearly every message. */
function decodeUtf8(bytes: Buffer): string | undefined {
  if (isAscii(bytes)) return bytes.toString("latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}
