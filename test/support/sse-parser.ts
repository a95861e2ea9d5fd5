/** An event-stream parser after WHATWG HTML, "Interpreting an event stream"; also keeps what a browser would hide. */

/** What a browser's EventSource would dispatch. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  /** The last event id at this point, not only one of this event. */
  readonly id: string;
}

/** Everything between two blank lines, dispatched or not: a priming event has an id and no data to dispatch. */
export interface SseBlock {
  event?: string;
  data?: string;
  id?: string;
  retry?: number;
}

export class SseParser {
  /** What the client would send as Last-Event-ID: moves on at the blank line, so a cut event does not count. */
  lastEventId = "";
  retryMs: number | undefined;
  readonly comments: string[] = [];
  readonly blocks: SseBlock[] = [];
  readonly #decoder = new TextDecoder("utf-8");
  #text = "";
  /** A CR at the end of a chunk: an LF at the start of the next one belongs to it. */
  #afterCr = false;
  #idBuffer = "";
  #block: SseBlock = {};

  /** Takes the next bytes, cut anywhere, and returns the events that they complete. */
  push(chunk: Uint8Array): SseEvent[] {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    const events: SseEvent[] = [];
    for (let line = this.#takeLine(); line !== undefined; line = this.#takeLine()) {
      const event = line === "" ? this.#dispatch() : this.#field(line);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #takeLine(): string | undefined {
    if (this.#afterCr && this.#text.length > 0) {
      if (this.#text.startsWith("\n")) this.#text = this.#text.slice(1);
      this.#afterCr = false;
    }
    const end = this.#text.search(/[\r\n]/);
    if (end < 0) return undefined;
    const line = this.#text.slice(0, end);
    this.#afterCr = this.#text[end] === "\r";
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  #field(line: string): undefined {
    const colon = line.indexOf(":");
    if (colon === 0) {
      this.comments.push(line.slice(1));
      return;
    }
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#block.event = value;
    else if (name === "data")
      this.#block.data = this.#block.data === undefined ? value : `${this.#block.data}\n${value}`;
    else if (name === "id" && !value.includes("\0")) this.#idBuffer = this.#block.id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retryMs = this.#block.retry = Number(value);
  }

  #dispatch(): SseEvent | undefined {
    const block = this.#block;
    this.#block = {};
    this.lastEventId = this.#idBuffer;
    if (Object.keys(block).length > 0) this.blocks.push(block);
    if (block.data === undefined || block.data === "") return undefined;
    return { event: block.event || "message", data: block.data, id: this.lastEventId };
  }
}
