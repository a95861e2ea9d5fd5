/** What the transport needs from the one place that writes protocol text, and its form for Windows. */
import type { Writable } from "node:stream";

/** Above this much unsent text `write` asks the caller to wait: four pipe buffers of Linux. */
export const WRITE_HIGH_WATER_BYTES: number = 256 * 1024;

/** Protocol text out. Implemented over a descriptor, and over a stream for Windows. */
export abstract class ProtocolWriter {
  #broken: Error | undefined;
  #askedToWait = false;
  readonly #drainListeners: (() => void)[] = [];
  readonly #brokenListeners: ((error: Error) => void)[] = [];

  /** Sends text; false means: wait for `onDrain` before sending more. */
  abstract write(text: string): boolean;

  /** How much the reader has not taken yet: it falls as long as somebody reads. */
  abstract get unsent(): number;

  /** Resolves when the operating system has everything; rejects if the reader is gone. */
  abstract flush(): Promise<void>;

  /** Hands everything over before returning, as far as the reader allows. For the exit of the process only. */
  abstract flushAtExit(): void;

  /** Says whether these bytes, met on their way through `process.stdout`, are protocol. */
  owns(_chunk: unknown): boolean {
    return false;
  }

  /** Calls the listener each time a writer that had answered false has room again. */
  onDrain(listener: () => void): void {
    this.#drainListeners.push(listener);
  }

  /** Calls the listener once if the reader is gone. */
  onBroken(listener: (error: Error) => void): void {
    this.#brokenListeners.push(listener);
  }

  /** Why nothing can be written any more. */
  protected get broken(): Error | undefined {
    return this.#broken;
  }

  /** The answer of `write` when this much is unsent. */
  protected hasRoom(unsent: number): boolean {
    if (unsent < WRITE_HIGH_WATER_BYTES) return true;
    this.#askedToWait = true;
    return false;
  }

  /** To be called when everything is out. */
  protected drained(): void {
    if (!this.#askedToWait) return;
    this.#askedToWait = false;
    for (const listener of this.#drainListeners) listener();
  }

  /** To be called when the reader is gone; only the first time counts. */
  protected fail(cause: unknown): Error {
    if (this.#broken !== undefined) return this.#broken;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#broken = error;
    // Later, so that no listener runs inside the `write` that found out.
    process.nextTick(() => {
      for (const listener of this.#brokenListeners) listener(error);
    });
    return error;
  }
}

/**
 * A writer over the real `process.stdout`. For Windows, where descriptors cannot be made non-blocking and
 * Node already writes pipes synchronously, so that nothing is left for the exit to do; and for the rare
 * program whose earlier output is still on its way, behind which the protocol must queue up.
 */
export class StreamWriter extends ProtocolWriter {
  readonly #write: (chunk: Uint8Array, callback: (error?: Error | null) => void) => boolean;
  readonly #own = new WeakSet<object>();
  #unwritten = 0;

  /** Takes the stream's own method, so this must happen before the guard replaces it. */
  constructor(stream: Writable) {
    super();
    this.#write = stream.write.bind(stream);
    stream.on("error", (error) => this.fail(error));
  }

  write(text: string): boolean {
    if (this.broken !== undefined) return false;
    const bytes = this.#mark(Buffer.from(text));
    this.#unwritten += bytes.length;
    this.#write(bytes, (error) => {
      this.#unwritten -= bytes.length;
      if (error) this.fail(error);
      else if (this.#unwritten === 0) this.drained();
    });
    return this.hasRoom(this.#unwritten);
  }

  get unsent(): number {
    return this.#unwritten;
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.broken !== undefined) reject(this.broken);
      // Writes are answered in order, so the answer to an empty one comes after everything before it.
      else this.#write(this.#mark(Buffer.alloc(0)), (error) => (error ? reject(error) : resolve()));
    });
  }

  flushAtExit(): void {}

  override owns(chunk: unknown): boolean {
    return typeof chunk === "object" && chunk !== null && this.#own.has(chunk);
  }

  #mark(bytes: Buffer): Buffer {
    this.#own.add(bytes);
    return bytes;
  }
}
