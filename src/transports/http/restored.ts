/**
 * Requests that a crash cut off. What is needed to answer one anew is noted beside the log of its stream; when the client
 * comes back to the stream, in another process, the request is handled again under the same operation: a read is run
 * again, a write gets its recorded outcome, or what its tool says about being cut off.
 */
import type { RequestMessage } from "../../protocol/jsonrpc.js";
import { messageKind } from "../../protocol/jsonrpc.js";
import { type Revision, revisionOf } from "../../protocol/revisions/index.js";
import type { App } from "../../server/app.js";
import type { Call } from "../../server/call.js";
import { dispatchRequest } from "../../server/dispatch.js";
import type { CallRegister, Exchange, ResumedOperation } from "../../server/exchange.js";
import { headerKey } from "../../server/operation-identity.js";
import type { ClientFacts, Peer } from "../../server/peer.js";
import type { LegacySession } from "../../server/session.js";
import type { EventStream } from "../../streams/event-stream.js";
import { isObject, ownObject, ownString } from "../../util/json.js";

/** Key of the note that holds the request of a stream that was opened by one. */
export const CALL_NOTE = "call";
/** Key of the note that holds what a session of HTTP+SSE was opened with. */
export const SESSION_NOTE = "session";
/** Key of the note that says that a stream stands: what belongs to no request comes on it. */
export const STANDING_NOTE = "standing";

/** Notes the request of a stream, until its answer is in the log. */
export function noteCall(stream: EventStream, call: Call | undefined): void {
  if (call !== undefined && !call.settled) stream.note(CALL_NOTE, encodeCall(call));
}

/** A call as a text that another process can go on with. */
export function encodeCall(call: Call): string {
  const { id, method, operation, operationNamed: named } = call;
  // The operation is not known while it is found out whether the caller may; then what the request says names it again,
  // and headers are not there by then.
  const idempotencyKey = headerKey(call);
  const params = idempotencyKey === undefined ? call.params : { ...call.params, idempotencyKey };
  const message = { jsonrpc: "2.0", id, method, params };
  return JSON.stringify({ message, ...(operation !== undefined && { operation: { key: operation.key, named } }) });
}

/** What a noted call says, or undefined when it cannot be read. */
export function decodeCall(
  text: string,
): { message: RequestMessage; resumes: ResumedOperation | undefined } | undefined {
  const noted = decodeNote(text);
  if (!isObject(noted) || messageKind(noted.message) !== "request") return undefined;
  const operation = ownObject(noted, "operation");
  const key = ownString(operation, "key");
  const resumes = key === undefined ? undefined : { key, named: operation?.named === true };
  return { message: noted.message as RequestMessage, resumes };
}

function decodeNote(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a session of HTTP+SSE was opened with, as a text. */
export function encodeSession({ revision, client }: LegacySession): string {
  return JSON.stringify({ revision: revision.version, ...client });
}

/** What a noted session was opened with; undefined when it cannot be read. */
export function decodeSession(text: string | undefined): { revision: Revision; client: ClientFacts } | undefined {
  const noted = text === undefined ? undefined : decodeNote(text);
  const revision = revisionOf(isObject(noted) ? (ownString(noted, "revision") ?? "") : "");
  if (!isObject(noted) || revision?.era !== "legacy") return undefined;
  const info = ownObject(noted, "info") as ClientFacts["info"];
  return { revision, client: { info, capabilities: ownObject(noted, "capabilities") ?? {} } };
}

/** Where the answer of a restored call goes. */
export interface Restored {
  readonly peer: Peer;
  readonly calls: CallRegister;
}

/** Handles the noted request of a stream again; false when there is none. */
export function answerAnew(app: App, stream: EventStream, note: string | undefined, restored: Restored): boolean {
  const noted = note === undefined ? undefined : decodeCall(note);
  if (noted === undefined) return false;
  const finish = (message: string, onArrival?: (arrived: boolean) => void) => {
    stream.append(message, onArrival, CALL_NOTE);
    stream.finish();
  };
  dispatchRequest(app, new RestoredExchange(stream, { ...restored, resumes: noted.resumes, finish }), noted.message);
  return true;
}

interface RestoredParts extends Restored {
  readonly resumes: ResumedOperation | undefined;
  readonly finish: (message: string, onArrival?: (arrived: boolean) => void) => void;
}

class RestoredExchange implements Exchange {
  readonly peer: Peer;
  readonly calls: CallRegister;
  readonly durable = true;
  readonly resumes: ResumedOperation | undefined;
  readonly #stream: EventStream;
  readonly #finish: RestoredParts["finish"];
  #onDelivery: ((arrived: boolean) => void) | undefined;

  constructor(stream: EventStream, parts: RestoredParts) {
    this.peer = parts.peer;
    this.calls = parts.calls;
    this.resumes = parts.resumes;
    this.#finish = parts.finish;
    this.#stream = stream;
  }

  notify(message: string): void {
    this.#stream.append(message);
  }

  reply(message: string): void {
    this.#finish(message, this.#onDelivery);
  }

  abandon(last: string): void {
    this.#finish(last);
  }

  onDelivery(listener: (arrived: boolean) => void): void {
    this.#onDelivery = listener;
  }
}
