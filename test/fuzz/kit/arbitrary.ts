/** The inputs of a target as a fast-check arbitrary: its n-th value is the input with that index, and shrinks by its tape. */
import fc from "fast-check";
import { Dice, played, recorded, type Source, sourceOf, type Tape } from "./dice.js";
import type { Target } from "./target.js";

/** Attempts to shrink one value; a failure found late must still be told in time. */
const MAX_CANDIDATES = 5000;
/** Numbers that one element of a list takes, mostly: pieces up to this size are cut out wherever they begin. */
const ELEMENT = 24;

export class InputArbitrary<Input> extends fc.Arbitrary<Input> {
  readonly #target: Target<Input>;
  readonly #seed: number;
  #next = 0;

  constructor(target: Target<Input>, seed: number) {
    super();
    this.#target = target;
    this.#seed = seed;
  }

  /** The input that the long form knows by this index. */
  at(index: number): fc.Value<Input> {
    return this.#made(sourceOf(this.#seed, this.#target.name, index)).value;
  }

  /** One after the other. fast-check's random numbers are left alone: an index names the same input in both forms. */
  override generate(): fc.Value<Input> {
    const value = this.at(this.#next);
    this.#next += 1;
    return value;
  }

  override canShrinkWithoutContext(_value: unknown): _value is Input {
    return false;
  }

  override shrink(_value: Input, context: unknown): fc.Stream<fc.Value<Input>> {
    return new fc.Stream(this.#smaller(context as Tape));
  }

  *#smaller(tape: Tape): IterableIterator<fc.Value<Input>> {
    let left = MAX_CANDIDATES;
    for (const candidate of candidates(tape)) {
      if (left-- === 0) return;
      const made = this.#made(played(candidate));
      // Only what is really smaller, so that shrinking ends.
      if (isSmaller(made.tape, tape)) yield made.value;
    }
  }

  #made(source: Source): { readonly value: fc.Value<Input>; readonly tape: Tape } {
    const record = recorded(source);
    const input = this.#target.generate(new Dice(record.source));
    const tape = trimmed(record.tape);
    return { value: new fc.Value(input, tape), tape };
  }
}

/** Zeros at the end say what an ended tape says. */
function trimmed(tape: Tape): Tape {
  let end = tape.length;
  while (end > 0 && tape[end - 1] === 0) end -= 1;
  return tape.slice(0, end);
}

/** Shorter, or as long and smaller at the first difference. */
function isSmaller(one: Tape, other: Tape): boolean {
  if (one.length !== other.length) return one.length < other.length;
  const at = one.findIndex((number, index) => number !== other[index]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}

/** `tape` without `size` numbers, from the end to the beginning. */
function* cut(tape: Tape, size: number, step: number): IterableIterator<Tape> {
  for (let at = tape.length - size; at >= 0; at -= step) yield [...tape.slice(0, at), ...tape.slice(at + size)];
}

/** Tapes that may give a simpler input: pieces cut out, from large to small; then numbers made smaller. */
function* candidates(tape: Tape): IterableIterator<Tape> {
  for (let size = Math.ceil(tape.length / 2); size > ELEMENT; size = Math.ceil(size / 2)) yield* cut(tape, size, size);
  for (let size = Math.min(ELEMENT, tape.length); size >= 1; size -= 1) yield* cut(tape, size, 1);
  for (const [at, number] of tape.entries()) {
    if (number === 0) continue;
    for (const less of [0, Math.floor(number / 2), Math.floor(number * 0.9)]) yield tape.with(at, less);
  }
}
