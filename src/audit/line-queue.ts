/** Where lines end up. */
export interface LineTarget {
  /** Resolves with how many bytes were taken; fewer than all of them with the error that stopped it. Never rejects. */
  append(bytes: Uint8Array): Promise<{ readonly written: number; readonly error?: Error }>;
  /** Everything taken so far is safe, and nothing is held open. */
  settle(): Promise<void>;
}

/** A target that failed (a full disk) is tried again after this time, and by every `flush`. */
const RETRY_MS = 1000;

/**
 * Lines on their way to a target that may be slow, full or gone.
 *
 * Invariants:
 * 1. Lines are written whole and in order; after an error the rest of a line follows before anything else.
 * 2. At most `maxBytes` wait. Lines beyond are dropped and counted, and the count is a line of its own at their place.
 * 3. Nobody waits for a write: what is written while one is under way goes with the next.
 */
export class LineQueue {
  readonly #target: LineTarget;
  readonly #maxBytes: number;
  readonly #droppedLine: (count: number) => string;
  #lines: string[] = [];
  /** What is being written, or could not be. */
  #chunk: Uint8Array | undefined;
  #bytes = 0;
  #dropped = 0;
  #error: Error | undefined;
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(target: LineTarget, maxBytes: number, droppedLine: (count: number) => string) {
    this.#target = target;
    this.#maxBytes = maxBytes;
    this.#droppedLine = droppedLine;
  }

  /** @throws Error when the line was dropped, or the target fails at the moment (then the line waits). */
  push(line: string): void {
    const size = Buffer.byteLength(line);
    // Invariant 2. Once something was dropped, what comes later waits for the line that says so.
    const full = this.#dropped > 0 || this.#bytes + size > this.#maxBytes;
    if (full) this.#dropped += 1;
    else {
      this.#lines.push(line);
      this.#bytes += size;
    }
    if (this.#retry === undefined) this.#start();
    if (full || this.#error !== undefined) throw this.#state();
  }

  /** @throws Error when something could not be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#start();
    await this.#writing;
    if (this.#error !== undefined) throw this.#state();
    await this.#target.settle();
  }

  #start(): void {
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // In a later turn: the call whose event this is has its answer first.
    await undefined;
    for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) {
      const { written, error } = await this.#target.append(chunk);
      this.#bytes -= written;
      this.#chunk = written < chunk.length ? chunk.subarray(written) : undefined;
      this.#error = error;
      if (error !== undefined) {
        this.#later();
        break;
      }
    }
    // In the same turn as the last look at the queue: a line that comes now starts the next write.
    this.#writing = undefined;
  }

  #next(): Uint8Array | undefined {
    if (this.#chunk !== undefined) return this.#chunk;
    if (this.#dropped > 0) {
      const line = this.#droppedLine(this.#dropped);
      this.#dropped = 0;
      this.#lines.push(line);
      this.#bytes += Buffer.byteLength(line);
    }
    if (this.#lines.length === 0) return undefined;
    this.#chunk = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    return this.#chunk;
  }

  #later(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#start();
    }, RETRY_MS);
    // A server may end although its log cannot be written.
    this.#retry.unref();
  }

  #state(): Error {
    const waiting = `${this.#bytes} bytes of audit events wait, ${this.#dropped} events were dropped`;
    const why = this.#error === undefined ? "they are written too slowly" : "they could not be written";
    return new Error(`${waiting}: ${why}.`, { cause: this.#error });
  }
}
