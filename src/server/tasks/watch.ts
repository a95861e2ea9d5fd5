import { principalKey } from "../../auth/principal.js";
import { type DetailedTask, isTerminal } from "../../protocol/revisions/2026-07-28/tasks.js";
import type { Ticking } from "../../util/ticker.js";
import type { Call } from "../call.js";
import { describeTask } from "./describe.js";
import { isIdle, readTask, type StoredTask } from "./record.js";
import { recoverTask } from "./resume.js";
import { tasksOf } from "./table.js";

/** Tells the state of a task whenever it is another one, and its last state once. Returns what ends that. */
export function watchTask(call: Call, taskId: string, tell: (task: DetailedTask) => void): () => void {
  const watch = new TaskWatch(call, taskId, tell);
  return () => watch.end();
}

/**
 * What another process does to a task is seen by looking: the store's hint and the table's say when to, and where
 * neither comes the clock does.
 */
class TaskWatch implements Ticking {
  prev: Ticking | undefined;
  next: Ticking | undefined;
  linked = false;
  readonly #call: Call;
  readonly #taskId: string;
  readonly #tell: (task: DetailedTask) => void;
  #told = "";
  #lookedAt = 0;
  #looking = false;
  #again = false;
  #over = false;
  #unlisten: (() => void) | undefined;

  constructor(call: Call, taskId: string, tell: (task: DetailedTask) => void) {
    this.#call = call;
    this.#taskId = taskId;
    this.#tell = tell;
    call.app.ticker.add(this);
    void this.#look();
  }

  end(): void {
    this.#over = true;
    this.#call.app.ticker.delete(this);
    this.#unlisten?.();
    this.#unlisten = undefined;
  }

  tick(nowMs: number): void {
    if (nowMs - this.#lookedAt >= this.#call.app.limits.taskPollMs) void this.#look();
  }

  async #look(): Promise<void> {
    this.#again = this.#looking;
    if (this.#looking || this.#over) return;
    this.#looking = true;
    this.#lookedAt = Date.now();
    try {
      const { app, peer } = this.#call;
      const stored = await readTask(app, this.#taskId, principalKey(peer.principal));
      if (this.#over) return;
      if (stored !== undefined && isIdle(stored)) {
        await recoverTask(this.#call, stored);
        this.#again = true;
        return;
      }
      if (stored === undefined || stored.snapshot.state === "expired") return this.end();
      this.#listen(stored);
      this.#say(describeTask(app, peer.revision, stored));
    } catch (error) {
      this.#call.app.logger.log("warn", "task_not_read", { error });
    } finally {
      this.#looking = false;
      if (this.#again) void this.#look();
    }
  }

  #listen({ key }: StoredTask): void {
    if (this.#unlisten !== undefined) return;
    const { app } = this.#call;
    const look = () => void this.#look();
    const ends = [app.ledger.watch(key, look), tasksOf(app).listen(key, look)];
    this.#unlisten = () => {
      for (const end of ends) end();
    };
    // Between the look and the listening something may have changed.
    this.#again = true;
  }

  #say(task: DetailedTask): void {
    const state = JSON.stringify([task.status, task.statusMessage, Object.keys(task.inputRequests ?? {})]);
    if (state !== this.#told) this.#tell(task);
    this.#told = state;
    if (isTerminal(task.status)) this.end();
  }
}
