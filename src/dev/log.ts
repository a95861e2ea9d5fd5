/** What passed between clients and the server, as far as it is kept: for the terminal and for the page. */

export interface Caller {
  readonly name?: string;
  readonly version?: string;
  readonly revision?: string;
  readonly transport: "http" | "sse";
}

export type Outcome =
  | { readonly kind: "ok" | "asks" | "cancelled" | "lost" }
  | { readonly kind: "tool_error"; readonly message: string }
  | { readonly kind: "error"; readonly code: number; readonly message: string }
  | { readonly kind: "http"; readonly status: number; readonly message: string };

/** A message beside the answer: progress, logs, questions of the server and what was said to them. */
export interface Note {
  readonly at: number;
  readonly method: string;
  readonly params: unknown;
}

/** One request and what came of it. Secrets are taken out before anything gets here. */
export interface Exchange {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly method: string;
  /** The tool, resource or prompt. */
  readonly name: string | undefined;
  readonly caller: Caller;
  readonly request: unknown;
  readonly notes: readonly Note[];
  readonly response: unknown;
  readonly outcome: Outcome | undefined;
  readonly ms: number | undefined;
  /** Of interest only to those who want to see everything: standing streams, notifications, metadata. */
  readonly quiet: boolean;
}

export type LogEvent =
  | { readonly type: "begin" | "end"; readonly exchange: Exchange }
  | { readonly type: "note"; readonly exchange: Exchange; readonly note: Note };

/** What a day of work looks back on; older entries are forgotten. */
const MAX_EXCHANGES = 300;
/** A tool may report progress without end. */
const MAX_NOTES = 200;
/** Of one message as JSON. Larger ones are images and tables that nobody reads in a log. */
const MAX_CHARACTERS = 65_536;

interface Open extends Exchange {
  readonly notes: Note[];
  response: unknown;
  outcome: Outcome | undefined;
  ms: number | undefined;
}

export type Begun = Pick<Exchange, "method" | "name" | "caller" | "request" | "quiet">;

export class DevLog {
  readonly #listeners = new Set<(event: LogEvent) => void>();
  readonly #exchanges = new Map<number, Open>();
  #last = 0;

  get exchanges(): readonly Exchange[] {
    return [...this.#exchanges.values()];
  }

  onEvent(listener: (event: LogEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  begin(begun: Begun): number {
    this.#last += 1;
    const open: Open = {
      ...begun,
      request: kept(begun.request),
      id: this.#last,
      at: Date.now(),
      notes: [],
      response: undefined,
      outcome: undefined,
      ms: undefined,
    };
    this.#exchanges.set(open.id, open);
    for (const oldest of this.#exchanges.keys()) {
      if (this.#exchanges.size <= MAX_EXCHANGES) break;
      this.#exchanges.delete(oldest);
    }
    this.#tell({ type: "begin", exchange: open });
    return open.id;
  }

  note(id: number, method: string, params: unknown): void {
    const open = this.#exchanges.get(id);
    if (open === undefined) return;
    const note = { at: Date.now(), method, params: kept(params) };
    open.notes.push(note);
    if (open.notes.length > MAX_NOTES) open.notes.shift();
    this.#tell({ type: "note", exchange: open, note });
  }

  /** The first end counts: what a client cancelled may still be answered. */
  end(id: number, outcome: Outcome, response: unknown): void {
    const open = this.#exchanges.get(id);
    if (open === undefined || open.outcome !== undefined) return;
    open.outcome = outcome;
    open.response = kept(response);
    open.ms = Date.now() - open.at;
    this.#tell({ type: "end", exchange: open });
  }

  clear(): void {
    for (const [id, { outcome }] of this.#exchanges) if (outcome !== undefined) this.#exchanges.delete(id);
  }

  #tell(event: LogEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function kept(value: unknown): unknown {
  const length = value === undefined ? 0 : JSON.stringify(value).length;
  return length <= MAX_CHARACTERS ? value : `(${length} characters of JSON, not kept)`;
}
