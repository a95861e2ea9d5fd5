import type { Dice } from "./dice.js";

/** One entry point under fuzz: how its inputs are made, and what must hold for each of them. */
export interface Target<Input = unknown> {
  /** It is part of what an input is made from: another name means other inputs for the same seed. */
  readonly name: string;
  /** Its share of the inputs of the long form: cheap targets have much of it. */
  readonly weight: number;
  /** The input that `dice` give; zeros give the simplest. */
  generate(dice: Dice): Input;
  /** Throws when a property does not hold. */
  run(input: Input): void | Promise<void>;
  /** How many inputs of the entry point one of ours is (messages of a conversation); 1 where it is left out. */
  size?(input: Input): number;
  /** What must be there before the first input, e.g. a listening server. */
  open?(): Promise<void>;
  close?(): Promise<void>;
}

/** Throws `text` unless `holds`. */
export function must(holds: boolean, text: string | (() => string)): asserts holds {
  if (!holds) throw new Error(typeof text === "string" ? text : text());
}
