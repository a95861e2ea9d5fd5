/**
 * What a server prints, read more leniently than clients read it: a message is understood however it is wrapped, so that
 * one fault of the output hides no other, and every deviation is noted.
 */
import { isUtf8 } from "node:buffer";
import { isObject, type JsonObject } from "../../util/json.js";
import type { OutputFault } from "./faults/output.js";
import { BETWEEN_MESSAGES, ESCAPES, parsed } from "./lenient-json.js";
import { judgeMessage } from "./message-rules.js";
import { isNpmBanner, quoted, textFault } from "./stray-text.js";

/** Where in the life of the server something was printed. */
export const BEFORE = "before the first message";
export const BETWEEN = "between messages";
const AFTER = "after stdin was closed";
type Phase = typeof BEFORE | typeof BETWEEN | typeof AFTER;

export interface Observation {
  readonly id: OutputFault;
  readonly seen: string;
}

/** More than any answer to what is asked here; a server that prints without end is cut off. */
const MAX_PENDING_BYTES = 16_777_216;
/** Lines of a message that was printed over several; longer ones are text. */
const MAX_JOINED_LINES = 5000;
const LF = 0x0a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export class OutputReader {
  readonly messages: JsonObject[] = [];
  readonly observations: Observation[] = [];
  bytes = 0;
  #pending: Buffer = Buffer.alloc(0);
  /** Of lines that are no JSON by themselves and may be together. */
  #joined: string[] = [];
  /** The message at the end was understood, and its line feed has not come. */
  #open = false;
  #ending = false;
  /** Messages have headers of their length in front. */
  #framed = false;

  get phase(): Phase {
    if (this.#ending) return AFTER;
    return this.messages.length === 0 ? BEFORE : BETWEEN;
  }

  /** From now on the server has been told to end. */
  ending(): void {
    this.#ending = true;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    if (this.bytes === 0 && chunk.subarray(0, 3).equals(BOM)) {
      this.#note("stdout-bom", "the output begins with the bytes ef bb bf");
      rest = chunk.subarray(3);
    }
    this.bytes += chunk.length;
    if (this.#open) rest = this.#closeLine(rest);
    this.#pending = this.#pending.length === 0 ? rest : Buffer.concat([this.#pending, rest]);
    if (this.#pending.length > MAX_PENDING_BYTES) this.#pending = Buffer.alloc(0);
    for (let end = this.#pending.indexOf(LF); end >= 0; end = this.#pending.indexOf(LF)) {
      const line = this.#pending.subarray(0, end);
      this.#pending = this.#pending.subarray(end + 1);
      this.#line(line);
    }
    this.#peek();
  }

  /** Nothing more will come. */
  end(): void {
    this.#flushJoined();
    if (this.#open) this.#unterminated();
    else if (this.#pending.length > 0) this.#partial(this.#pending.toString());
    this.#pending = Buffer.alloc(0);
    this.#open = false;
  }

  #partial(text: string): void {
    if (/^\s*[{[]/.test(text)) this.#note("stdout-partial", `the last line has no end: ${quoted(text)}`);
    else this.#text(text);
  }

  /** A message whose line feed is late; what comes instead of one shows that there is none. */
  #closeLine(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    const ended = /^(\r?)\n/.exec(chunk.subarray(0, 2).toString("latin1"));
    if (ended === null && chunk.length === 1 && chunk[0] === 0x0d) return Buffer.alloc(0);
    this.#open = false;
    if (ended === null) {
      this.#unterminated();
      return chunk;
    }
    if (ended[1] !== "") this.#note("stdout-crlf", "lines end with CR LF");
    return chunk.subarray(ended[0].length);
  }

  #unterminated(): void {
    this.#note("stdout-unterminated", `no line feed after ${quoted(JSON.stringify(this.messages.at(-1)))}`);
  }

  /** A whole message without its line feed is understood at once: it may never come. */
  #peek(): void {
    if (this.#pending.length === 0 || !/[}\]]\s*$/.test(this.#pending.subarray(-4).toString("latin1"))) return;
    const text = [...this.#joined, this.#pending.toString()].join("\n").trim();
    // Without line feeds several run together.
    const values = text.split(BETWEEN_MESSAGES).map(parsed);
    if (values.some((one) => one === undefined)) return;
    this.#pending = Buffer.alloc(0);
    if (this.#joined.splice(0).length > 0) this.#multiline(text);
    for (const [index, value] of values.entries()) {
      if (index > 0) this.#unterminated();
      this.#message(value, text);
    }
    // Behind a header of its length nothing follows a message; that is told once.
    this.#open = !this.#framed;
  }

  #line(raw: Buffer): void {
    if (!isUtf8(raw))
      this.#note("stdout-invalid-utf8", `bytes that are not UTF-8 ${this.phase}: ${quoted(raw.toString())}`);
    let text = raw.toString();
    if (this.#framed) {
      if (text.trim() === "") return;
      // The next header follows the message at once.
      text = text.replace(/^(\{.*\})(?=Content-Length:)/i, (message) => {
        this.#message(parsed(message), message);
        return "";
      });
    }
    if (/^Content-(Length|Type):/i.test(text)) {
      this.#framed = true;
      this.#note("stdout-content-length", `a header in front of the message: ${quoted(text)}`);
      return;
    }
    if (text.endsWith("\r")) {
      text = text.slice(0, -1);
      if (parsed(text) !== undefined) this.#note("stdout-crlf", "lines end with CR LF");
    }
    const value = parsed(text);
    if (value !== undefined && this.#joined.length === 0) return this.#message(value, text);
    this.#collect(text);
  }

  /** Lines that are no JSON: together they may be a message, else they are text. */
  #collect(text: string): void {
    if (this.#joined.length === 0 && !/^\s*[{[]\s*$/.test(text)) return this.#text(text);
    this.#joined.push(text);
    if (/^\s*[}\]]\s*$/.test(text)) {
      const whole = this.#joined.join("\n");
      const value = parsed(whole);
      if (value !== undefined) {
        this.#joined = [];
        this.#multiline(whole);
        return this.#message(value, whole);
      }
    }
    if (this.#joined.length > MAX_JOINED_LINES) this.#flushJoined();
  }

  #flushJoined(): void {
    for (const line of this.#joined.splice(0)) this.#text(line);
  }

  #multiline(text: string): void {
    this.#note("stdout-multiline", `one message on ${text.split("\n").length} lines: ${quoted(text)}`);
  }

  #text(text: string): void {
    const { phase } = this;
    if (text.trim() === "" && !text.includes("\r")) {
      this.#note("stdout-blank-line", `an empty line ${phase}`);
      return;
    }
    const id = textFault(text);
    const likely = isNpmBanner(text) ? ", the banner of npm run" : LIKELY[phase];
    this.#note(id, `${phase}: ${quoted(text)}${id === "stdout-text" ? likely : ""}`);
    // A message that a colour or a progress bar was written into is still answered.
    const cleaned = /\{.*\}/s.exec(text.replace(ESCAPES, ""))?.[0];
    const value = cleaned === undefined ? undefined : parsed(cleaned);
    if (isObject(value) && value.jsonrpc === "2.0") this.#message(value, text);
  }

  #message(value: unknown, text: string): void {
    const wrong = judgeMessage(value);
    if (wrong !== undefined) this.#note(wrong, quoted(text));
    if (isObject(value)) this.messages.push(value);
  }

  #note(id: OutputFault, seen: string): void {
    this.observations.push({ id, seen });
  }
}

const LIKELY: Readonly<Record<Phase, string>> = {
  [BEFORE]: ", printed while the program starts: a banner, or console.log or print at import",
  [BETWEEN]: ", printed while a request was handled: console.log or print in a handler, or in a library",
  [AFTER]: ", printed while the program ends",
};
