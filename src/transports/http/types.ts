import type { Budget } from "../../util/budget.js";

/** The neutral record of one HTTP request and its reply. Runtimes implement it; nothing below knows Node or fetch. */
export interface HttpExchange {
  readonly method: string;
  /** Path without query, still percent-encoded. */
  readonly path: string;
  /** Query without the question mark; empty when there is none. */
  readonly query: string;
  /** How the client reached this process; `http` when absent. */
  readonly scheme?: "http" | "https";
  /** What a framework has in front of `path`, e.g. `/api`; URLs that clients are given begin with it. */
  readonly prefix?: string;
  readonly remoteAddress: string | undefined;
  /** The address the connection came in on; an IP literal in `Host` that equals it cannot be a rebound name. */
  readonly localAddress: string | undefined;
  /** A request header by lower-case name; values of a repeated header are joined with `, `. */
  header(name: string): string | undefined;
  /** The version the request came with, e.g. `1.1`; absent where the runtime does not tell. */
  readonly httpVersion?: string;
  /** How often a header was sent; absent where the runtime does not tell. */
  timesSent?(name: string): number;
  /** Reads the whole body within its bounds and calls back once. */
  readBody(bounds: BodyBounds, done: (body: Body) => void): void;
  /** Sends a complete reply. */
  end(status: number, headers: ReplyHeaders, body?: string): void;
  /** Starts a reply whose body comes in pieces. */
  stream(status: number, headers: ReplyHeaders): ReplyStream;
  /** How many bytes of the reply wait in memory for the reader now. */
  readonly waiting: number;
  /** Cuts the connection now. */
  abort(): void;
  /** Called once if the connection goes away before the reply is complete. One listener. */
  onGone(listener: () => void): void;
  /**
   * Calls back once with whether the reply arrived, as far as can be known. Call it before the reply is ended. Absent
   * where what was sent has arrived.
   */
  onDelivery?(listener: (arrived: boolean) => void): void;
}

export type ReplyHeaders = Readonly<Record<string, string>>;

/** A reply under way. */
export interface ReplyStream {
  /** Returns how many bytes wait in memory for the reader. */
  write(text: string): number;
  /** How many bytes wait in memory for the reader now. */
  readonly waiting: number;
  /** The same with what counts as on its way, for a reader that may never have begun to read. Absent where nothing does. */
  readonly untaken?: number;
  /** Ends the body after what was written. */
  end(): void;
  /** Cuts the connection now: what waits for a reader that does not read is dropped. */
  abort(): void;
  /** Calls back once, when everything written has been taken. */
  whenDrained(listener: () => void): void;
  /**
   * Calls back once with whether the reply arrived, as far as can be known. Call it before the reply is ended. Absent
   * where what was sent has arrived.
   */
  onDelivery?(listener: (arrived: boolean) => void): void;
}

/** How much of a body is read. */
export interface BodyBounds {
  readonly maxBytes: number;
  /** Bytes of bodies that are still coming in, of all requests. */
  readonly budget: Budget;
}

/** A request body: its text, or why there is none. */
export type Body =
  | { readonly ok: true; readonly text: string }
  /** Parsed already by the framework the server is mounted in. */
  | { readonly ok: true; readonly text?: undefined; readonly value: unknown }
  | { readonly ok: false; readonly reason: "too-large" | "busy" | "not-utf8" | "aborted" };
