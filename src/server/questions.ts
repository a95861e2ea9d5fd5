import { ErrorCode, HoldfastError, McpError } from "../errors.js";
import { encodeNotification, encodeRequest, type ResponseMessage } from "../protocol/jsonrpc.js";
import type { Unlisten } from "../stores/relay.js";
import { nodeCrypto } from "../util/crypto.js";
import type { JsonObject } from "../util/json.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import { after } from "../util/timer.js";

/** The largest range `randomInt` takes; what is counted up from it stays a safe integer. */
const MAX_FIRST_ID = 2 ** 48 - 1;

interface Pending {
  resolve(result: JsonObject): void;
  reject(error: Error): void;
}

/** A request to the client: what to ask, how to send it, and when to give up. */
export interface ClientRequest {
  readonly method: string;
  readonly params: object | undefined;
  readonly send: (message: string) => void;
  /** Told the id, before it is sent. */
  readonly named?: ((id: number) => void) | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Listens for the answer to a request where it may come to another process; undefined where it cannot. From the moment
 * it has resolved an answer is found there.
 */
export type ListenElsewhere = (
  id: number,
  answered: (message: ResponseMessage) => void,
) => MaybePromise<Unlisten> | undefined;

/**
 * Requests of one session to its client.
 * 1. A request is pending from before it is sent until its first answer, its end by time or signal, or the session's.
 * 2. Whatever ends it takes it out at once: what comes later finds nothing.
 */
export class Questions {
  readonly #max: number;
  readonly #elsewhere: ListenElsewhere | undefined;
  readonly #pending = new Map<number, Pending>();
  #lastId: number | undefined;

  constructor(max: number, elsewhere: ListenElsewhere | undefined) {
    this.#max = max;
    this.#elsewhere = elsewhere;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** True when a response with this id is waited for here. */
  awaits(id: unknown): boolean {
    return typeof id === "number" && this.#pending.has(id);
  }

  /** Sends a request to the client and waits for its answer. */
  async ask(request: ClientRequest): Promise<JsonObject> {
    const { method, params, send, signal, timeoutMs } = request;
    if (this.size >= this.#max) {
      throw new HoldfastError("ERR_LIMIT", `The client has ${this.size} unanswered requests.`);
    }
    signal.throwIfAborted();
    // From a random start: the session may go on in another process, and no id may come twice in it.
    this.#lastId = (this.#lastId ?? nodeCrypto().randomInt(MAX_FIRST_ID)) + 1;
    const id = this.#lastId;
    request.named?.(id);
    const answer = this.#answerTo(id);
    let sent = false;
    const giveUp = (error: Error) => {
      const pending = this.#take(id);
      if (pending === undefined) return;
      pending.reject(error);
      // Tells the client to stop asking its user; it may ignore it (2025-11-25, cancellation).
      if (sent) send(encodeNotification("notifications/cancelled", { requestId: id, reason: error.message }));
    };
    const cancel = () => giveUp(new HoldfastError("ERR_CANCELLED", "The call was cancelled."));
    signal.addEventListener("abort", cancel, { once: true });
    const timer = after(timeoutMs, () => {
      giveUp(new HoldfastError("ERR_TIMEOUT", `The client did not answer ${method} in time.`));
    });
    const listening = this.#elsewhere?.(id, (message) => this.settle(message));
    try {
      // It may be given up before anybody listens: then it is not sent.
      if (listening !== undefined) await Promise.race([listening, answer]);
      sent = true;
      send(encodeRequest(id, method, params));
      return await answer;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      this.#pending.delete(id);
      if (listening !== undefined) leave(listening);
    }
  }

  /** Hands a response of the client to whoever asked; responses to nothing are ignored (a late answer, a stray). */
  settle(message: ResponseMessage): boolean {
    const pending = typeof message.id === "number" ? this.#take(message.id) : undefined;
    if (pending === undefined) return false;
    if (message.result !== undefined) pending.resolve(message.result);
    else pending.reject(refusal(message));
    return true;
  }

  /** Nobody will answer what was asked. */
  close(): void {
    for (const id of [...this.#pending.keys()]) {
      this.#take(id)?.reject(new HoldfastError("ERR_CLIENT_GONE", "The client is gone."));
    }
  }

  #answerTo(id: number): Promise<JsonObject> {
    const answer = new Promise<JsonObject>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    // Whoever asks hears of it; it may fail before that one has come to wait for it.
    answer.catch(() => {});
    return answer;
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}

function refusal({ error }: ResponseMessage): HoldfastError {
  const { code = ErrorCode.InternalError, message = "" } = error ?? {};
  return new HoldfastError("ERR_CLIENT_REPLY", `The client refused: ${message}`, {
    cause: new McpError(code, message),
  });
}

function leave(listening: MaybePromise<Unlisten>): void {
  void Promise.resolve(listening).then(
    (unlisten) => unlisten(),
    () => {},
  );
}
