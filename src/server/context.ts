import { hasPermission } from "../auth/permissions.js";
import type { Principal } from "../auth/principal.js";
import { PermissionError } from "../errors.js";
import type { Operation } from "../operations/types.js";
import { encodeNotification } from "../protocol/jsonrpc.js";
import type { ProtocolVersion } from "../protocol/revisions/index.js";
import type { LoggingLevel } from "../protocol/types.js";
import { askElicitation, askRoots, askSample } from "./ask.js";
import type { Call } from "./call.js";
import { setCallReader } from "./call-of.js";
import type { ClientFacts, TransportName } from "./peer.js";
import { isLoggingLevel, isLoud } from "./session.js";
import type { ContextLog, RequestContext, RequestInfo } from "./types.js";

/**
 * `ctx`: a thin view of a call. Functions are made by getters, so that they can be destructured and cost nothing when a
 * handler does not use them.
 */
export class CallContext implements RequestContext {
  readonly #call: Call;
  #lastProgress = Number.NEGATIVE_INFINITY;

  constructor(call: Call) {
    this.#call = call;
  }

  static {
    setCallReader((ctx) => (ctx as CallContext).#call);
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get progress(): RequestContext["progress"] {
    return (done, total, message) => this.#progress(done, total, message);
  }

  get log(): ContextLog {
    const at = (level: LoggingLevel) => (message: string, data?: Readonly<Record<string, unknown>>) =>
      sendLog(this.#call, level, data === undefined ? message : { message, ...data });
    return {
      debug: at("debug"),
      info: at("info"),
      notice: at("notice"),
      warning: at("warning"),
      error: at("error"),
      critical: at("critical"),
      alert: at("alert"),
      emergency: at("emergency"),
    };
  }

  get principal(): Principal {
    return this.#call.peer.principal;
  }

  get require(): RequestContext["require"] {
    const { permissions } = this.#call.peer.principal;
    return (...wanted) => {
      if (!wanted.every((permission) => hasPermission(permissions, permission))) throw new PermissionError(wanted);
    };
  }

  get elicit(): RequestContext["elicit"] {
    return ((request: Parameters<typeof askElicitation>[1]) =>
      handled(askElicitation(this.#call, request))) as RequestContext["elicit"];
  }

  get sample(): RequestContext["sample"] {
    return (request) => handled(askSample(this.#call, request));
  }

  get roots(): RequestContext["roots"] {
    return (request) => handled(askRoots(this.#call, request?.key));
  }

  get step(): RequestContext["step"] {
    return (name, work) => handled(this.#call.journal.step(name, work));
  }

  get operation(): Operation {
    const { operation, journal } = this.#call;
    return operation === undefined
      ? { id: journal.operationId, fence: 1 }
      : { id: operation.id, fence: operation.fence };
  }

  get client(): ClientFacts {
    return this.#call.peer.client;
  }

  get revision(): ProtocolVersion {
    return this.#call.peer.revision.version;
  }

  get transport(): TransportName {
    return this.#call.peer.transport;
  }

  get request(): RequestInfo {
    const { id, method, meta, exchange } = this.#call;
    return { id, method, meta, header: (name) => exchange.header?.(name) };
  }

  get closeStream(): () => void {
    return () => this.#call.exchange.closeStream?.();
  }

  #progress(done: number, total: number | undefined, message: string | undefined): void {
    if (!(done > this.#lastProgress)) return;
    this.#lastProgress = done;
    const { operation } = this.#call;
    if (operation === undefined) this.#call.progressed(done, total, message);
    else operation.progressed(done, total, message);
  }
}

/** A question nobody awaits must not end the process as an unhandled rejection; whoever awaits it still sees it. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function sendLog(call: Call, level: LoggingLevel, data: unknown): void {
  const minimum = minimumLevel(call);
  if (call.settled || minimum === undefined || !isLoud(level, minimum) || !call.mayNotify()) return;
  call.exchange.notify(encodeNotification("notifications/message", { level, data }), true);
}

/** What the client wants to hear: per session in the legacy era, per request (or nothing) on 2026-07-28. */
function minimumLevel(call: Call): LoggingLevel | undefined {
  const { peer } = call;
  if (peer.revision.era === "legacy") return peer.session?.level ?? "info";
  const level = call.envelopeLevel;
  return isLoggingLevel(level) ? level : undefined;
}
