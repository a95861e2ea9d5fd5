import { ErrorCode, HoldfastError, McpError, PermissionError } from "../errors.js";
import type { RunningOperation } from "../operations/running.js";
import type { Watcher } from "../operations/types.js";
import { META } from "../protocol/headers.js";
import {
  encodeError,
  encodeNotification,
  encodeResponse,
  isRequestId,
  type RequestMessage,
  type RpcErrorShape,
} from "../protocol/jsonrpc.js";
import type { RequestId } from "../protocol/types.js";
import { isObject, type JsonObject, own, ownObject } from "../util/json.js";
import type { Linked } from "../util/list.js";
import { isThenable, type MaybePromise } from "../util/maybe-promise.js";
import { after } from "../util/timer.js";
import type { App } from "./app.js";
import type { CallRecord } from "./call-record.js";
import { encodeResult } from "./encode-result.js";
import type { Exchange } from "./exchange.js";
import { Journal } from "./journal.js";
import type { Peer } from "./peer.js";
import { describeFailure, errorResult } from "./results.js";
import type { TaskRun } from "./tasks/run.js";

/** Why a call ended before its handler did. */
export type CancelReason = "client" | "disconnect" | "timeout" | "shutdown";

const EMPTY: JsonObject = {};

/**
 * One request on its way from decoding to its answer. Whatever a call may need (abort controller, journal, timers) is
 * made when it is first asked for; a plain call makes this object and nothing else.
 */
export class Call implements Linked<Call>, Watcher {
  prev: Call | undefined;
  next: Call | undefined;
  linked = false;
  /** True for a listen stream. */
  lasting = false;
  /** What those who watch are told; undefined when nobody watches. */
  record: CallRecord | undefined;
  /** The operation whose outcome this call waits for; reads have none. */
  operation: RunningOperation | undefined;
  /** The task this call has become: what its handler asks and reports goes there. */
  task: TaskRun | undefined;
  /** True when more than the arguments names it. */
  operationNamed = false;
  readonly app: App;
  readonly exchange: Exchange;
  readonly peer: Peer;
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  #controller: AbortController | undefined;
  #cancelled: CancelReason | undefined;
  #settled = false;
  #refused = false;
  #notified = 0;
  #journal: Journal | undefined;
  #onEnd: (() => void) | undefined;
  #onShutdown: (() => void) | undefined;
  /** When the call has lasted too long, whatever its handler does; `Infinity` for calls that are meant to last. */
  deadlineMs: number;

  constructor(app: App, exchange: Exchange, message: RequestMessage) {
    this.app = app;
    this.exchange = exchange;
    this.peer = exchange.peer;
    this.id = message.id;
    this.method = message.method;
    this.params = message.params ?? EMPTY;
    this.deadlineMs = Date.now() + app.limits.callTimeoutMs;
  }

