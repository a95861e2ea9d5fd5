/**
 * Holds the promise of operations against what is seen from outside: writes of the store in the moment they are made,
 * starts and effects of handlers, and what callers are told. It keeps its own books and asks the code under test nothing.
 *
 * A life of a key is from the claim that found nothing to the end of everything that is remembered of it.
 */
import type { Settlement } from "../../src/operations/types.js";
import type { Claim, Retention } from "../../src/stores/operations.js";
import type { Coverage } from "./coverage.js";
import type { Host, World } from "./world.js";

/** How a tool may be run again; the rows of the table in operations, "what may be re-run". */
export type ToolKind = "once" | "rerun" | "recover" | "ask";

export interface Win {
  readonly host: Host;
  readonly key: string;
  readonly leaseUntil: number;
  readonly claim: Extract<Claim, { state: "won" }>;
}

interface Recorded {
  readonly host: Host;
  readonly key: string;
  readonly fence: number;
  readonly outcome: string;
  readonly retention: Retention;
}

/** Told of each write by the store in the moment it is made. */
export interface StoreWitness {
  won(win: Win): void;
  renewed(key: string, fence: number, leaseUntil: number): void;
  journaled(key: string, entry: string): void;
  suspended(key: string, fence: number, retention: Retention): void;
  recorded(recorded: Recorded): void;
  released(host: Host, key: string, fence: number): void;
  forgotten(key: string): void;
}

/** One run of a handler. */
export interface Start {
  readonly host: Host;
  readonly key: string;
  readonly id: string;
  readonly fence: number;
  readonly kind: ToolKind;
  /** True when the handler said that nothing was done: it asked for a retry, or for input. */
  void: boolean;
}

interface Life {
  readonly id: string;
  readonly starts: Start[];
  readonly journal: Set<string>;
  /** Who was given which fence. */
  readonly fences: Map<number, Host>;
  owner: Host;
  fence: number;
  leaseUntil: number;
  fingerprint: string | undefined;
  suspendedUntil: number | undefined;
  outcome: { readonly json: string; readonly keptUntil: number; readonly deadUntil: number } | undefined;
  /** The latest date the store has shown since the outcome was recorded: what has expired stays so if it is set back. */
  latestDate: number;
  endedAt: number | undefined;
}

/** What the ledger tells callers when the store takes no outcome: the one exception, after this many attempts. */
const COMMIT_ATTEMPTS = 5;

export class Checker implements StoreWitness {
  readonly #world: World;
  readonly #coverage: Coverage;
  readonly #ownersDieKnown: boolean;
  readonly #lives = new Map<string, Life[]>();
  /** By operation id, which a record that was forgotten and made anew by the same call keeps. */
  readonly #effects = new Map<string, number>();
  readonly #failedWrites = new Map<string, number>();

  constructor(world: World, coverage: Coverage, options: { readonly ownersDieKnown: boolean }) {
    this.#world = world;
    this.#coverage = coverage;
    this.#ownersDieKnown = options.ownersDieKnown;
  }

