/** One schedule of event streams: a registry, producers, and readers that drop and come back as the seed has it. */
import { MemoryStreamStore } from "../../src/stores/memory/streams.js";
import type { StreamLog, StreamLogBounds, StreamStore } from "../../src/stores/types.js";
import { StreamRegistry } from "../../src/streams/registry.js";
import { Budget } from "../../src/util/budget.js";
import type { MaybePromise } from "../../src/util/maybe-promise.js";
import { Ticker } from "../../src/util/ticker.js";
import { noCoverage } from "./coverage.js";
import { SimulatedReader, type StreamServer } from "./reader.js";
import type { Report } from "./simulate.js";
import { Host, World } from "./world.js";

export interface StreamSimulationOptions {
  readonly seed: number;
  readonly tracing?: boolean;
  /** The log, possibly one with a bug planted in it. */
  readonly wrapLog?: (log: StreamLog) => StreamLog;
}

const TROUBLED_MS = 8000;
const END_MS = 300_000;
const RESUME_WINDOW_MS = 5000;
const MAX_QUEUED_BYTES = 450_000;
const SLOW_STORE_MS = 60;

/** A log that is somewhere else: each request takes its time. */
function distant(log: StreamLog, world: World, host: Host): StreamLog {
  const later = <T>(work: () => MaybePromise<T>): Promise<T> =>
    new Promise((resolve) => {
      world.after(world.random.between(0, SLOW_STORE_MS), host, () => resolve(work()));
    });
  return {
    get heldChars() {
      return log.heldChars;
    },
    append: (seq, data) => later(() => log.append(seq, data)),
    read: (afterSeq) => later(() => log.read(afterSeq)),
    finish: () => log.finish(),
    trim: (maxChars) => log.trim(maxChars),
    drop: () => log.drop(),
  };
}

export async function simulateStream(options: StreamSimulationOptions): Promise<Report> {
  return new StreamSchedule(options).run();
}

class StreamSchedule {
  readonly #options: StreamSimulationOptions;
  readonly #world: World;
  readonly #coverage = noCoverage();
  readonly #readers: SimulatedReader[] = [];
  readonly #slowStore: boolean;
  readonly #bounds: StreamLogBounds;
  readonly #budget: Budget;
  #server: StreamServer | undefined;
  #servers = 0;

  constructor(options: StreamSimulationOptions) {
    this.#options = options;
    this.#world = new World(options.seed, options.tracing === true);
    const { random } = this.#world;
    this.#slowStore = random.chance(0.5);
    this.#bounds = { maxEvents: random.pick([3, 20, 1000]), maxBytes: random.pick([40, 1_000_000]) };
    this.#budget = new Budget(random.pick([60, 1_000_000]));
  }

  async run(): Promise<Report> {
    const world = this.#world;
    const { random } = world;
    this.#boot();
    for (let count = random.between(1, 3); count > 0; count -= 1) this.#addReader(`R${count}`);
    for (let count = random.between(0, 3); count > 0; count -= 1) {
      world.after(random.between(0, TROUBLED_MS), undefined, () => this.#trouble());
    }
    const done = () => this.#readers.every((reader) => reader.lost || this.#isRead(reader));
    await world.run(END_MS, () => world.nowMs > TROUBLED_MS + SLOW_STORE_MS && done());
    if (!done()) world.fail("a reader that came back again and again did not get every event");
    Object.assign(this.#coverage, { schedules: 0, events: world.events, streams: this.#readers.length });
    const { seed } = this.#options;
    return { seed, coverage: this.#coverage, violation: world.violation?.message, trace: world.trace };
  }

  #isRead({ stream, lastSeq, appended }: SimulatedReader): boolean {
    return stream?.finished === true && lastSeq === appended.length;
  }

  #boot(): void {
    this.#servers += 1;
    const world = this.#world;
    const host = new Host(`S${this.#servers}`);
    const memory = new MemoryStreamStore();
    const store: StreamStore = {
      durability: "process",
      create: (key, bounds) => {
        const log = memory.create(key, bounds);
        const wrapped = this.#options.wrapLog?.(log) ?? log;
        return this.#slowStore ? distant(wrapped, world, host) : wrapped;
      },
    };
    // Made in an event of its host, so that its clock is that of the world.
    world.after(0, host, () => {
      const bounds = { ...this.#bounds, resumeWindowMs: RESUME_WINDOW_MS, maxQueuedBytes: MAX_QUEUED_BYTES };
      const more = { maxStreams: 10, maxStreamsPerPrincipal: 10, retryMs: 1 };
      const registry = new StreamRegistry(
        store,
        { ...bounds, ...more },
        { ticker: new Ticker(), budget: this.#budget },
      );
      this.#server = { host, registry };
    });
  }

  #addReader(name: string): void {
    const world = this.#world;
    const { random } = world;
    const reader = new SimulatedReader({
      ...{ world, name, coverage: this.#coverage, owner: random.pick(["ann", "bob"]) },
      server: () => this.#server,
    });
    this.#readers.push(reader);
    reader.comeBack();
    for (let count = random.between(0, 40); count > 0; count -= 1) {
      this.#produce(random.between(0, TROUBLED_MS), reader, `${name}.${count}`);
    }
    for (let count = random.between(0, 8); count > 0; count -= 1) {
      world.after(random.between(0, TROUBLED_MS), undefined, () => reader.drop());
    }
    world.after(TROUBLED_MS, undefined, () => this.#finish(reader));
  }

  #produce(delayMs: number, reader: SimulatedReader, text: string): void {
    this.#world.after(delayMs, undefined, () => {
      const server = this.#server;
      if (server === undefined || reader.stream === undefined) return;
      this.#world.after(0, server.host, () => {
        if (reader.stream?.dropped !== false) return;
        reader.appended.push(JSON.stringify(text));
        this.#coverage.appended += 1;
        reader.stream.append(JSON.stringify(text));
        this.#world.note("appends", reader.appended.length, text);
      });
    });
  }

  #finish(reader: SimulatedReader): void {
    const host = this.#server?.host;
    if (host === undefined || reader.stream === undefined) {
      this.#world.after(SLOW_STORE_MS, undefined, () => this.#finish(reader));
    } else this.#world.after(0, host, () => reader.stream?.finish());
  }

  #trouble(): void {
    const world = this.#world;
    const { random } = world;
    const kind = random.pick(["pause", "pause", "crash", "jump"] as const);
    const server = this.#server;
    if (server === undefined) return;
    world.note(kind, server.host.name);
    if (kind === "pause") {
      this.#coverage.pauses += 1;
      server.host.pausedUntil = world.nowMs + random.between(10, 3000);
    } else if (kind === "jump") {
      this.#coverage.jumps += 1;
      server.host.dateOffsetMs += random.between(-600_000, 600_000);
    } else {
      this.#coverage.crashes += 1;
      server.host.alive = false;
      this.#server = undefined;
      for (const reader of this.#readers) reader.cutOff();
      world.after(random.between(0, 1000), undefined, () => this.#boot());
    }
  }
}