  get meta(): JsonObject {
    return ownObject(this.params, "_meta") ?? EMPTY;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get cancelled(): CancelReason | undefined {
    return this.#cancelled;
  }

  /** Aborts the work: of this call alone, or of the operation it shares with others. */
  get signal(): AbortSignal {
    if (this.operation !== undefined) return this.operation.signal;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled !== undefined) this.#controller.abort(cancelError(this.#cancelled));
    }
    return this.#controller.signal;
  }

  /** Answers, choices and steps recorded over the round trips of this call; throws if the state sent is not ours. */
  get journal(): Journal {
    this.#journal ??= Journal.of(this);
    return this.#journal;
  }

  /** The journal if anything made one. */
  get openJournal(): Journal | undefined {
    return this.#journal;
  }

  /** True when the client sent answers or state that must be looked at before the handler runs. */
  get resumes(): boolean {
    return own(this.params, "requestState") !== undefined || own(this.params, "inputResponses") !== undefined;
  }

  /** Runs `work` and answers with what it returns or throws. */
  run(work: (call: Call) => MaybePromise<object>): void {
    this.app.calls.add(this);
    this.exchange.calls?.add(this);
    try {
      const outcome = work(this);
      if (isThenable(outcome)) {
        Promise.resolve(outcome).then(
          (result) => this.succeed(result as object),
          (error: unknown) => this.fail(error),
        );
      } else this.succeed(outcome);
    } catch (error) {
      this.fail(error);
    }
  }

  succeed(result: object): void {
    if (this.#settled) return;
    let text: string;
    try {
      text = encodeResponse(this.id, encodeResult(this, result));
    } catch (error) {
      return this.fail(error);
    }
    if (text.length > this.app.limits.maxResultBytes && !this.#refused) return this.#refuseResult(text.length);
    this.#end();
    this.record?.succeeded(result);
    this.exchange.reply(text, 0);
  }

  /** The result is too large for its bound: said in words a model can act on where there is a place for them. */
  #refuseResult(length: number): void {
    // Whatever the bound is, there is room for saying so.
    this.#refused = true;
    const { maxResultBytes } = this.app.limits;
    const text = `The result has ${length} characters, ${maxResultBytes} are allowed (limits.maxResultBytes). Ask for less, or for a link to it.`;
    this.app.instruments?.limit("maxResultBytes");
    this.app.logger.log("error", "result_too_large", { method: this.method, length });
    if (this.method === "tools/call") this.succeed(this.peer.revision.callResult(errorResult(text)));
    else this.fail(new McpError(ErrorCode.InternalError, text));
  }

  fail(error: unknown): void {
    if (this.#settled) return;
    const failure = describeFailure(this, error);
    this.#end();
    this.record?.failed(error, failure);
    const permissions = error instanceof PermissionError ? error.required : undefined;
    const retryAfterMs = retryAfterIn(failure);
    this.exchange.reply(encodeError(this.id, failure), failure.code, { permissions, retryAfterMs });
  }

  /** Ends the call early. Past its end it does nothing: a late cancellation is normal. */
  cancel(reason: CancelReason): void {
    if (this.#settled || this.#cancelled !== undefined) return;
    this.#cancelled = reason;
    const error = cancelError(reason);
    this.#controller?.abort(error);
    if (this.operation !== undefined) this.#leave(this.operation, reason, error);
    if (reason === "timeout") this.app.instruments?.limit("callTimeoutMs");
    if (reason === "timeout") return this.fail(new McpError(ErrorCode.InternalError, error.message));
    if (reason === "shutdown") return this.fail(new McpError(ErrorCode.Unavailable, error.message));
    this.#end();
    this.record?.cancelled();
    this.exchange.abandon(encodeError(this.id, { code: ErrorCode.RequestCancelled, message: error.message }));
  }

  /** Marks the call cancelled for its handler while its answer is decided elsewhere (a tool's own timeout). */
  abort(error: Error): void {
    this.#controller?.abort(error);
    this.operation?.abort(error);
  }

  /** Sends progress under this call's own token, if it gave one. */
  progressed(done: number, total: number | undefined, message: string | undefined): void {
    const token = own(this.meta, "progressToken");
    // Bounded like a request id, for it is sent as often as a handler likes; what is neither text nor whole is no token.
    if (!isRequestId(token) || this.#settled || !this.mayNotify()) return;
    const params = { progressToken: token, progress: done, total, message };
    this.exchange.notify(encodeNotification("notifications/progress", params), true);
  }

  /**
   * The call ends before its operation does. While others wait for the outcome the work goes on. When the last one has
   * left: a client that cancelled means the work, one that lost its connection may come back for the outcome.
   */
  #leave(operation: RunningOperation, reason: CancelReason, error: Error): void {
    const others = operation.unwatch(this);
    if (reason === "shutdown") return operation.abort(error);
    if (others > 0) return;
    // Whoever started the process took it along.
    const comesBack = reason === "disconnect" && this.peer.transport !== "stdio" && operation.owned;
    if (!comesBack) return operation.abort(error);
    operation.detach(this.app.limits.detachGraceMs, () => error, after);
  }

  /** Counts one more message on the way to the answer; false when the call has sent as many as it may. */
  mayNotify(): boolean {
    this.#notified += 1;
    const { maxNotificationsPerCall } = this.app.limits;
    if (this.#notified === maxNotificationsPerCall + 1) {
      this.app.instruments?.limit("maxNotificationsPerCall");
      this.app.logger.log("warn", "notifications_dropped", { method: this.method, after: maxNotificationsPerCall });
    }
    return this.#notified <= maxNotificationsPerCall;
  }

  /** Runs when the call ends, however it ends. One listener: the handler of a listen stream. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** How a call that would last for ever ends well when the server stops. */
  onShutdown(listener: () => void): void {
    this.#onShutdown = listener;
  }

  /** Asks a call that would last for ever to end; others are given their time. */
  shutdown(): void {
    this.#onShutdown?.();
  }

  /** The level of log messages this request wants, as an envelope member (2026-07-28); undefined means none. */
  get envelopeLevel(): unknown {
    return own(this.meta, META.logLevel);
  }

  #end(): void {
    this.#settled = true;
    this.app.calls.delete(this);
    this.exchange.calls?.delete(this);
    this.#onEnd?.();
  }
}

/** When the caller may come again, if that is what the error says. */
function retryAfterIn({ code, data }: RpcErrorShape): number | undefined {
  if (code !== ErrorCode.RateLimited || !isObject(data)) return undefined;
  const { retryAfterMs } = data;
  return typeof retryAfterMs === "number" && retryAfterMs >= 0 ? retryAfterMs : undefined;
}

function cancelError(reason: CancelReason): HoldfastError {
  if (reason === "timeout") return new HoldfastError("ERR_TIMEOUT", "The call took too long and was ended.");
  if (reason === "shutdown") return new HoldfastError("ERR_CANCELLED", "The server is shutting down; call again.");
  const text = reason === "client" ? "The client cancelled the call." : "The client closed the connection.";
  return new HoldfastError("ERR_CANCELLED", text);
}
