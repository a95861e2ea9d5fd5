/** One schedule: processes, clients and a store, and everything that can go wrong with them, all drawn from one seed. */
import { Checker, type ToolKind } from "./checker.js";
import { SimulatedClient } from "./client.js";
import { type Coverage, noCoverage } from "./coverage.js";
import { SimulatedNode, type Task } from "./node.js";
import { Outside } from "./outside.js";
import { SharedStore, type SharedStoreParts } from "./shared-store.js";
import { StoreClient, type StoreWeather } from "./store-client.js";
import { Host, World } from "./world.js";

export interface SimulationOptions {
  readonly seed: number;
  readonly tracing?: boolean;
  /** The store, possibly one with a bug planted in it. */
  readonly createStore?: (parts: SharedStoreParts) => SharedStore;
  /** The process, possibly one with a bug planted in it. */
  readonly createNode?: (parts: ConstructorParameters<typeof SimulatedNode>[0]) => SimulatedNode;
}

export interface Report {
  readonly seed: number;
  readonly coverage: Coverage;
  readonly violation: string | undefined;
  readonly trace: readonly string[];
}

const LEASE_MS = 3000;
/** Faults happen until then; what is left open after that must come to its end. */
const TROUBLED_MS = 30_000;
/** Whoever has no answer by then will never get one. */
const END_MS = 900_000;
const KINDS: readonly ToolKind[] = ["once", "rerun", "recover", "ask"];

interface Member {
  readonly node: SimulatedNode;
  readonly client: StoreClient;
  readonly owner: string;
}

export async function simulate(options: SimulationOptions): Promise<Report> {
  const schedule = new Schedule(options);
  return schedule.run();
}

