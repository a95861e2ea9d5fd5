/**
 * Reads HTTP/1.1 responses off a socket: content-length, chunked, and streams without an end. Much less than HTTP, so
 * that the load costs less than what it measures; what it does not know it refuses.
 */
const CRLF = "\r\n";
const HEAD = 0;
const LENGTH = 1;
const CHUNK_SIZE = 2;
const CHUNK = 3;
const CHUNK_END = 4;
const TRAILER = 5;

export class HttpParser {
  #state = HEAD;
  /** Bytes of the body or of the chunk that are still to come. */
  #left = 0;
  #rest;
  #sink;

  /** `sink.head(status, text)`, `sink.body(bytes)` (valid during the call only), `sink.end()`. */
  constructor(sink) {
    this.#sink = sink;
  }

  push(chunk) {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next < 0) {
        // Copied, because the socket reads into the same memory again.
        this.#rest = Buffer.from(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** The offset after what was read, or -1 when more bytes are needed. */
  #step(bytes, at) {
    switch (this.#state) {
      case HEAD:
        return this.#head(bytes, at);
      case CHUNK_SIZE:
        return this.#chunkSize(bytes, at);
      case CHUNK_END:
        if (bytes.length < at + 2) return -1;
        this.#state = CHUNK_SIZE;
        return at + 2;
      case TRAILER:
        if (bytes.length < at + 2) return -1;
        this.#finish();
        return at + 2;
      default:
        return this.#data(bytes, at);
    }
  }

  #head(bytes, at) {
    const end = bytes.indexOf("\r\n\r\n", at, "latin1");
    if (end < 0) return -1;
    const text = bytes.latin1Slice(at, end);
    const status = (text.charCodeAt(9) - 48) * 100 + (text.charCodeAt(10) - 48) * 10 + text.charCodeAt(11) - 48;
    this.#sink.head(status, text);
    const length = /\r\ncontent-length: *(\d+)/i.exec(text);
    if (length !== null) {
      this.#left = Number(length[1]);
      if (this.#left === 0) this.#finish();
      else this.#state = LENGTH;
    } else if (/\r\ntransfer-encoding: *chunked/i.test(text)) this.#state = CHUNK_SIZE;
    else if (status === 204) this.#finish();
    else throw new Error(`an answer without length:\n${text}`);
    return end + 4;
  }

  #chunkSize(bytes, at) {
    const end = bytes.indexOf(CRLF, at, "latin1");
    if (end < 0) return -1;
    this.#left = Number.parseInt(bytes.latin1Slice(at, end), 16);
    if (!(this.#left >= 0)) throw new Error(`a bad chunk size: ${bytes.latin1Slice(at, end)}`);
    this.#state = this.#left === 0 ? TRAILER : CHUNK;
    return end + 2;
  }

  #data(bytes, at) {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#sink.body(bytes.subarray(at, end));
    if (this.#left === 0) {
      if (this.#state === CHUNK) this.#state = CHUNK_END;
      else this.#finish();
    }
    return end;
  }

  #finish() {
    this.#state = HEAD;
    this.#sink.end();
  }
}

export function headerOf(head, name) {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, "i").exec(head)?.[1];
}
