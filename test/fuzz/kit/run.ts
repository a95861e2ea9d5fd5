/** Many inputs of one target, as fast as they go: the long form. What goes wrong is told, and the run goes on. */
import { diceOf } from "./dice.js";
import { failureOf, kindOf, shown, simplest, told } from "./shrink.js";
import { takeStray } from "./strays.js";
import type { Target } from "./target.js";

/** What a worker tells its parent. */
export type Report =
  | { readonly kind: "at"; readonly target: string; readonly index: number }
  | ({ readonly kind: "done"; readonly target: string } & Totals)
  | {
      readonly kind: "failure";
      readonly target: string;
      readonly index: number;
      readonly text: string;
      readonly input: string;
    };

export interface Totals {
  readonly inputs: number;
  readonly ms: number;
  readonly slowest: { readonly ms: number; readonly index: number };
  readonly failures: number;
}

interface Part {
  readonly seed: number;
  /** Every `step`-th index from `first` on. */
  readonly first: number;
  readonly step: number;
}

/** Between two looks at what went wrong behind our back. */
const CHUNK_MS = 100;
/** Far above anything an input should take, on the busiest machine. */
const SLOW_MS = 2000;
/** Failures of one kind are counted; this many kinds of one target are looked into. */
const MAX_KINDS = 5;

export class Run {
  readonly #target: Target;
  readonly #part: Part;
  readonly #report: (report: Report) => void;
  readonly #kinds = new Set<string>();
  #index: number;
  #inputs = 0;
  #ms = 0;
  #slowest = { ms: 0, index: 0 };
  #failures = 0;

  constructor(target: Target, part: Part, report: (report: Report) => void) {
    this.#target = target;
    this.#part = part;
    this.#report = report;
    this.#index = part.first;
  }

  /** Runs until `inputs` are done in all. */
  async until(inputs: number): Promise<void> {
    while (this.#inputs < inputs) {
      const target = this.#target.name;
      this.#report({ kind: "at", target, index: this.#index });
      await this.#chunk(inputs);
      const totals = { inputs: this.#inputs, ms: this.#ms, slowest: this.#slowest, failures: this.#failures };
      this.#report({ kind: "done", target, ...totals });
    }
  }

  async #chunk(inputs: number): Promise<void> {
    const from = this.#index;
    const start = performance.now();
    for (let now = start; this.#inputs < inputs && now - start < CHUNK_MS; now = performance.now()) {
      const input = this.#inputOf(this.#index);
      // Awaited only where there is something to wait for: a turn of the microtask queue costs more than a cheap input.
      const pending = attempt(this.#target, input);
      const failure = pending && (await pending);
      const ms = performance.now() - now;
      if (ms > this.#slowest.ms) this.#slowest = { ms, index: this.#index };
      if (failure !== undefined) await this.#failed(this.#index, failure.error);
      else if (ms > SLOW_MS) await this.#slow();
      this.#inputs += this.#target.size?.(input) ?? 1;
      this.#index += this.#part.step;
    }
    await new Promise(setImmediate);
    this.#ms += performance.now() - start;
    const stray = takeStray();
    if (stray !== undefined) await this.#stray(from, stray.error);
  }

  #inputOf(index: number): unknown {
    return this.#target.generate(diceOf(this.#part.seed, this.#target.name, index));
  }

  /** An input that was slow is tried again before it is called slow: a machine has other things to do. */
  async #slow(): Promise<void> {
    const start = performance.now();
    await attempt(this.#target, this.#inputOf(this.#index));
    const again = performance.now() - start;
    if (again > SLOW_MS) await this.#failed(this.#index, new Error(`took ${Math.round(again)} ms`));
  }

  /** Somewhere in the chunk an error went past its promise: one input at a time shows where. */
  async #stray(from: number, error: unknown): Promise<void> {
    for (let index = from; index < this.#index; index += this.#part.step) {
      const failure = await failureOf(this.#target, this.#inputOf(index));
      if (failure !== undefined) return this.#failed(index, failure.error);
    }
    await this.#failed(from, new Error("went past its promise, and not when it was tried again", { cause: error }));
  }

  async #failed(index: number, error: unknown): Promise<void> {
    this.#failures += 1;
    const kind = kindOf(error);
    if (this.#kinds.has(kind) || this.#kinds.size === MAX_KINDS) return;
    this.#kinds.add(kind);
    const found = await simplest(this.#target, this.#part.seed, index);
    const note = found === undefined ? "\n(passes when it is run alone)" : "";
    const text = `${told(found?.error ?? error)}${note}`;
    const input = shown(found === undefined ? this.#inputOf(index) : found.input);
    this.#report({ kind: "failure", target: this.#target.name, index, text, input });
  }
}

function attempt(target: Target, input: unknown): Promise<{ readonly error: unknown } | undefined> | undefined {
  try {
    const pending = target.run(input);
    return pending?.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
  } catch (error) {
    return Promise.resolve({ error });
  }
}
