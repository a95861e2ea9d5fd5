import { randomInt } from "node:crypto";
import type { Principal } from "../auth/principal.js";
import { HoldfastError } from "../errors.js";
import { encodeNotification, encodeRequest, type ResponseMessage } from "../protocol/jsonrpc.js";
import type { Revision } from "../protocol/revisions/index.js";
import { LOGGING_LEVELS, type LoggingLevel } from "../protocol/types.js";
import type { JsonObject } from "../util/json.js";
import { after } from "../util/timer.js";
import { CallRegister } from "./exchange.js";
import type { Change, ChangeListener } from "./hub.js";
import type { ClientFacts, Peer, TransportName } from "./peer.js";

/** Sent when a client never chose a level: what an operator would want to see, without the noise. */
const DEFAULT_LEVEL: LoggingLevel = "info";

/** The largest range `randomInt` takes; what is counted up from it stays a safe integer. */
const MAX_FIRST_ID = 2 ** 48 - 1;

interface Pending {
  resolve(result: JsonObject): void;
  reject(error: Error): void;
}

export interface SessionOptions {
  /** Tells the session from all others; undefined when nothing of it outlives a request. */
  readonly id?: string | undefined;
  readonly revision: Revision;
  readonly transport: TransportName;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly maxPendingRequests: number;
  readonly maxSubscriptions: number;
}

/** A request to the client: what to ask, how to send it, and when to give up. */
export interface ClientRequest {
  readonly method: string;
  readonly params: object | undefined;
  readonly send: (message: string) => void;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * A session of the legacy era: what accumulates between an `initialize` and the end of its connection or id. Parts are
 * made when first needed. Over Streamable HTTP the object itself lives only while it holds something.
 */
export class LegacySession implements ChangeListener {
  readonly id: string | undefined;
  readonly revision: Revision;
  readonly transport: TransportName;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly calls: CallRegister = new CallRegister();
  /** Sends a message that belongs to no request; set while there is a way to. */
  push: ((message: string) => void) | undefined;
  #level: LoggingLevel | undefined;
  #subscriptions: Set<string> | undefined;
  #pending: Map<number, Pending> | undefined;
  #lastId: number | undefined;
  #closed = false;
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.revision = options.revision;
    this.transport = options.transport;
    this.principal = options.principal;
    this.client = options.client;
    this.#options = options;
  }

  /** The other side as one request sees it: with the identity that came with this request, not an earlier one. */
  peer(principal: Principal): Peer {
    return { revision: this.revision, transport: this.transport, principal, client: this.client, session: this };
  }

  /** True when forgetting this object would lose something. */
  get holdsState(): boolean {
    const { push, calls } = this;
    if (push !== undefined || calls.size > 0 || this.#level !== undefined) return true;
    return (this.#subscriptions?.size ?? 0) > 0 || (this.#pending?.size ?? 0) > 0;
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
    if (this.push === undefined) return;
    if (change.kind !== "updated") this.push(encodeNotification(`notifications/${change.kind}/list_changed`));
    else if (this.#subscriptions?.has(change.uri)) {
      this.push(encodeNotification("notifications/resources/updated", { uri: change.uri }));
    }
  }

  /** Sends a request to the client and waits for its answer. */
  async ask(request: ClientRequest): Promise<JsonObject> {
    if (this.#closed) throw new HoldfastError("ERR_CLIENT_GONE", "The client is gone.");
    this.#pending ??= new Map();
    const pending = this.#pending;
    if (pending.size >= this.#options.maxPendingRequests) {
      throw new HoldfastError("ERR_LIMIT", `The client has ${pending.size} unanswered requests.`);
    }
    request.signal.throwIfAborted();
    // From a random start: the session may go on in another process, and no id may come twice in it.
    this.#lastId = (this.#lastId ?? randomInt(MAX_FIRST_ID)) + 1;
    const id = this.#lastId;
    let timer: NodeJS.Timeout | undefined;
    const giveUp = () => settleWith(new HoldfastError("ERR_CANCELLED", "The call was cancelled."));
    const settleWith = (error: Error) => {
      pending.get(id)?.reject(error);
      // Tells the client to stop asking its user; it may ignore it (2025-11-25, cancellation).
      request.send(encodeNotification("notifications/cancelled", { requestId: id, reason: error.message }));
    };
    try {
      return await new Promise<JsonObject>((resolve, reject) => {
        pending.set(id, { resolve, reject });
        request.signal.addEventListener("abort", giveUp, { once: true });
        timer = after(request.timeoutMs, () => {
          settleWith(new HoldfastError("ERR_TIMEOUT", `The client did not answer ${request.method} in time.`));
        });
        request.send(encodeRequest(id, request.method, request.params));
      });
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", giveUp);
      pending.delete(id);
    }
  }

  /** Hands a response of the client to whoever asked; responses to nothing are ignored (a late answer, a stray). */
  settle(message: ResponseMessage): boolean {
    const pending = typeof message.id === "number" ? this.#pending?.get(message.id) : undefined;
    if (pending === undefined) return false;
    if (message.result !== undefined) pending.resolve(message.result);
    else pending.reject(new HoldfastError("ERR_CLIENT_REPLY", `The client refused: ${message.error?.message ?? ""}`));
    return true;
  }

  /** The connection is gone for good: nobody will answer what was asked. */
  close(): void {
    this.push = undefined;
    this.#closed = true;
    for (const pending of this.#pending?.values() ?? []) {
      pending.reject(new HoldfastError("ERR_CLIENT_GONE", "The client is gone."));
    }
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
