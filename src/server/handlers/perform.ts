/** A tool call as an operation: done once, however often and on whatever connection it is asked for. */

import {
  ErrorCode,
  HoldfastError,
  McpError,
  MissingClientCapabilityError,
  PermissionError,
  Retryable,
} from "../../errors.js";
import type { RunningOperation } from "../../operations/running.js";
import type { Outcome, Settlement } from "../../operations/types.js";
import type { CallToolResult } from "../../protocol/types.js";
import type { Retention } from "../../stores/operations.js";
import { nodeCrypto } from "../../util/crypto.js";
import { isObject, type JsonObject, ownObject } from "../../util/json.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import type { App } from "../app.js";
import type { Call } from "../call.js";
import type { CallAdmission } from "../call-admission.js";
import type { ToolEntry } from "../entries.js";
import type { Limits } from "../limits.js";
import { type Identity, OPERATION_META } from "../operation-identity.js";
import { errorResult } from "../results.js";
import { PARKED } from "../tasks/record.js";

/** What is done for a call. */
export interface ToolWork {
  /** What lets the work begin; undefined when nothing limits it. */
  readonly admission: CallAdmission | undefined;
  /** Runs the handler: a result in the neutral model, or what asks the client for input. */
  readonly run: (call: Call) => MaybePromise<object>;
  /** The answer for work that was refused before it did anything. */
  readonly refused: (error: unknown) => object;
}

/** Nobody runs it again, and nobody can say: words a model can act on. */
const UNKNOWN =
  "The outcome of this call is unknown: the server stopped after the work had begun and before its result was " +
  "recorded. It was not run again. Find out whether it took effect before you ask for it anew.";

/** Does the work of a call once, and answers with its outcome, whoever ran it. */
export async function performTool(
  call: Call,
  tool: ToolEntry,
  identity: Identity,
  toolWork: ToolWork,
): Promise<object> {
  const { admission, run, refused } = toolWork;
  const { ledger, limits } = call.app;
  const clearing = identity.named ? undefined : clear(call, identity.key);
  if (clearing !== undefined) await clearing;
  // Left while it was found out whether the caller may: nothing is begun for nobody.
  if (call.settled) return {};
  call.operationNamed = identity.named;
  const { operation, settled } = ledger.perform({
    key: identity.key,
    fingerprint: identity.fingerprint,
    id: call.openJournal?.operationId ?? nodeCrypto().randomUUID(),
    recovery: tool.recovery,
    retention: retentionFor(limits, identity.named),
    watcher: call,
    unknown: unknownOutcome,
    admission: identity.resumed === true ? admission?.onward : admission,
    work: (own) => work(call, own, run),
  });
  call.operation = operation;
  const settlement = await settled;
  if (settlement.kind === "suspended" && call.peer.revision.era === "legacy" && !call.settled) {
    // Shared with a client of the modern era, which is asked by its answer. This one is asked in its session.
    operation.unwatch(call);
    call.operation = undefined;
    return performTool(call, tool, identity, toolWork);
  }
  if (!identity.named && settlement.kind === "done") await concludeUnnamed(call, operation);
  return settlement.kind === "released" ? refused(settlement.error) : answer(call, settlement);
}

/** How long an outcome is kept: for whoever comes again with its key, or only until it has arrived. */
export function retentionFor(limits: Limits, named: boolean): Retention {
  return named
    ? { ttlMs: limits.operationTtlMs, tombstoneMs: limits.operationTombstoneMs }
    : { ttlMs: limits.joinWindowMs, tombstoneMs: 0 };
}

/** What an earlier call like this one left, and nobody comes back for: an answer on its way, work that was taken back. */
export function clear({ app }: Call, key: string): MaybePromise<void> {
  const running = app.ledger.running(key);
  return running?.takenBack ? ended(app, running) : app.deliveries.settle(key);
}

/** What only its arguments name is done: it is over once its answer has arrived, and at once when it was taken back. */
export function concludeUnnamed(call: Call, { key, takenBack }: RunningOperation): MaybePromise<void> {
  if (!call.settled) return watchDelivery(call, key);
  return takenBack ? call.app.ledger.forget(key) : undefined;
}

async function ended({ ledger }: App, { key, settled }: RunningOperation): Promise<void> {
  await settled.catch(() => {});
  await ledger.forget(key);
}

async function work(call: Call, operation: RunningOperation, run: ToolWork["run"]): Promise<Outcome> {
  call.operation = operation;
  call.record?.claim(operation.id);
  try {
    const result = await run(call);
    if (call.openJournal?.suspended) return { kind: "suspended", answer: result, keep: call.operationNamed };
    return { kind: "done", json: JSON.stringify({ result }) };
  } catch (error) {
    // Protocol errors of the handler are outcomes too: the work has been tried.
    if (error instanceof McpError) {
      const { code, message, data } = error;
      return { kind: "done", json: JSON.stringify({ error: { code, message, data } }) };
    }
    return { kind: "released", error };
  }
}

/** Refused before anything was done: the key is not used up. */
export function isRefusal(error: unknown, operation: RunningOperation): boolean {
  if (error instanceof Retryable) return true;
  const refused = error instanceof PermissionError || error instanceof MissingClientCapabilityError;
  return refused && operation.entries().length === 0;
}

/** What a call is answered with when its operation is settled. */
export function answer(call: Call, settlement: Exclude<Settlement, { kind: "released" }>): object {
  if (settlement.kind === "suspended") {
    if (settlement.answer === PARKED) throw goesOn();
    return settlement.answer;
  }
  if (settlement.replayed) call.record?.replay(settlement.id);
  const recorded: unknown = JSON.parse(settlement.json);
  if (!isObject(recorded)) throw new HoldfastError("ERR_STORE", "The recorded outcome cannot be read.");
  const error = ownObject(recorded, "error");
  if (error !== undefined) throw new McpError(error.code as number, error.message as string, error.data);
  if ("moved" in recorded) throw goesOn();
  const result = recorded.result as CallToolResult;
  const marked = settlement.replayed ? mark(result, { id: settlement.id, replayed: true }) : result;
  return call.peer.revision.callResult(marked);
}

/** Adds to what is said already: an outcome that is unknown stays so when it is replayed. */
function mark(result: CallToolResult, facts: JsonObject): CallToolResult {
  const said = ownObject(result._meta, OPERATION_META);
  return { ...result, _meta: { ...result._meta, [OPERATION_META]: { ...said, ...facts } } };
}

/** The outcome for work that was cut off, when nobody can say what came of it. */
export function unknownOutcome(): string {
  return JSON.stringify({ result: mark(errorResult(UNKNOWN), { state: "unknown" }), task: { at: Date.now() } });
}

/** The client of the first call knows tasks, this one does not. */
function goesOn(): McpError {
  return new McpError(ErrorCode.Unavailable, "The same call is being worked on as a task; call again later.");
}

/**
 * What only its arguments name is over when its answer has arrived: the next call like it is another one. Until then a
 * client that calls again, because it never got the answer, gets it.
 */
export function watchDelivery(call: Call, key: string): void {
  if (!call.settled) call.app.deliveries.expect(key, call.exchange);
}
