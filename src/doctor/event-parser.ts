/** Server-sent events, receiving side (WHATWG HTML, "Server-sent events"). */

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/** Most that one stream may make us keep. */
const MAX_CHARACTERS = 8_388_608;

export class EventParser {
  readonly events: StreamEvent[] = [];
  comments = 0;
  lastEventId = "";
  readonly #decoder = new TextDecoder();
  #rest = "";
  #data: string[] = [];
  #event = "";
  #touched = false;
  #characters = 0;

  push(chunk: Buffer): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    this.#characters += text.length;
    if (this.#characters > MAX_CHARACTERS) return;
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) {
      this.comments += 1;
      return;
    }
    const [field = "", ...rest] = line.split(":");
    const value = rest.join(":").replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id") this.lastEventId = value;
    if (field === "data" || field === "id") this.#touched = true;
  }

  #dispatch(): void {
    // An event without data primes a client to resume; here it counts as one.
    if (this.#touched) {
      this.events.push({ event: this.#event || "message", data: this.#data.join("\n"), id: this.lastEventId });
    }
    this.#data = [];
    this.#event = "";
    this.#touched = false;
  }
}
