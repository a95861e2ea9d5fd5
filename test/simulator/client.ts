/** A client that wants one piece of work done: it calls, loses its connection, calls again elsewhere, or gives up. */
import { HoldfastError } from "../../src/errors.js";
import type { Settlement } from "../../src/operations/types.js";
import type { Checker } from "./checker.js";
import type { Coverage } from "./coverage.js";
import type { Attached, SimulatedNode, Task } from "./node.js";
import type { World } from "./world.js";

export interface ClientParts {
  readonly world: World;
  readonly checker: Checker;
  readonly coverage: Coverage;
  readonly name: string;
  readonly task: Task;
  /** What this client asks for; one that uses the key for something else is told so. */
  readonly fingerprint: string;
  /** True when some clients of the key ask for something else. */
  readonly disputed: boolean;
  readonly nodes: () => readonly SimulatedNode[];
  /** While false, clients do nothing on purpose that delays them. */
  readonly troubled: () => boolean;
}

const NETWORK_MS = 20;
const RETRY_MS = 1500;
/** When a client that heard nothing asks again. */
const CLIENT_TIMEOUT_MS = 20_000;
/** A client that got its answer may ask once more, now or after the outcome has expired. */
const ASK_AGAIN_MS = 60_000;

export class SimulatedClient {
  done = false;
  answered = false;
  readonly #parts: ClientParts;
  #attempt = 0;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /** Calls some process after a while. */
  call(delayMs: number): void {
    const { world, nodes } = this.#parts;
    world.after(delayMs, undefined, () => {
      const up = nodes();
      if (up.length === 0) return this.call(RETRY_MS);
      this.#send(world.random.pick(up));
    });
  }

  #send(node: SimulatedNode): void {
    const { world, name, task, fingerprint, coverage, troubled } = this.#parts;
    const { random } = world;
    this.#attempt += 1;
    const attempt = this.#attempt;
    let attached: Attached | undefined;
    let over = false;
    /** This attempt has ended, one way or another; the first end counts. */
    const end = (next: () => void) => {
      if (over) return;
      over = true;
      next();
    };
    const id = `${task.key}/${name}.${attempt}`;
    world.after(random.between(0, NETWORK_MS), node.host, () => {
      attached = node.call({
        ...{ task, fingerprint, id, answered: this.answered },
        reply: (answer) => {
          world.after(random.between(0, NETWORK_MS), undefined, () => end(() => this.#hear(node, answer)));
        },
      });
    });
    const quit = (reason: "client" | "disconnect") =>
      end(() => {
        world.note(name, reason, task.key);
        if (reason === "client") coverage.cancels += 1;
        else coverage.disconnects += 1;
        world.after(random.between(0, NETWORK_MS), node.host, () => attached?.leave(reason));
        if (reason === "client") this.done = true;
        else this.call(random.between(0, RETRY_MS));
      });
    if (troubled() && random.chance(0.3)) {
      const reason = random.chance(0.15) ? "client" : "disconnect";
      world.after(random.between(0, random.chance(0.5) ? 2 * NETWORK_MS : 2 * RETRY_MS), undefined, () => quit(reason));
    }
    world.after(CLIENT_TIMEOUT_MS, undefined, () => quit("disconnect"));
  }

  #hear(node: SimulatedNode, answer: Settlement | Error): void {
    const { world, task, checker, coverage } = this.#parts;
    const retry = () => this.call(world.random.between(0, RETRY_MS));
    if (answer instanceof Error) {
      const code = answer instanceof HoldfastError ? answer.code : answer.name;
      if (code === "ERR_STORE") {
        coverage.storeErrors += 1;
        return retry();
      }
      this.done = true;
      if (code === "ERR_KEY_EXPIRED") return checker.toldExpired(task.key);
      if (code === "ERR_KEY_CONFLICT") return checker.toldConflict(task.key, this.#parts.disputed);
      return checker.toldError(task.key, `${code} ${answer.message}`);
    }
    if (answer.kind === "released") return retry();
    if (answer.kind === "suspended") {
      this.answered = true;
      return retry();
    }
    if (!task.named) world.after(0, node.host, () => void node.ledger.forget(task.key));
    if (task.named && world.random.chance(0.2)) return this.call(world.random.between(0, ASK_AGAIN_MS));
    this.done = true;
  }
}
