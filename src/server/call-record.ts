/** One call as those who watch are told of it: the audit log, and telemetry. Made only where somebody watches. */
import { redactUri, shown } from "../audit/names.js";
import type { AuditDenialReason, AuditOutcome } from "../audit/types.js";
import { hasPermission } from "../auth/permissions.js";
import { ErrorCode, McpError, PermissionError } from "../errors.js";
import type { RpcErrorShape } from "../protocol/jsonrpc.js";
import { type JsonObject, ownObject, ownString } from "../util/json.js";
import type { Call } from "./call.js";
import { CallLimitError } from "./call-admission.js";
import { type CallEnding, type CallEvent, eventOf } from "./call-event.js";
import type { RequestWatch } from "./instruments.js";
import { OPERATION_META } from "./operation-identity.js";
import type { TelemetryQuestion, TelemetryRequest } from "./telemetry.js";

/** The record of a call; undefined when nobody wants it. */
export function recordOf(call: Call, known: boolean): CallRecord | undefined {
  const { audit, instruments } = call.app;
  const event = audit && eventOf(call, audit);
  const watch = instruments?.request(requestOf(call, known));
  return event === undefined && watch === undefined ? undefined : new CallRecord(call, event, watch);
}

export class CallRecord {
  readonly #call: Call;
  readonly #event: CallEvent | undefined;
  readonly #watch: RequestWatch | undefined;
  readonly #startedAt = performance.now();
  #denial: { readonly reason: AuditDenialReason; readonly missing?: readonly string[] } | undefined;
  #begun = false;
  #claimed = false;
  #ended = false;
  #replayedId: string | undefined;

  constructor(call: Call, event: CallEvent | undefined, watch: RequestWatch | undefined) {
    this.#call = call;
    this.#event = event;
    this.#watch = watch;
  }

  /** Runs the work of the call where what it starts can find the call's span. */
  within<T>(work: () => T): T {
    return this.#watch === undefined ? work() : this.#watch.run(work);
  }

  /** Why the call will be refused; `required` are all permissions it needs. The first reason stands. */
  deny(reason: AuditDenialReason, required?: readonly string[]): void {
    const granted = this.#call.peer.principal.permissions;
    const missing = required?.filter((permission) => !hasPermission(granted, permission));
    this.#denial ??= { reason, ...(missing !== undefined && { missing }) };
  }

  /** The arguments were judged by their schema. */
  validated(ok: boolean): void {
    if (!this.#ended) this.#watch?.validated(ok);
  }

  /** The operation is this call's to do. */
  claim(operationId: string): void {
    this.#claimed = true;
    if (!this.#ended) this.#watch?.claimed(operationId);
  }

  /** The author's handler runs: errors are its own from now on. */
  begin(): void {
    this.#begun = true;
    if (!this.#ended) this.#watch?.began();
  }

  /** The client is asked something. */
  ask(method: string): TelemetryQuestion | undefined {
    return this.#ended ? undefined : this.#watch?.asks(method);
  }

  /** The outcome is that of an earlier call, of this operation. */
  replay(operationId: string): void {
    this.#replayedId = operationId;
  }

  succeeded(result: object): void {
    const { resultType, isError } = result as JsonObject;
    const operation = ownObject(ownObject(result as JsonObject, "_meta"), OPERATION_META);
    if (operation?.state === "unknown") return this.#end("unknown");
    if (resultType === "input_required") return this.#end("input_required");
    if (resultType === "task") return this.#end("task", { taskId: ownString(result as JsonObject, "taskId") });
    this.#end(isError === true ? "tool_error" : "ok");
  }

  failed(error: unknown, { code, message }: RpcErrorShape): void {
    if (error instanceof PermissionError) this.deny("not_permitted", error.required);
    else if (error instanceof CallLimitError) this.deny("rate_limited");
    else if (this.#isMisuse(error)) this.deny("invalid_arguments");
    this.#end("error", { errorCode: code }, message);
  }

  cancelled(): void {
    const { operation } = this.#call;
    this.#end("cancelled", { workContinues: operation !== undefined && operation.aborted === undefined });
  }

  /** Refused for its parameters before anything was run for it. */
  #isMisuse(error: unknown): boolean {
    if (this.#begun || this.#call.operation !== undefined) return false;
    return error instanceof McpError && error.code === ErrorCode.InvalidParams;
  }

  #end(outcome: AuditOutcome, facts: Partial<CallEnding> = {}, errorMessage?: string): void {
    this.#ended = true;
    const operationId = this.#replayedId ?? this.#call.operation?.id;
    const durationMs = Math.round((performance.now() - this.#startedAt) * 1000) / 1000;
    const replayed = this.#replayedId !== undefined;
    this.#event?.write({
      ...this.#denial,
      ...facts,
      outcome,
      replayed,
      durationMs,
      ...(operationId && { operationId }),
    });
    const { errorCode } = facts;
    this.#watch?.ended({
      outcome,
      durationMs,
      ...(errorCode !== undefined && { errorCode }),
      ...(errorMessage !== undefined && { errorMessage: shown(errorMessage) }),
      ...(this.#denial !== undefined && { denied: this.#denial.reason }),
      ...(operationId !== undefined && {
        operationId,
        operation: replayed ? "replayed" : this.#claimed ? "ran" : "joined",
      }),
    });
  }
}

const WITH_URI = new Set(["resources/read", "resources/subscribe", "resources/unsubscribe"]);
/** What URLs have in practice. */
const MAX_URI_LENGTH = 2048;

/** A call as telemetry sees it: names are those of the server, so that callers cannot make up new ones without end. */
function requestOf(call: Call, known: boolean): TelemetryRequest {
  const { id, method, params, peer, app, meta, exchange } = call;
  const name = ownString(params, "name") ?? "";
  const uri = WITH_URI.has(method) ? ownString(params, "uri") : undefined;
  const { session, client } = peer;
  return {
    method: known ? method : shown(method),
    known,
    id: typeof id === "string" ? shown(id) : id,
    ...(method === "tools/call" && app.catalogue.tools.get(name) !== undefined && { tool: name }),
    ...(method === "prompts/get" && app.catalogue.prompts.get(name) !== undefined && { prompt: name }),
    ...(uri !== undefined && { uri: shown(redactUri(uri.slice(0, 2 * MAX_URI_LENGTH)), MAX_URI_LENGTH) }),
    revision: peer.revision.version,
    transport: peer.transport,
    ...(session?.id !== undefined && { sessionId: session.id }),
    ...(client.info !== undefined && {
      client: { name: shown(client.info.name), version: shown(client.info.version) },
    }),
    meta,
    header: (header) => exchange.header?.(header),
  };
}
