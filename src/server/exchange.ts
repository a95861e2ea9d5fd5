import type { Call } from "./call.js";
import type { Peer } from "./peer.js";

/** What a status and its headers can say of a refusal beside the error itself. */
export interface RefusalHints {
  /** All that a call needs that was denied. */
  readonly permissions?: readonly string[] | undefined;
  /** When one that was too many may come again. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * One client message and the way to answer it (design decision 2). Replies are routed by this object and never by
 * JSON-RPC id, so clients that reuse ids cannot meet. Texts are complete, serialised JSON-RPC messages.
 */
export interface Exchange {
  readonly peer: Peer;
  /** Request headers, on HTTP. */
  header?(name: string): string | undefined;
  /** Calls that a `notifications/cancelled` on the same channel may name; undefined where closing cancels. */
  readonly calls: CallRegister | undefined;
  /** True when the client takes nothing but the answer itself: what is notified is dropped. */
  readonly mute?: boolean;
  /**
   * Sends a message that relates to this exchange and comes before its answer. `droppable` ones (progress, logs) may be
   * left out while the client does not read.
   */
  notify(message: string, droppable?: boolean): void;
  /** Sends the answer, once. `code` is 0 for a result, else the JSON-RPC error code (HTTP maps it to a status). */
  reply(message: string, code: number, hints?: RefusalHints): void;
  /** True while a denial can be told as a challenge (HTTP 403), which clients act on; elsewhere words have to do. */
  readonly challenges?: boolean;
  /**
   * Ends the exchange without an answer: the client cancelled. `last` is an error for channels that cannot end without
   * a final message; clients ignore answers to what they cancelled.
   */
  abandon(last: string): void;
  /**
   * Calls back when it is known whether the answer reached the client; `true` may follow `false`, when the client came
   * back for it. Undefined where an answer that was sent has arrived. Call it before `reply`.
   */
  onDelivery?(listener: (arrived: boolean) => void): void;
  /** The operation that this exchange goes on with: its request is answered anew after a crash. */
  readonly resumes?: ResumedOperation | undefined;
  /** True when the answer goes to a stream that outlives this process. */
  readonly durable?: boolean;
  /** Closes the connection of a resumable stream so that the client polls (2025-11-25, transports); else nothing. */
  closeStream?(): void;
}

/** The operation of a call that a crash cut off. */
export interface ResumedOperation {
  readonly key: string;
  /** False when only the arguments name it. */
  readonly named: boolean;
}

/** Calls in flight on one channel. A handful at a time: an array is faster than a map, and ids may repeat. */
export class CallRegister {
  readonly #calls: Call[] = [];
  #lasting = 0;

  get size(): number {
    return this.#calls.length;
  }

  /** Those that a bound is on: listen streams last, and streams have bounds of their own. */
  get counted(): number {
    return this.#calls.length - this.#lasting;
  }

  /** A call of this register turned out to be one that lasts. */
  noteLasting(): void {
    this.#lasting += 1;
  }

  add(call: Call): void {
    this.#calls.push(call);
  }

  delete(call: Call): void {
    const index = this.#calls.lastIndexOf(call);
    if (index < 0) return;
    this.#calls.splice(index, 1);
    if (call.lasting) this.#lasting -= 1;
  }

  /** The newest call with this id: where ids repeat, the older ones were answered or given up by their client. */
  find(id: unknown): Call | undefined {
    return this.#calls.findLast((call) => call.id === id);
  }

  all(): readonly Call[] {
    return [...this.#calls];
  }
}