class Schedule {
  readonly #options: SimulationOptions;
  readonly #world: World;
  readonly #coverage = noCoverage();
  readonly #checker: Checker;
  readonly #shared: SharedStore;
  readonly #outside = new Outside();
  readonly #weather: StoreWeather;
  readonly #clients: SimulatedClient[] = [];
  readonly #alive = new Set<string>();
  #members: Member[] = [];
  #hosts = 0;
  readonly #retryable: number;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#world = new World(options.seed, options.tracing === true);
    const world = this.#world;
    const { random } = world;
    const ownersDieKnown = random.chance(0.5);
    this.#checker = new Checker(world, this.#coverage, { ownersDieKnown });
    const isAlive = ownersDieKnown ? (owner: string) => this.#alive.has(owner) : () => true;
    const create = options.createStore ?? ((parts) => new SharedStore(parts));
    this.#shared = create({ world, witness: this.#checker, isAlive });
    const bad = random.chance(0.5) ? 0.12 : 0.02;
    const rate = () => (random.chance(0.5) ? bad * random.next() : 0);
    this.#weather = { lost: rate(), unacknowledged: rate(), late: rate(), slow: rate() * 3, upset: rate() };
    this.#retryable = random.chance(0.5) ? 0.3 * random.next() : 0;
    this.#shared.onChange = (key) => {
      for (const { client } of this.#members) client.hint(key);
    };
  }

  async run(): Promise<Report> {
    const world = this.#world;
    const { random } = world;
    for (let count = random.between(1, 4); count > 0; count -= 1) this.#boot();
    for (let count = random.between(1, 3); count > 0; count -= 1) this.#addTask(count);
    for (let count = random.between(0, 5); count > 0; count -= 1) {
      world.after(random.between(0, TROUBLED_MS), undefined, () => this.#trouble());
    }
    world.after(TROUBLED_MS, undefined, () => this.#heal());
    await world.run(END_MS, () => this.#clients.every(({ done }) => done));
    if (!this.#clients.every(({ done }) => done)) world.fail("a client that asked again and again got no answer");
    this.#coverage.schedules = 1;
    this.#coverage.events = world.events;
    const { seed } = this.#options;
    return { seed, coverage: this.#coverage, violation: world.violation?.message, trace: world.trace };
  }

  get #troubled(): boolean {
    return this.#world.nowMs < TROUBLED_MS;
  }

  #boot(): void {
    const world = this.#world;
    this.#hosts += 1;
    const owner = `P${this.#hosts}`;
    const host = new Host(owner);
    this.#alive.add(owner);
    const checker = this.#checker;
    const client = new StoreClient({
      ...{ world, host, shared: this.#shared, weather: this.#weather },
      writeFailed: (...write) => checker.writeFailed(...write),
      refused: () => {
        this.#coverage.refused += 1;
      },
      upset: () => this.#upset(member, this.#world.random.pick(["crash", "pause"])),
    });
    const parts = { world, host, store: client, checker, coverage: this.#coverage, outside: this.#outside };
    const create = this.#options.createNode ?? ((all) => new SimulatedNode(all));
    const node = create({ ...parts, leaseMs: LEASE_MS, owner, retryable: this.#retryable });
    const member: Member = { node, client, owner };
    this.#members.push(member);
  }

  #addTask(number: number): void {
    const world = this.#world;
    const { random } = world;
    const kind = random.pick(KINDS);
    // What answers a handler's question is named by the question.
    const named = kind === "ask" || random.chance(0.8);
    const ttlMs = named ? random.pick([20_000, 60_000, 86_400_000]) : 20_000;
    const retention = { ttlMs, tombstoneMs: named ? random.pick([30_000, 86_400_000]) : 0 };
    const task: Task = { key: `K${number}`, kind, retention, named };
    const disputed = random.chance(0.1);
    for (let count = random.between(1, 4); count > 0; count -= 1) {
      const client = new SimulatedClient({
        ...{ world, checker: this.#checker, coverage: this.#coverage, task, disputed },
        name: `C${count}`,
        fingerprint: disputed && random.chance(0.3) ? "other" : "same",
        nodes: () => this.#members.map(({ node }) => node),
        troubled: () => this.#troubled,
      });
      this.#clients.push(client);
      client.call(random.chance(0.6) ? random.between(0, 500) : random.between(0, TROUBLED_MS));
    }
  }

  #trouble(): void {
    const world = this.#world;
    const { random } = world;
    const member = this.#members.length === 0 ? undefined : random.pick(this.#members);
    const kind = random.pick(["crash", "crash", "pause", "pause", "cut", "hostDate", "storeDate"] as const);
    if (kind === "storeDate" || member === undefined) {
      this.#coverage.jumps += 1;
      this.#checker.dateJumps();
      world.dateOffsetMs += random.between(-600_000, 600_000);
      return world.note("the store's date jumps by", world.dateOffsetMs);
    }
    this.#upset(member, kind);
  }

  #upset(member: Member, kind: "crash" | "pause" | "cut" | "hostDate"): void {
    const world = this.#world;
    const { random } = world;
    const { host } = member.node;
    const forMs = random.between(100, 3 * LEASE_MS);
    world.note(kind, host.name, `${forMs} ms`);
    if (kind === "crash") return this.#crash(member, forMs);
    if (kind === "hostDate") host.dateOffsetMs += random.between(-600_000, 600_000);
    if (kind === "pause") {
      this.#coverage.pauses += 1;
      host.pausedUntil = world.nowMs + forMs;
    }
    if (kind !== "cut") return;
    this.#coverage.cuts += 1;
    member.client.cut = true;
    world.after(forMs, undefined, () => {
      member.client.cut = false;
    });
  }

  #crash(member: Member, forMs: number): void {
    this.#coverage.crashes += 1;
    member.node.host.alive = false;
    this.#alive.delete(member.owner);
    this.#members = this.#members.filter((one) => one !== member);
    this.#world.after(forMs, undefined, () => this.#boot());
  }

  #heal(): void {
    this.#world.note("heals");
    Object.assign(this.#weather, { lost: 0, unacknowledged: 0, late: 0, slow: 0, upset: 0 });
  }
}
