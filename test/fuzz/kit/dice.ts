/**
 * Where every generator of the fuzzer gets its choices from: a seeded stream of 32-bit numbers, or a tape of numbers
 * recorded before. A generator that gets zeros chooses what is simplest, so a shorter tape or smaller numbers on it
 * give a simpler input: that is how inputs of any shape are shrunk without a shrinker of their own.
 */

/** Numbers from 0 to 2^32 - 1. */
export type Source = () => number;

const TWO_32 = 4_294_967_296;

export class Dice {
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor((this.#source() / TWO_32) * count);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True once in `oneIn` times. */
  flip(oneIn: number): boolean {
    return this.below(oneIn) === oneIn - 1;
  }

  /** One of `list`; the first is the simplest. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /**
   * Up to `most` of what `one` makes, a third of that on average. Whether there is one more is asked before each: an
   * element and its question can be cut out of a tape, where a count at the beginning would hold on to all of them.
   */
  several<T>(most: number, one: (index: number) => T): T[] {
    const list: T[] = [];
    const stop = TWO_32 / (most / 3 + 1);
    while (list.length < most && this.#source() >= stop) list.push(one(list.length));
    return list;
  }

  /** As many, and one at least. */
  some<T>(most: number, one: (index: number) => T): T[] {
    return [one(0), ...this.several(most - 1, (index) => one(index + 1))];
  }

  /** Up to `most` characters of `alphabet`, half of that on average. */
  text(alphabet: readonly string[], most: number): string {
    let text = "";
    const stop = TWO_32 / (most / 2 + 1);
    for (let left = most; left > 0 && this.#source() >= stop; left -= 1) text += this.pick(alphabet);
    return text;
  }
}

/** Dice that throw the same for the same three: an input is named by them. */
export function diceOf(seed: number, name: string, index: number): Dice {
  return new Dice(sourceOf(seed, name, index));
}

/** xoshiro128** (public domain, Blackman and Vigna), its state filled by splitmix32. */
export function sourceOf(seed: number, name: string, index: number): Source {
  let mix = (seed ^ Math.imul(hash(name), 0x85ebca6b) ^ Math.imul(index + 1, 0x9e3779b1)) | 0;
  const split = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let word = mix ^ (mix >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return word ^ (word >>> 15);
  };
  let [a, b, c, d] = [split(), split(), split(), split() | 1];
  return () => {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value;
}

/** What `source` gave, for a replay. */
export type Tape = readonly number[];

/** `source`, and the numbers it gave so far. */
export function recorded(source: Source): { readonly source: Source; readonly tape: number[] } {
  const tape: number[] = [];
  const record = (): number => {
    const number = source();
    tape.push(number);
    return number;
  };
  return { source: record, tape };
}

/** The numbers of `tape`, then zeros. */
export function played(tape: Tape): Source {
  let at = 0;
  return () => {
    const number = tape[at] ?? 0;
    at += 1;
    return number;
  };
}
