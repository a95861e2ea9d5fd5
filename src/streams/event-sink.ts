/** Where events go: a response that is open for writing. */
export interface EventSink {
  /** True once nothing is written any more: it was ended, cut, or its reader is gone. */
  readonly ended: boolean;
  /** Writes text; returns the number of bytes still waiting in memory for a slow reader. */
  write(text: string): number;
  /** Ends the response after what was written. */
  end(): void;
  /** Cuts the connection: its reader does not read. */
  abort(): void;
  /** Calls back once, when everything written has been taken. */
  whenDrained(listener: () => void): void;
  /** Calls back once with whether what was written up to now arrived; absent where that cannot be known. */
  whenDelivered?(listener: (arrived: boolean) => void): void;
}