  won({ host, key, leaseUntil, claim }: Win): void {
    const { id, fence } = claim;
    this.#world.note(host.name, "won", key, `fence ${fence}`);
    const lives = this.#lives.get(key) ?? [];
    this.#lives.set(key, lives);
    if (lives.some((life) => life.fences.has(fence))) this.#fail(key, `fence ${fence} was given before`);
    const before = this.#open(key);
    if (before !== undefined && this.#isOver(before)) before.endedAt = this.#world.nowMs;
    const life = this.#open(key);
    if (life === undefined) {
      const empty = {
        starts: [],
        journal: new Set<string>(),
        fences: new Map([[fence, host]]),

        fingerprint: undefined,
      };
      const rest = { suspendedUntil: undefined, outcome: undefined, latestDate: 0, endedAt: undefined };
      lives.push({ id, owner: host, fence, leaseUntil, ...empty, ...rest });
      return;
    }
    if (life.outcome !== undefined) return this.#fail(key, "claimed again although its outcome is recorded");
    if (life.id !== id) this.#fail(key, "taken over under another id");
    if (fence <= life.fence) this.#fail(key, `taken over with fence ${fence}, which is not above ${life.fence}`);
    life.fences.set(fence, host);
    const dead = this.#ownersDieKnown && !life.owner.alive;
    if (life.suspendedUntil === undefined) {
      if (life.leaseUntil > this.#world.nowMs && !dead) this.#fail(key, "taken over before its lease ran out");
      this.#coverage.takeovers += 1;
      if (life.owner.alive) this.#coverage.zombies += 1;
    }
    Object.assign(life, { owner: host, fence, leaseUntil, suspendedUntil: undefined });
  }

  renewed(key: string, fence: number, leaseUntil: number): void {
    const life = this.#owned(key, fence, "renewed");
    if (life !== undefined) life.leaseUntil = leaseUntil;
  }

  journaled(key: string, entry: string): void {
    this.#open(key)?.journal.add(entry);
  }

  suspended(key: string, fence: number, { ttlMs }: Retention): void {
    const life = this.#owned(key, fence, "suspended");
    if (life !== undefined) Object.assign(life, { suspendedUntil: this.#date() + ttlMs, latestDate: this.#date() });
    this.#coverage.suspends += 1;
  }

  recorded({ host, key, fence, outcome, retention }: Recorded): void {
    const life = this.#owned(key, fence, "recorded");
    if (life === undefined) return;
    this.#world.note(host.name, "recorded", key, `fence ${fence}`, outcome);
    if (life.owner !== host) this.#fail(key, `recorded by ${host.name}, owned by ${life.owner.name}`);
    if (life.outcome !== undefined) this.#fail(key, "a second outcome was recorded");
    if (isUnknown(outcome)) {
      this.#coverage.unknowns += 1;
      if (life.starts.length === 0) this.#coverage.unknownsWithoutStart += 1;
      // One that slept and was succeeded knows as little when the record of its successor has been forgotten.
      const succeeded = this.#lives.get(key)?.some((one) => one !== life && [...one.fences.values()].includes(host));
      if (life.fences.size < 2 && !succeeded) this.#fail(key, "unknown although no start was cut off");
    } else if (!outcome.includes(`"${life.id}"`) && !this.#ran(host, key, outcome))
      this.#fail(key, "the outcome of another operation was recorded");
    const keptUntil = this.#date() + retention.ttlMs;
    life.outcome = { json: outcome, keptUntil, deadUntil: keptUntil + retention.tombstoneMs };
    life.latestDate = this.#date();
  }

  released(_host: Host, key: string, fence: number): void {
    const life = this.#owned(key, fence, "released");
    if (life === undefined) return;
    const running = life.starts.find((start) => !start.void);
    if (running !== undefined) this.#fail(key, "released although a handler has started and did not give up");
    if (life.journal.size > 0) this.#fail(key, "released although steps of it are recorded");
    life.endedAt = this.#world.nowMs;
    this.#coverage.releases += 1;
  }

  forgotten(key: string): void {
    const life = this.#open(key);
    if (life !== undefined) life.endedAt = this.#world.nowMs;
  }

  /** The date of the store is about to jump. */
  dateJumps(): void {
    for (const life of [...this.#lives.values()].flat()) life.latestDate = this.#latest(life);
  }

  /** A store did not confirm the write of an outcome. */
  writeFailed(host: Host, key: string, fence: number): void {
    const name = `${host.name} ${key} ${fence}`;
    this.#failedWrites.set(name, (this.#failedWrites.get(name) ?? 0) + 1);
  }

  /** A handler begins; returns what to report its end to. */
  started(
    host: Host,
    kind: ToolKind,
    run: { key: string; id: string; fence: number; steps: readonly string[] },
  ): Start {
    const { key, fence, id } = run;
    const start: Start = { host, key, id, fence, kind, void: false };
    this.#coverage.starts += 1;
    this.#world.note("start", key, kind, `fence ${fence}`);
    const life = this.#open(key);
    if (life === undefined) {
      this.#fail(key, "started although no start is recorded");
      return start;
    }
    if (life.fence !== fence || life.owner !== host || life.id !== id) {
      this.#fail(key, `started by ${host.name} with fence ${fence}, which ${life.owner.name} holds with ${life.fence}`);
    }
    if (life.outcome !== undefined) this.#fail(key, "started although its outcome is recorded");
    const earlier = life.starts.filter((one) => !one.void);
    if (kind === "once" && earlier.length > 0) this.#fail(key, "started twice");
    if (earlier.length > 0) this.#coverage.reruns += 1;
    for (const step of life.journal) if (!run.steps.includes(step)) this.#fail(key, `step ${step} was lost`);
    life.starts.push(start);
    return start;
  }

  /** The outside world changed. */
  effect(start: Start): void {
    this.#world.note("effect", start.key, `fence ${start.fence}`);
    this.#coverage.effects += 1;
    const effects = (this.#effects.get(start.id) ?? 0) + 1;
    this.#effects.set(start.id, effects);
    if (start.kind !== "rerun" && effects > 1) this.#fail(start.key, "took effect twice");
  }

  /** A caller got an outcome from a process. */
  told(host: Host, key: string, settlement: Settlement, call: { askedAt: number; fingerprint: string }): void {
    this.#world.note("told", key, settlement.kind, settlement.kind === "done" ? settlement.json : "");
    const lives = this.#lives.get(key) ?? [];
    if (settlement.kind !== "done") return this.#toldNothing(host, key, settlement.kind);
    const { json } = settlement;
    if (settlement.replayed) this.#coverage.replays += 1;
    const recorded = lives.find((life) => life.outcome?.json === json && (life.endedAt ?? Infinity) >= call.askedAt);
    if (recorded !== undefined) {
      recorded.fingerprint ??= call.fingerprint;
      if (recorded.fingerprint !== call.fingerprint) this.#fail(key, "told the outcome of other arguments");
      return;
    }
    const gaveUp = [...this.#failedWrites].some(
      ([name, count]) => count >= COMMIT_ATTEMPTS && name.startsWith(`${host.name} ${key} `),
    );
    if (!gaveUp) return this.#fail(key, `told an outcome that is not recorded: ${json}`);
    this.#coverage.toldUnrecorded += 1;
  }

  /** A caller was told that its key is used up. */
  toldExpired(key: string): void {
    const passed = this.#lives.get(key)?.some((life) => (life.outcome?.keptUntil ?? Infinity) <= this.#latest(life));
    this.#coverage.expired += 1;
    if (!passed) this.#fail(key, "told that the key has expired, which it has not");
  }

  /** A caller was told that its key belongs to other arguments. */
  toldConflict(key: string, others: boolean): void {
    this.#coverage.conflicts += 1;
    if (!others) this.#fail(key, "told of a conflict although all calls had the same arguments");
  }

  /** An error that no caller should ever see. */
  toldError(key: string, text: string): void {
    this.#fail(key, `told an error that is none of its own: ${text}`);
  }

  /** An owner whose record was forgotten while it slept may still record what came of its own run. */
  #ran(host: Host, key: string, outcome: string): boolean {
    const starts = this.#lives.get(key)?.flatMap((life) => life.starts);
    return starts?.some((start) => start.host === host && outcome.includes(`"${start.id}"`)) === true;
  }

  #toldNothing(host: Host, key: string, kind: string): void {
    const gaveUp = this.#lives.get(key)?.some((life) => life.starts.some((start) => start.host === host && start.void));
    if (gaveUp !== true) this.#fail(key, `told ${kind} although no handler here gave up`);
  }

  /** The life a write belongs to; what an owner writes that is none any more must have been refused. */
  #owned(key: string, fence: number, verb: string): Life | undefined {
    const life = this.#open(key);
    if (life === undefined || life.fence !== fence || life.suspendedUntil !== undefined) {
      this.#fail(key, `${verb} with fence ${fence}, which is not the owner's`);
      return undefined;
    }
    return life;
  }

  #open(key: string): Life | undefined {
    const life = this.#lives.get(key)?.at(-1);
    return life?.endedAt === undefined ? life : undefined;
  }

  #isOver(life: Life): boolean {
    return Math.min(life.outcome?.deadUntil ?? Infinity, life.suspendedUntil ?? Infinity) <= this.#latest(life);
  }

  #latest(life: Life): number {
    return Math.max(life.latestDate, this.#date());
  }

  #date(): number {
    return this.#world.dateOf(undefined);
  }

  #fail(key: string, text: string): void {
    this.#world.fail(`${key}: ${text}`);
  }
}

function isUnknown(outcome: string): boolean {
  return outcome.startsWith('{"unknown"');
}
