/** A process of the simulation: a real ledger, a way to the store, and handlers that take time and fail. */
import { HoldfastError } from "../../src/errors.js";
import { Ledger } from "../../src/operations/ledger.js";
import type { RunningOperation } from "../../src/operations/running.js";
import type { Outcome, Recovery, Settlement, Watcher } from "../../src/operations/types.js";
import type { OperationStore, Retention } from "../../src/stores/operations.js";
import { silentLogger } from "../../src/util/logger.js";
import { Ticker } from "../../src/util/ticker.js";
import { after } from "../../src/util/timer.js";
import type { Checker, ToolKind } from "./checker.js";
import type { Coverage } from "./coverage.js";
import type { Outside } from "./outside.js";
import type { Host, World } from "./world.js";

/** What stands for the work behind one key. */
export interface Task {
  readonly key: string;
  readonly kind: ToolKind;
  readonly retention: Retention;
  /** False when nothing but the arguments names it: then its outcome is forgotten once it was delivered. */
  readonly named: boolean;
}

/** One request of a client, as the process sees it. */
export interface Request {
  readonly task: Task;
  readonly fingerprint: string;
  readonly id: string;
  /** The client sent what the handler had asked for. */
  readonly answered: boolean;
  reply(answer: Settlement | Error): void;
}

/** The client's side of a request that is being worked on. */
export interface Attached {
  /** The client cancelled, or its connection broke. */
  leave(reason: "client" | "disconnect"): void;
}

export interface NodeParts {
  readonly world: World;
  readonly host: Host;
  readonly store: OperationStore;
  readonly checker: Checker;
  readonly coverage: Coverage;
  readonly outside: Outside;
  readonly leaseMs: number;
  readonly owner: string;
  /** How likely a handler asks for a retry. */
  readonly retryable: number;
}

/** How long a handler takes at the most: several leases. */
const LONG_WORK_MS = 9000;
const SHORT_WORK_MS = 300;
const DETACH_GRACE_MS = 4000;

export class SimulatedNode {
  readonly host: Host;
  readonly ledger: Ledger;
  readonly #parts: NodeParts;
  readonly #askedAt = new WeakMap<RunningOperation, number>();

  constructor(parts: NodeParts) {
    const { store, owner, leaseMs } = parts;
    this.#parts = parts;
    this.host = parts.host;
    this.ledger = new Ledger({
      store,
      owner,
      leaseMs,
      recoveryMs: Number.POSITIVE_INFINITY,
      ticker: new Ticker(),
      logger: silentLogger,
    });
  }

  /** What `performTool` and `Call` do, without protocol: MUST run in an event of the host. */
  call(request: Request): Attached {
    const { world, checker, coverage } = this.#parts;
    const { task, fingerprint } = request;
    const watcher: Watcher = { cancelled: undefined, progressed: () => {} };
    let left = false;
    let operation: RunningOperation | undefined;
    coverage.calls += 1;
    if (this.ledger.running(task.key) !== undefined) coverage.attaches += 1;
    try {
      const performed = this.ledger.perform({
        ...{ key: task.key, fingerprint, id: request.id, retention: task.retention, watcher },
        recovery: this.#recovery(task),
        unknown: () => JSON.stringify({ unknown: task.key }),
        work: (own) => this.#work(own, task, request.answered),
      });
      operation = performed.operation;
      // Who joins is told what those get who asked first.
      const askedAt = this.#askedAt.get(operation) ?? world.nowMs;
      this.#askedAt.set(operation, askedAt);
      performed.settled.then(
        (settlement) => {
          if (left) return;
          checker.told(this.host, task.key, settlement, { askedAt, fingerprint });
          request.reply(settlement);
        },
        (error: unknown) => left || request.reply(error as Error),
      );
    } catch (error) {
      request.reply(error as Error);
    }
    return {
      leave: (reason) => {
        if (left || operation === undefined) return;
        left = true;
        leave(operation, watcher, reason);
      },
    };
  }

  #recovery({ key, kind }: Task): Recovery {
    if (kind === "rerun") return "rerun";
    if (kind !== "recover") return "unknown";
    return async ({ id, fence }) => {
      await this.#sleep(this.#parts.world.random.between(0, SHORT_WORK_MS));
      const found = this.#parts.outside.find(id, fence);
      if (found === "not-done") return found;
      return { json: JSON.stringify({ id, key, recovered: true }) };
    };
  }

  async #work(operation: RunningOperation, task: Task, answered: boolean): Promise<Outcome> {
    const { world, checker, outside, retryable } = this.#parts;
    const { random } = world;
    const { key, kind } = task;
    const { id, fence } = operation;
    const steps = operation.entries().map(([step]) => step);
    const start = checker.started(this.host, kind, { key, id, fence, steps });
    const obedient = random.chance(0.5);
    const giveUp = (): Outcome => {
      start.void = true;
      return { kind: "released", error: new HoldfastError("ERR_CANCELLED", "try again") };
    };
    try {
      await this.#sleep(random.chance(0.3) ? random.between(0, LONG_WORK_MS) : random.between(0, SHORT_WORK_MS));
      if (kind === "ask" && !answered) {
        start.void = true;
        return { kind: "suspended", answer: { ask: key }, keep: true };
      }
      if (random.chance(retryable)) return giveUp();
      if (obedient && operation.signal.aborted)
        return { kind: "done", json: JSON.stringify({ id, fence, aborted: true }) };
      if (kind === "rerun") await this.#steps(operation);
      if (kind === "rerun" && random.chance(retryable)) return giveUp();
      // Refused: somebody with a higher fence was there.
      if (!outside.apply(id, fence, kind === "recover")) throw new Error("refused downstream");
      checker.effect(start);
      await this.#sleep(random.between(0, SHORT_WORK_MS));
      return { kind: "done", json: JSON.stringify({ id, fence }) };
    } catch (error) {
      return { kind: "done", json: JSON.stringify({ id, fence, error: String(error) }) };
    }
  }

  /** Two steps; each is journaled, and not repeated once it is. */
  async #steps(operation: RunningOperation): Promise<void> {
    for (const step of ["first", "second"]) {
      if (operation.journaled(step) !== undefined) continue;
      await this.#sleep(this.#parts.world.random.between(0, SHORT_WORK_MS));
      await operation.journal(step, "true");
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** As `Call` does it: while others wait the work goes on; a client that lost its connection may come back. */
function leave(operation: RunningOperation, watcher: Watcher, reason: "client" | "disconnect"): void {
  const error = new HoldfastError("ERR_CANCELLED", reason);
  if (operation.unwatch(watcher) > 0) return;
  if (reason === "client" || !operation.owned) return operation.abort(error);
  operation.detach(DETACH_GRACE_MS, () => error, after);
}
