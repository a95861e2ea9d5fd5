/** A queue that tests wait on: no polling, no sleeping, and a failed wait says what did arrive. */

/** Long enough for a loaded machine, short enough for vitest's own limit (5 s) to come later. */
const DEFAULT_WAIT_MS = 4_000;

interface Waiter<T> {
  readonly accepts: (item: T) => boolean;
  readonly settle: (outcome: { item: T } | { error: Error } | { ended: true }) => void;
}

export class Queue<T> {
  /** Every item that ever arrived, taken or not. */
  readonly all: T[] = [];
  readonly #items: T[] = [];
  #waiters: Waiter<T>[] = [];
  #error: Error | undefined;
  #ended = false;

  get error(): Error | undefined {
    return this.#error;
  }

  push(item: T): void {
    this.all.push(item);
    const waiter = this.#waiters.find(({ accepts }) => accepts(item));
    if (waiter === undefined) {
      this.#items.push(item);
      return;
    }
    this.#drop(waiter);
    waiter.settle({ item });
  }

  /** No more items; those queued can still be taken. */
  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters.splice(0)) waiter.settle({ ended: true });
  }

  /** Every wait, now and later, rejects. */
  fail(error: Error): void {
    this.#error ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.settle({ error });
  }

  /** The next item that `accepts` takes (others stay queued for other waits); undefined when the stream ended first. */
  async next(accepts: (item: T) => boolean = () => true, timeoutMs: number = DEFAULT_WAIT_MS): Promise<T | undefined> {
    if (this.#error !== undefined) throw this.#error;
    const at = this.#items.findIndex(accepts);
    if (at >= 0) return this.#items.splice(at, 1)[0];
    if (this.#ended) return undefined;
    return await new Promise<T | undefined>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#drop(waiter);
        reject(
          new Error(`nothing that was waited for in ${timeoutMs} ms; arrived: ${JSON.stringify(this.all, null, 2)}`),
        );
      }, timeoutMs);
      const waiter: Waiter<T> = {
        accepts,
        settle: (outcome) => {
          clearTimeout(timer);
          if ("error" in outcome) reject(outcome.error);
          else resolve("item" in outcome ? outcome.item : undefined);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  /** As `next`, but the stream may not end before. */
  async expect(accepts?: (item: T) => boolean, timeoutMs?: number): Promise<T> {
    const item = await this.next(accepts, timeoutMs);
    if (item === undefined) throw new Error(`the stream ended; arrived: ${JSON.stringify(this.all, null, 2)}`);
    return item;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const item = await this.next();
      if (item === undefined) return;
      yield item;
    }
  }

  #drop(waiter: Waiter<T>): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
  }
}
