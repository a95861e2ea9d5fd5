/** Input of a client that does not read its answers: read, so that its end is noticed, and handled when it has caught up. */

/**
 * What is read ahead at the most. The end of the input is behind everything sent before it, and what hosts send before
 * they close is a few messages; one that sends more waits until its answers are read.
 */
export const READ_AHEAD_BYTES: number = 1024 * 1024;

/** Chunks of stdin that wait. */
export class ReadAhead {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** False when nothing more should be read. */
  add(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes < READ_AHEAD_BYTES;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  take(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.length ?? 0;
    return chunk;
  }
}
