import type { Principal } from "../auth/principal.js";
import { HoldfastError } from "../errors.js";
import type { ResponseMessage } from "../protocol/jsonrpc.js";
import type { Revision } from "../protocol/revisions/index.js";
import { LOGGING_LEVELS, type LoggingLevel } from "../protocol/types.js";
import type { JsonObject } from "../util/json.js";
import { CallRegister } from "./exchange.js";
import type { Change, ChangeListener } from "./hub.js";
import type { ClientFacts, Peer, TransportName } from "./peer.js";
import { type ClientRequest, type ListenElsewhere, Questions } from "./questions.js";

/** Sent when a client never chose a level: what an operator would want to see, without the noise. */
const DEFAULT_LEVEL: LoggingLevel = "info";

export interface SessionOptions {
  /**
   * Tells the session from all others; undefined when nothing of it outlives a request. A function is asked when the id
   * is wanted, which over stdio is seldom.
   */
  readonly id?: string | (() => string) | undefined;
  readonly revision: Revision;
  readonly transport: TransportName;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly maxPendingRequests: number;
  readonly maxSubscriptions: number;
  /** Where answers may come to another process than the one that asked. */
  readonly listenElsewhere?: ListenElsewhere | undefined;
}

/**
 * A session of the legacy era: what accumulates between an `initialize` and the end of its connection or id. Parts are
 * made when first needed. Over Streamable HTTP the object itself lives only while it holds something.
 */
export class LegacySession implements ChangeListener {
  readonly revision: Revision;
  readonly transport: TransportName;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly calls: CallRegister = new CallRegister();
  /** Sends a message that belongs to no request; set while there is a way to. */
  push: ((message: string) => void) | undefined;
  #level: LoggingLevel | undefined;
  #subscriptions: Set<string> | undefined;
  #questions: Questions | undefined;
  #closed = false;
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.revision = options.revision;
    this.transport = options.transport;
    this.principal = options.principal;
    this.client = options.client;
    this.#options = options;
  }

  get id(): string | undefined {
    const { id } = this.#options;
    return typeof id === "function" ? id() : id;
  }

  /** The other side as one request sees it: with the identity that came with this request, not an earlier one. */
  peer(principal: Principal): Peer {
    return { revision: this.revision, transport: this.transport, principal, client: this.client, session: this };
  }

  /** True when forgetting this object would lose something. */
  get holdsState(): boolean {
    const { push, calls } = this;
    if (push !== undefined || calls.size > 0 || this.#level !== undefined) return true;
    return (this.#subscriptions?.size ?? 0) > 0 || (this.#questions?.size ?? 0) > 0;
  }

  set level(level: LoggingLevel) {
    this.#level = level;
  }

  get level(): LoggingLevel {
    return this.#level ?? DEFAULT_LEVEL;
  }

  subscribe(uri: string): void {
    this.#subscriptions ??= new Set();
    if (this.#subscriptions.size >= this.#options.maxSubscriptions && !this.#subscriptions.has(uri)) {
      throw new HoldfastError("ERR_LIMIT", `This session already has ${this.#subscriptions.size} subscriptions.`);
    }
    this.#subscriptions.add(uri);
  }

  unsubscribe(uri: string): void {
    this.#subscriptions?.delete(uri);
  }

  changed(change: Change): void {
    const concerned = change.kind !== "updated" || this.#subscriptions?.has(change.uri);
    if (concerned) this.push?.(change.message);
  }

  /** Sends a request to the client and waits for its answer. */
  async ask(request: ClientRequest): Promise<JsonObject> {
    if (this.#closed) throw new HoldfastError("ERR_CLIENT_GONE", "The client is gone.");
    const { maxPendingRequests, listenElsewhere } = this.#options;
    this.#questions ??= new Questions(maxPendingRequests, listenElsewhere);
    return this.#questions.ask(request);
  }

  /** True when a response with this id is waited for here. */
  awaits(id: unknown): boolean {
    return this.#questions?.awaits(id) === true;
  }

  /** Hands a response of the client to whoever asked; responses to nothing are ignored (a late answer, a stray). */
  settle(message: ResponseMessage): boolean {
    return this.#questions?.settle(message) === true;
  }

  /** The connection is gone for good: nobody will answer what was asked. */
  close(): void {
    this.push = undefined;
    this.#closed = true;
    this.#questions?.close();
  }
}

/** True when a message of `level` is to be sent to somebody who asked for `minimum` and above. */
export function isLoud(level: LoggingLevel, minimum: LoggingLevel): boolean {
  return LOGGING_LEVELS.indexOf(level) >= LOGGING_LEVELS.indexOf(minimum);
}

/** True for one of the eight levels. */
export function isLoggingLevel(value: unknown): value is LoggingLevel {
  return typeof value === "string" && (LOGGING_LEVELS as readonly string[]).includes(value);
}
