/** Takes server-sent events out of a stream that passes by, and keeps none of them. */

/** Of one event; what is larger passes unread. */
const MAX_CHARACTERS = 8_388_608;

export interface PassingEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

export class EventSplitter {
  readonly #onEvent: (event: PassingEvent) => void;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #lines: string[] = [];
  #characters = 0;

  constructor(onEvent: (event: PassingEvent) => void) {
    this.#onEvent = onEvent;
  }

  push(chunk: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > MAX_CHARACTERS) this.#rest = "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === "") return this.#dispatch();
    this.#characters += line.length;
    if (this.#characters <= MAX_CHARACTERS) this.#lines.push(line);
  }

  #dispatch(): void {
    const whole = this.#characters <= MAX_CHARACTERS;
    const fields = this.#lines.map((line) => /^([^:]*):? ?(.*)$/s.exec(line) ?? []);
    this.#lines = [];
    this.#characters = 0;
    if (!whole) return;
    const values = (name: string) => fields.filter(([, field]) => field === name).map(([, , value = ""]) => value);
    const data = values("data");
    const id = values("id").at(-1);
    if (data.length === 0 && id === undefined) return;
    this.#onEvent({ event: values("event").at(-1) ?? "message", data: data.join("\n"), id });
  }
}
