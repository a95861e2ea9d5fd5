import type { LineTarget } from "./line-queue.js";

/** What is needed of a `Writable`. */
export interface AuditStream {
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A stream that somebody else opened, and closes. */
export class StreamTarget implements LineTarget {
  readonly #stream: AuditStream;

  constructor(stream: AuditStream) {
    this.#stream = stream;
    // What fails is told to the one who wrote; without a listener it would end the process.
    stream.on("error", () => undefined);
  }

  append(bytes: Uint8Array): Promise<{ written: number; error?: Error }> {
    return new Promise((resolve) => {
      try {
        this.#stream.write(bytes, (error) => {
          resolve(error == null ? { written: bytes.length } : { written: 0, error });
        });
      } catch (error) {
        resolve({ written: 0, error: error as Error });
      }
    });
  }

  async settle(): Promise<void> {}
}
