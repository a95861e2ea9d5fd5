/** One call as the audit log tells it. Made only where there is such a log. */
import { createHash } from "node:crypto";
import { type Audit, traceparentOf } from "../audit/audit.js";
import { shown } from "../audit/names.js";
import type { AuditCallEvent, AuditDenialReason, AuditedName, AuditOutcome } from "../audit/types.js";
import { hasPermission } from "../auth/permissions.js";
import { ErrorCode, McpError, PermissionError } from "../errors.js";
import { canonicalJson } from "../util/canonical-json.js";
import { type JsonObject, own, ownObject, ownString } from "../util/json.js";
import type { Call } from "./call.js";
import { CallLimitError } from "./call-admission.js";
import { OPERATION_META } from "./operation-identity.js";

/** What a call asks for. */
interface Subject {
  readonly kind: AuditedName | "task";
  readonly name: string | undefined;
  readonly args?: unknown;
}
type SubjectOf = (params: JsonObject) => Subject;

const tool: SubjectOf = (params) => {
  return { kind: "tool", name: ownString(params, "name"), args: own(params, "arguments") };
};
const prompt: SubjectOf = (params) => ({ ...tool(params), kind: "prompt" });
const resource: SubjectOf = (params) => ({ kind: "uri", name: ownString(params, "uri") });
const task: SubjectOf = (params) => {
  return { kind: "task", name: ownString(params, "taskId"), args: own(params, "inputResponses") };
};
const completion: SubjectOf = (params) => {
  const ref = ownObject(params, "ref");
  const args = own(params, "argument");
  const name = ownString(ref, "name");
  return name === undefined ? { kind: "uri", name: ownString(ref, "uri"), args } : { kind: "prompt", name, args };
};

/** Methods that are recorded: those that read, write or watch something. Lists and pings would bury them. */
const SUBJECTS: ReadonlyMap<string, SubjectOf> = new Map([
  ["tools/call", tool],
  ["resources/read", resource],
  ["resources/subscribe", resource],
  ["resources/unsubscribe", resource],
  ["prompts/get", prompt],
  ["completion/complete", completion],
  ["tasks/get", task],
  ["tasks/update", task],
  ["tasks/cancel", task],
]);

/** A token can carry a thousand; what denies or permits is in `missing`. */
const MAX_PERMISSIONS = 100;
/** Enough to tell tasks apart, and nothing by which one could be asked for. */
const TASK_DIGITS = 16;

/** The record of a call; undefined for methods that are not recorded. */
export function recordOf(call: Call, audit: Audit): CallRecord | undefined {
  const subjectOf = SUBJECTS.get(call.method);
  return subjectOf === undefined ? undefined : new CallRecord(call, audit, subjectOf);
}

export class CallRecord {
  readonly #call: Call;
  readonly #audit: Audit;
  readonly #subjectOf: SubjectOf;
  readonly #time = new Date().toISOString();
  readonly #startedAt = performance.now();
  #denial: Pick<AuditCallEvent, "reason" | "missing"> | undefined;
  #begun = false;
  #replayedId: string | undefined;

  constructor(call: Call, audit: Audit, subjectOf: SubjectOf) {
    this.#call = call;
    this.#audit = audit;
    this.#subjectOf = subjectOf;
  }

  /** Why the call will be refused; `required` are all permissions it needs. The first reason stands. */
  deny(reason: AuditDenialReason, required?: readonly string[]): void {
    const granted = this.#call.peer.principal.permissions;
    const missing = required?.filter((permission) => !hasPermission(granted, permission));
    this.#denial ??= { reason, ...(missing !== undefined && { missing }) };
  }

  /** The author's handler runs: errors are its own from now on. */
  begin(): void {
    this.#begun = true;
  }

  /** The outcome is that of an earlier call, of this operation. */
  replay(operationId: string): void {
    this.#replayedId = operationId;
  }

  succeeded(result: object): void {
    const { resultType, isError } = result as JsonObject;
    const operation = ownObject(ownObject(result as JsonObject, "_meta"), OPERATION_META);
    if (operation?.state === "unknown") return this.#write("unknown", {});
    if (resultType === "input_required") return this.#write("input_required", {});
    if (resultType === "task")
      return this.#write("task", { task: fingerprint(ownString(result as JsonObject, "taskId")) });
    this.#write(isError === true ? "tool_error" : "ok", {});
  }

  failed(error: unknown, errorCode: number): void {
    if (error instanceof PermissionError) this.deny("not_permitted", error.required);
    else if (error instanceof CallLimitError) this.deny("rate_limited");
    else if (this.#isMisuse(error)) this.deny("invalid_arguments");
    this.#write("error", { errorCode });
  }

  cancelled(): void {
    const { operation } = this.#call;
    const workContinues = operation !== undefined && operation.aborted === undefined;
    this.#write("cancelled", { workContinues });
  }

  /** Refused for its parameters before anything was run for it. */
  #isMisuse(error: unknown): boolean {
    if (this.#begun || this.#call.operation !== undefined) return false;
    return error instanceof McpError && error.code === ErrorCode.InvalidParams;
  }

  #write(outcome: AuditOutcome, facts: Pick<AuditCallEvent, "errorCode" | "workContinues" | "task">): void {
    const { id, method, operation } = this.#call;
    const operationId = this.#replayedId ?? operation?.id;
    const { errorCode, workContinues, task } = facts;
    this.#audit.record(() => ({
      event: "call",
      time: this.#time,
      requestId: typeof id === "string" ? shown(id) : id,
      ...this.#caller(),
      method,
      ...this.#asked(),
      decision: this.#denial === undefined ? "allowed" : "denied",
      ...this.#denial,
      outcome,
      ...(errorCode !== undefined && { errorCode }),
      ...(operationId !== undefined && { operationId }),
      ...(this.#replayedId !== undefined && { replayed: true }),
      ...(workContinues === true && { workContinues }),
      ...(task !== undefined && { task }),
      durationMs: Math.round((performance.now() - this.#startedAt) * 1000) / 1000,
    }));
  }

  #caller(): Pick<AuditCallEvent, "traceparent" | "principal" | "permissions" | "transport" | "revision" | "client"> {
    const { peer, meta, exchange } = this.#call;
    const { issuer, subject, clientId, permissions } = peer.principal;
    const { info } = peer.client;
    // What the message says counts before what a proxy may have added (test catalogue 91).
    const traceparent = traceparentOf(own(meta, "traceparent")) ?? traceparentOf(exchange.header?.("traceparent"));
    return {
      ...(traceparent !== undefined && { traceparent }),
      principal: { issuer, subject, ...(clientId !== undefined && { clientId }) },
      permissions: permissions.slice(0, MAX_PERMISSIONS),
      transport: peer.transport,
      revision: peer.revision.version,
      ...(info !== undefined && { client: { name: shown(info.name), version: shown(info.version) } }),
    };
  }

  #asked(): Pick<AuditCallEvent, "name" | "task" | "argumentsHash"> {
    const { kind, name, args } = this.#subjectOf(this.#call.params);
    const hash = args === undefined ? {} : { argumentsHash: hashOf(args) };
    if (name === undefined) return hash;
    return kind === "task" ? { task: fingerprint(name), ...hash } : { name: this.#audit.named(name, kind), ...hash };
  }
}

function hashOf(args: unknown): string {
  return createHash("sha256").update(canonicalJson(args)).digest("hex");
}

function fingerprint(taskId: string | undefined): string | undefined {
  return taskId === undefined ? undefined : createHash("sha256").update(taskId).digest("hex").slice(0, TASK_DIGITS);
}
