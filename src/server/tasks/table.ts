import { countedKey, type Principal } from "../../auth/principal.js";
import { Tally } from "../../util/budget.js";
import type { App } from "../app.js";
import type { TaskRun } from "./run.js";

/** A task this process made, as long as it can be asked for: what the bounds count. */
export interface Place {
  readonly principal: string | undefined;
  key: string;
  until: number;
  characters: number;
}

/** How often, at the most, the places of tasks that are over are looked for while every place is taken. */
const SWEEP_MS = 1000;

/** The tasks of one server in this process: how many there are, what they say while they run, who wants to know. */
export class TaskTable {
  readonly #app: App;
  readonly #places = new Set<Place>();
  readonly #byKey = new Map<string, Place>();
  readonly #perPrincipal = new Tally();
  #characters = 0;
  #sweptAt = 0;
  readonly #runs = new Map<string, TaskRun>();
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(app: App) {
    this.#app = app;
  }

  /** A place for a new task; undefined when there are as many as there may be. */
  take(principal: Principal, untilMs: number): Place | undefined {
    const key = countedKey(principal);
    if (this.#full(key)) {
      this.#sweep();
      if (this.#full(key)) return undefined;
    }
    const place = { principal: key, key: "", until: untilMs, characters: 0 };
    this.#places.add(place);
    if (key !== undefined) this.#perPrincipal.add(key);
    return place;
  }

  /** The task came to nothing. */
  give(place: Place): void {
    if (!this.#places.delete(place)) return;
    this.#byKey.delete(place.key);
    this.#characters -= place.characters;
    if (place.principal !== undefined) this.#perPrincipal.delete(place.principal);
  }

  /** The task has an outcome of this length. */
  filled(place: Place, characters: number): void {
    if (!this.#places.has(place)) return;
    this.#characters += characters - place.characters;
    place.characters = characters;
  }

  /** The place of a task that this process made. */
  placeOf(key: string): Place | undefined {
    return this.#byKey.get(key);
  }

  /** The run of a task, while this process works on it. */
  run(key: string): TaskRun | undefined {
    return this.#runs.get(key);
  }

  began(key: string, run: TaskRun, place: Place | undefined): void {
    this.#runs.set(key, run);
    if (place === undefined) return;
    place.key = key;
    this.#byKey.set(key, place);
  }

  ended(key: string, run: TaskRun): void {
    if (this.#runs.get(key) === run) this.#runs.delete(key);
    this.changed(key);
  }

  /** Tells whoever listens that the task may have another status. */
  changed(key: string): void {
    for (const listener of this.#listeners.get(key) ?? []) listener();
  }

  /** Calls back when the task changes here; returns what ends it. */
  listen(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  #full(key: string | undefined): boolean {
    const { maxTasks, maxTasksPerPrincipal, taskMaxBytesTotal } = this.#app.limits;
    if (this.#places.size >= maxTasks || this.#characters >= taskMaxBytesTotal) return true;
    return key !== undefined && this.#perPrincipal.of(key) >= maxTasksPerPrincipal;
  }

  #sweep(): void {
    const now = Date.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const place of this.#places) if (place.until < now) this.give(place);
  }
}

/** One table per server; made with its first task. */
const TABLES = new WeakMap<App, TaskTable>();

export function tasksOf(app: App): TaskTable {
  let table = TABLES.get(app);
  if (table === undefined) {
    table = new TaskTable(app);
    TABLES.set(app, table);
  }
  return table;
}
