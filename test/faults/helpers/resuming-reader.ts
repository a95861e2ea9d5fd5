/**
 * A client that reads one logical stream over as many connections as it takes: when a connection goes, it comes back
 * with the last event id it has, as the specifications of EventSource and of Streamable HTTP say.
 */
import { Queue, type RawStream, type SseEvent } from "../../support/raw-http.js";
import type { WireObject } from "../../support/wire-schema.js";

/** A client that gets nowhere would go on for ever. */
const MAX_CONNECTIONS = 500;

export interface Attempt {
  /** How many connections there were before. */
  readonly number: number;
  readonly lastEventId: string | undefined;
  /** To be passed to `open`, so that not a byte more is read. */
  readonly cut: { readonly cutAfter?: number };
}

export interface ReaderOptions {
  /** Opens a connection, the first one or after a cut; undefined means that there is nothing to come back for. */
  readonly open: (attempt: Attempt) => Promise<RawStream | undefined>;
  /** Bytes after which each connection is cut; those beyond the list live as long as they like. */
  readonly cuts?: readonly number[];
  /** The last message there is: a connection that the server ends before it is one to come back from. */
  readonly last?: (message: WireObject) => boolean;
  /** Runs between a cut and the next connection. */
  readonly onCut?: (attempt: { readonly number: number; readonly lastEventId: string | undefined }) => Promise<void>;
}

export class ResumingReader {
  /** Messages in order of arrival, over all connections. */
  readonly messages: Queue<WireObject> = new Queue();
  readonly ids: string[] = [];
  /** Events that are no messages: HTTP+SSE's `endpoint`. */
  readonly endpoints: Queue<string> = new Queue();
  readonly streams: RawStream[] = [];
  /** How the last connection ended, once it is clear that there will be no other. */
  readonly done: Promise<"end" | "lost">;
  lastEventId: string | undefined;
  readonly #options: ReaderOptions;
  #closing = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.done = this.#run();
    // Whoever waits for messages is told through the queue.
    this.done.catch(() => undefined);
  }

  get stream(): RawStream | undefined {
    return this.streams.at(-1);
  }

  /** Bytes of all connections so far. */
  get bytes(): number {
    return this.streams.reduce((sum, stream) => sum + stream.bytesRead, 0);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.stream?.close();
    await this.done;
  }

  async #run(): Promise<"end" | "lost"> {
    try {
      for (let attempt = 0; ; attempt += 1) {
        const bytes = this.#options.cuts?.[attempt];
        const cut = bytes === undefined ? {} : { cutAfter: bytes };
        const stream = await this.#options.open({ number: attempt, lastEventId: this.lastEventId, cut });
        if (stream === undefined) return this.#finish("lost");
        this.streams.push(stream);
        for await (const event of stream) this.#take(event);
        const end = await stream.closed;
        if (stream.messages.error !== undefined) throw stream.messages.error;
        if (stream.parser.lastEventId !== "") this.lastEventId = stream.parser.lastEventId;
        if (this.#closing || (end === "end" && this.#isComplete())) return this.#finish("end");
        if (attempt > MAX_CONNECTIONS) throw new Error(`${attempt} connections brought ${this.ids.length} events`);
        await this.#options.onCut?.({ number: attempt, lastEventId: this.lastEventId });
      }
    } catch (error) {
      this.messages.fail(error as Error);
      this.endpoints.fail(error as Error);
      throw error;
    }
  }

  #isComplete(): boolean {
    const { last } = this.#options;
    return last === undefined || this.messages.all.some(last);
  }

  #take(event: SseEvent): void {
    if (event.event !== "message") {
      this.endpoints.push(event.data);
      return;
    }
    this.ids.push(event.id);
    this.messages.push(JSON.parse(event.data) as WireObject);
  }

  #finish(how: "end" | "lost"): "end" | "lost" {
    this.messages.end();
    this.endpoints.end();
    return how;
  }
}

/** Throws unless the ids belong to one stream and rise by one from `first`. */
export function assertConsecutive(ids: readonly string[], first = 1): void {
  const stream = ids[0]?.slice(0, -String(first).length);
  for (const [index, id] of ids.entries()) {
    if (id !== `${stream}${first + index}`) throw new Error(`event ids are not consecutive: ${ids.join(", ")}`);
  }
}
