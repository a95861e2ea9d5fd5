/** An amount that many share, with its bound: bytes that wait, events that are kept. */
export class Budget {
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  get used(): number {
    return this.#used;
  }

  get exceeded(): boolean {
    return this.#used > this.max;
  }

  /** Counts `amount` in; a negative one gives back. */
  add(amount: number): void {
    this.#used += amount;
  }
}

/** How many things each owner has. */
export class Tally {
  readonly #counts = new Map<string, number>();

  of(owner: string): number {
    return this.#counts.get(owner) ?? 0;
  }

  add(owner: string): void {
    this.#counts.set(owner, this.of(owner) + 1);
  }

  delete(owner: string): void {
    const left = this.of(owner) - 1;
    if (left > 0) this.#counts.set(owner, left);
    else this.#counts.delete(owner);
  }
}
