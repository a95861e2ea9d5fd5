/** A client that reads one event stream, drops its connection and comes back; it checks what it gets by itself. */
import type { EventSink } from "../../src/streams/event-sink.js";
import type { EventStream } from "../../src/streams/event-stream.js";
import type { StreamCursor, StreamRegistry } from "../../src/streams/registry.js";
import { SseParser } from "../support/sse-parser.js";
import type { Coverage } from "./coverage.js";
import type { Event, Host, World } from "./world.js";

/** The server's side as it is now; another one after it died. */
export interface StreamServer {
  readonly host: Host;
  readonly registry: StreamRegistry;
}

/** Short events count as long ones, so that a handful of them reaches the bounds at which streams pause and give up. */
const BYTES_PER_CHARACTER = 1500;
const NETWORK_MS = 30;
const RECONNECT_MS = 400;

/** A connection: what is written arrives in order, as fast as its reader takes it, unless it is cut before. */
class Connection implements EventSink {
  state: "open" | "ended" | "cut" = "open";
  readonly #world: World;
  readonly #host: Host;
  readonly #arrived: (text: string | undefined) => void;
  readonly #slowMs: number;
  readonly #waiting: string[] = [];
  #drained: (() => void) | undefined;
  #next: Event | undefined;

  constructor(world: World, host: Host, options: { slowMs: number; arrived: (text: string | undefined) => void }) {
    this.#world = world;
    this.#host = host;
    this.#slowMs = options.slowMs;
    this.#arrived = options.arrived;
  }

  get ended(): boolean {
    return this.state !== "open";
  }

  write(text: string): number {
    if (this.state !== "open") return 0;
    this.#waiting.push(text);
    this.#deliver();
    return this.#waiting.reduce((sum, one) => sum + one.length * BYTES_PER_CHARACTER, 0);
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
    this.#deliver();
  }

  abort(): void {
    this.cut();
    this.#world.after(this.#world.random.between(0, NETWORK_MS), undefined, () => this.#arrived(undefined));
  }

  whenDrained(listener: () => void): void {
    this.#drained = listener;
  }

  /** Nothing more arrives. */
  cut(): void {
    this.state = "cut";
    this.#waiting.length = 0;
  }

  #deliver(): void {
    if (this.#next !== undefined || this.state === "cut") return;
    const ms = this.#world.random.between(0, this.#slowMs);
    this.#next = this.#world.after(ms, undefined, () => {
      this.#next = undefined;
      if (this.state === "cut") return;
      const text = this.#waiting.shift();
      if (text !== undefined) this.#arrived(text);
      else if (this.state === "ended") this.#arrived(undefined);
      if (this.#waiting.length > 0 || (text !== undefined && this.state === "ended")) return this.#deliver();
      const drained = this.#drained;
      this.#drained = undefined;
      if (drained !== undefined) this.#world.after(0, this.#host, drained);
    });
  }
}

export interface ReaderParts {
  readonly world: World;
  readonly coverage: Coverage;
  readonly name: string;
  readonly owner: string;
  readonly server: () => StreamServer | undefined;
}

export class SimulatedReader {
  /** What was appended to the stream, in order; the number of an event is its place. */
  readonly appended: string[] = [];
  stream: EventStream | undefined;
  /** The server said that it knows nothing of the stream. */
  lost = false;
  lastSeq = 0;
  readonly #parts: ReaderParts;
  #lastEventId: string | undefined;
  #connection: Connection | undefined;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** Asks for the stream, or for the rest of it: MUST run in an event of the host. */
  connect(server: StreamServer): void {
    const { owner, coverage, world, name } = this.#parts;
    if (this.#lastEventId === undefined) {
      // Nothing arrived of a stream that was opened before: there is no way back to it, and the client knows.
      if (this.stream !== undefined) return this.#lose();
      this.stream = server.registry.create(owner, owner);
      if (this.stream === undefined) return this.#lose();
      this.stream.open(this.#open(server), true);
      return;
    }
    // Streams of this store end with their process, so what is found is found at once.
    const find = (who: string) => server.registry.find(this.#lastEventId ?? "", who, who) as StreamCursor | undefined;
    if (find("stranger") !== undefined) this.#fail("a stranger found the stream");
    const cursor = find(owner);
    if (cursor === undefined) return this.#lose();
    world.note(name, "resumes after", cursor.seq);
    coverage.resumes += 1;
    cursor.stream.resume(this.#open(server), cursor.seq);
  }

  /** The connection breaks; the server hears of it now, later, or not before the client is back. */
  drop(): void {
    const { world, coverage, server, name } = this.#parts;
    const connection = this.#connection;
    const at = server();
    if (connection === undefined) return;
    world.note(name, "drops");
    coverage.drops += 1;
    connection.cut();
    this.#connection = undefined;
    const heardMs = world.random.between(0, 2 * RECONNECT_MS);
    if (at !== undefined) world.after(heardMs, at.host, () => this.stream?.detach(connection));
    this.comeBack();
  }

  comeBack(): void {
    const { world, server } = this.#parts;
    world.after(world.random.between(0, RECONNECT_MS), undefined, () => {
      const at = server();
      if (at === undefined) return this.comeBack();
      world.after(world.random.between(0, NETWORK_MS), at.host, () => this.connect(at));
    });
  }

  /** The process of the server died, and everything it knew of the stream. */
  cutOff(): void {
    this.#connection?.cut();
    this.#connection = undefined;
    this.comeBack();
  }

  #open(server: StreamServer): Connection {
    const { world, coverage } = this.#parts;
    const parser = new SseParser();
    const slowMs = world.random.chance(0.3) ? 300 : 5;
    const connection: Connection = new Connection(world, server.host, {
      slowMs,
      arrived: (text) => {
        if (this.#connection !== connection) return;
        if (text !== undefined) return this.#read(parser, text);
        coverage.slowAborts += connection.state === "cut" ? 1 : 0;
        this.#connection = undefined;
        this.comeBack();
      },
    });
    this.#connection = connection;
    return connection;
  }

  #read(parser: SseParser, text: string): void {
    const events = parser.push(Buffer.from(text));
    if (parser.lastEventId !== "") this.#lastEventId = parser.lastEventId;
    for (const { id, data } of events) {
      const seq = Number(id.slice(id.lastIndexOf("_") + 1));
      this.#parts.coverage.delivered += 1;
      this.#parts.world.note(this.#parts.name, "gets", seq, data);
      this.#check(seq, data);
      this.lastSeq = seq;
    }
  }

  /** Each event once and in order; what is missing has been announced, with its number. */
  #check(seq: number, data: string): void {
    const gap = /"missed":(\d+)/.exec(data);
    if (gap !== null) {
      this.#parts.coverage.gaps += 1;
      if (seq !== this.lastSeq + Number(gap[1])) this.#fail(`a gap of ${gap[1]} after event ${this.lastSeq} is ${seq}`);
      return;
    }
    if (seq !== this.lastSeq + 1) this.#fail(`event ${seq} follows event ${this.lastSeq}`);
    else if (data !== this.appended[seq - 1]) this.#fail(`event ${seq} is ${data}, not ${this.appended[seq - 1]}`);
  }

  #lose(): void {
    this.lost = true;
    this.#parts.coverage.lostStreams += 1;
    this.#parts.world.note(this.#parts.name, "is told that there is no such stream");
  }

  #fail(text: string): void {
    this.#parts.world.fail(`${this.#parts.name}: ${text}`);
  }
}
