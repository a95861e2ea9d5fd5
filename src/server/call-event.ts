/** What the audit log says of a call. Made only where there is such a log. */

import { type Audit, traceparentOf } from "../audit/audit.js";
import { shown } from "../audit/names.js";
import type { AuditCallEvent, AuditedName } from "../audit/types.js";
import { canonicalJson } from "../util/canonical-json.js";
import { nodeCrypto } from "../util/crypto.js";
import { type JsonObject, own, ownObject, ownString } from "../util/json.js";
import type { Call } from "./call.js";

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

/** The event of a call; undefined for methods that are not recorded. */
export function eventOf(call: Call, audit: Audit): CallEvent | undefined {
  const subjectOf = SUBJECTS.get(call.method);
  return subjectOf === undefined ? undefined : new CallEvent(call, audit, subjectOf);
}

/** What is known of a call when it has ended. */
export interface CallEnding
  extends Pick<AuditCallEvent, "outcome" | "reason" | "missing" | "errorCode" | "operationId" | "durationMs"> {
  readonly replayed: boolean;
  readonly workContinues?: boolean;
  /** The task the call goes on as. */
  readonly taskId?: string | undefined;
}

export class CallEvent {
  readonly #call: Call;
  readonly #audit: Audit;
  readonly #subjectOf: SubjectOf;
  readonly #time = new Date().toISOString();

  constructor(call: Call, audit: Audit, subjectOf: SubjectOf) {
    this.#call = call;
    this.#audit = audit;
    this.#subjectOf = subjectOf;
  }

  write({ outcome, reason, missing, errorCode, operationId, durationMs, ...ending }: CallEnding): void {
    const { id, method } = this.#call;
    const { replayed, workContinues, taskId } = ending;
    this.#audit.record(() => ({
      event: "call",
      time: this.#time,
      requestId: typeof id === "string" ? shown(id) : id,
      ...this.#caller(),
      method,
      ...this.#asked(),
      decision: reason === undefined ? "allowed" : "denied",
      ...(reason !== undefined && { reason }),
      ...(missing !== undefined && { missing }),
      outcome,
      ...(errorCode !== undefined && { errorCode }),
      ...(operationId !== undefined && { operationId }),
      ...(replayed && { replayed }),
      ...(workContinues === true && { workContinues }),
      ...(taskId !== undefined && { task: fingerprint(taskId) }),
      durationMs,
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
  return nodeCrypto().createHash("sha256").update(canonicalJson(args)).digest("hex");
}

function fingerprint(taskId: string): string {
  return nodeCrypto().createHash("sha256").update(taskId).digest("hex").slice(0, TASK_DIGITS);
}
