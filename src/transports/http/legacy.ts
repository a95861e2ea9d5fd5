/** Streamable HTTP of 2025-03-26 to 2025-11-25: sessions by sealed id, standing streams, replay, batches. */
import { countedKey, type Principal } from "../../auth/principal.js";
import { ErrorCode } from "../../errors.js";
import { HEADER } from "../../protocol/headers.js";
import {
  encodeError,
  encodeResponse,
  INVALID_REQUEST,
  type MessageKind,
  messageKind,
  type NotificationMessage,
  type RequestMessage,
  type ResponseMessage,
  salvageId,
} from "../../protocol/jsonrpc.js";
import { HEADERLESS, revisionOf } from "../../protocol/revisions/index.js";
import type { App } from "../../server/app.js";
import { BatchCollector } from "../../server/batch.js";
import { dispatchNotification, dispatchRequest, dispatchResponse } from "../../server/dispatch.js";
import type { Exchange } from "../../server/exchange.js";
import { initializeResult } from "../../server/handlers/lifecycle.js";
import type { Peer } from "../../server/peer.js";
import { openWatched } from "../../server/watched-session.js";
import type { EventStream } from "../../streams/event-stream.js";
import type { StreamRegistry } from "../../streams/registry.js";
import { chain } from "../../util/maybe-promise.js";
import { forwardAnswers, straysOf } from "./answers.js";
import { acceptedForms } from "./negotiation.js";
import { PostExchange } from "./post-exchange.js";
import type { Protection } from "./protection.js";
import { JSON_HEADERS, refuse, refuseBusy, refuseDraining, refuseMessage, SSE_HEADERS } from "./respond.js";
import { answerAnew, CALL_NOTE, STANDING_NOTE } from "./restored.js";
import type { HttpSessions, LiveSession } from "./sessions.js";
import { endWith, SseSink } from "./sse-sink.js";
import type { HttpExchange } from "./types.js";

/** What the legacy lane works with. */
export interface LegacyLane {
  readonly app: App;
  readonly protection: Protection;
  readonly sessions: HttpSessions;
  readonly streams: StreamRegistry;
}

const SESSION_GONE = "Session not found: it has ended or was never opened here. Send a new initialize request.";

/** One parsed POST body. */
export function servePost(lane: LegacyLane, http: HttpExchange, body: unknown, principal: Principal): void {
  if (isInitialize(body)) return initialize(lane, http, body, principal);
  const token = http.header(HEADER.sessionId);
  if (token === undefined) return serve(lane, http, body, statelessPeer(http, principal), undefined);
  const opened = lane.sessions.open(token, principal);
  if (opened === undefined) return refuseGone(http, body);
  const live = lane.sessions.acquire(opened, principal);
  const strays = straysOf(lane.app, live.session, body);
  if (strays.length === 0) return serveIn(lane, http, body, { live, principal });
  lane.sessions.release(live);
  const { bound, facts } = opened;
  forwardAnswers(lane.app, strays, {
    place: { bound, sid: facts.sid },
    done: () => serveIn(lane, http, body, { live: lane.sessions.acquire(opened, principal), principal }),
    refused: (why) => refuseBusy(http, why),
  });
}

/** One body in the session that its id names. */
function serveIn(
  lane: LegacyLane,
  http: HttpExchange,
  body: unknown,
  { live, principal }: { readonly live: LiveSession; readonly principal: Principal },
): void {
  serve(lane, http, body, live.session.peer(principal), live);
  lane.sessions.release(live);
}

function isInitialize(body: unknown): body is RequestMessage {
  return messageKind(body) === "request" && (body as RequestMessage).method === "initialize";
}

function initialize(lane: LegacyLane, http: HttpExchange, message: RequestMessage, principal: Principal): void {
  const { app } = lane;
  if (app.draining) return refuseDraining(http);
  const header = (name: string) => http.header(name);
  const session = openWatched(app, message, { transport: "http", principal, header });
  if ("code" in session) return refuseMessage(http, 200, session, message.id);
  // Whatever id the client sent along is ignored: ids are ours to choose (catalogue 41).
  const headers = { ...JSON_HEADERS, [HEADER.sessionId]: lane.sessions.mint(session) };
  http.end(200, headers, encodeResponse(message.id, initializeResult(app, session.revision)));
}

/** A client that sends no session id: served, but without anything that needs one. */
function statelessPeer(http: HttpExchange, principal: Principal): Peer {
  const revision = revisionOf(http.header(HEADER.protocolVersion) ?? "") ?? HEADERLESS;
  return { revision, transport: "http", principal, client: { info: undefined, capabilities: {} }, session: undefined };
}

function refuseGone(http: HttpExchange, body: unknown): void {
  const id = messageKind(body) === "request" ? (body as RequestMessage).id : undefined;
  refuseMessage(http, 404, { code: ErrorCode.InvalidRequest, message: SESSION_GONE }, id);
}

function serve(lane: LegacyLane, http: HttpExchange, body: unknown, peer: Peer, live: LiveSession | undefined): void {
  if (Array.isArray(body)) return serveBatch(lane, http, body, peer, live);
  const kind = messageKind(body);
  if (kind === "invalid") return refuseMessage(http, 400, INVALID_REQUEST, salvageId(body));
  if (kind !== "request") {
    accept(kind, body, live);
    return http.end(202, {});
  }
  if (lane.app.draining) return refuseDraining(http);
  const exchange = exchangeFor(lane, http, peer, live);
  const call = dispatchRequest(lane.app, exchange, body as RequestMessage);
  exchange.watch(call);
}

function accept(kind: MessageKind, body: unknown, live: LiveSession | undefined): void {
  if (kind === "notification") dispatchNotification(live?.session.calls, body as NotificationMessage);
  else dispatchResponse(live?.session, body as ResponseMessage);
}

function exchangeFor(lane: LegacyLane, http: HttpExchange, peer: Peer, live: LiveSession | undefined): PostExchange {
  const { app, protection, streams } = lane;
  const resumable = live === undefined || !peer.revision.resumable ? undefined : { streams, owner: live.sid };
  const accepted = acceptedForms(http);
  return new PostExchange({ app, protection, http, peer, calls: live?.session.calls, accepted, resumable });
}

/** A JSON-RPC batch (2025-03-26): one reply with all answers, or a stream of them when a call speaks on the way. */
function serveBatch(
  lane: LegacyLane,
  http: HttpExchange,
  messages: readonly unknown[],
  peer: Peer,
  live: LiveSession | undefined,
): void {
  const { app } = lane;
  if (!peer.revision.batches || messages.length === 0 || messages.length > app.limits.maxBatch) {
    return refuseMessage(http, 400, INVALID_REQUEST);
  }
  const kinds = messages.map(messageKind);
  if (!kinds.includes("request") && !kinds.includes("invalid")) {
    for (const [index, message] of messages.entries()) accept(kinds[index] ?? "invalid", message, live);
    return http.end(202, {});
  }
  if (app.draining) return refuseDraining(http);
  const parent = exchangeFor(lane, http, peer, live);
  const arrivals: ((arrived: boolean) => void)[] = [];
  const collector = new BatchCollector((answers) => {
    if (arrivals.length > 0) {
      parent.onDelivery((arrived) => {
        for (const listener of arrivals) listener(arrived);
      });
    }
    if (answers.length > 0) parent.reply(`[${answers.join(",")}]`, 0);
    else parent.abandon("");
  });
  for (const [index, message] of messages.entries()) {
    const kind = kinds[index] ?? "invalid";
    if (kind === "invalid" || isInitialize(message)) collector.slot()(encodeError(salvageId(message), INVALID_REQUEST));
    else if (kind === "request") dispatchOne({ app, parent, arrivals }, message as RequestMessage, collector.slot());
    else accept(kind, message, live);
  }
  collector.close();
  parent.watch();
}

/** The one reply of a batch, and who wants to know whether it arrives. */
interface BatchReply {
  readonly app: App;
  readonly parent: PostExchange;
  readonly arrivals: ((arrived: boolean) => void)[];
}

function dispatchOne(
  { app, parent, arrivals }: BatchReply,
  message: RequestMessage,
  answer: (text: string) => void,
): void {
  const { peer, calls } = parent;
  const exchange: Exchange = {
    peer,
    calls,
    mute: parent.mute,
    header: (name) => parent.header(name),
    notify: (text) => parent.notify(text),
    reply: answer,
    abandon: () => answer(""),
    onDelivery: (listener) => void arrivals.push(listener),
  };
  dispatchRequest(app, exchange, message);
}

/** GET: a standing stream, or with `Last-Event-ID` the rest of any stream of this session. */
export function serveGet(lane: LegacyLane, http: HttpExchange, principal: Principal): void {
  const { app, sessions, streams } = lane;
  const token = http.header(HEADER.sessionId);
  // Without a session there is nothing to listen to; 405 is what clients take for "no stream here".
  if (token === undefined) return refuse(http, 405, "GET needs an Mcp-Session-Id.", { allow: "POST" });
  if (!acceptedForms(http).sse) return refuse(http, 406, "GET answers with text/event-stream only.");
  const opened = sessions.open(token, principal);
  if (opened === undefined) return refuseGone(http, undefined);
  const { facts } = opened;
  if (app.draining) return refuseDraining(http);
  const lastEventId = http.header(HEADER.lastEventId);
  const live = sessions.acquire(opened, principal);
  if (lastEventId === undefined) return stand(lane, http, live, principal);
  chain(streams.find(lastEventId, facts.sid, countedKey(principal)), (cursor) => {
    // What the client waits for is gone for good, so the session is no longer what it believes: it must start anew.
    if (cursor === undefined) return refuseGone(http, undefined);
    const { stream, seq, notes } = cursor;
    stream.resume(attach(lane, http, stream, principal), seq);
    if (notes !== undefined) restore(lane, live, { stream, notes, principal });
  });
}

/** A new standing stream: what belongs to no request comes on it. */
function stand(lane: LegacyLane, http: HttpExchange, live: LiveSession, principal: Principal): void {
  const { app, sessions, streams } = lane;
  if (!sessions.mayStand(live)) {
    app.instruments?.limit("maxStreamsPerSession");
    return refuse(http, 409, "This session has too many open streams.");
  }
  const stream = streams.create(live.sid, live.counted);
  if (stream === undefined) {
    app.instruments?.limit("maxStreams");
    return refuseBusy(http, "Too many open streams");
  }
  stream.open(attach(lane, http, stream, principal), live.session.revision.priming);
  stream.note(STANDING_NOTE, "");
  sessions.stand(live, stream);
}

function attach({ app }: LegacyLane, http: HttpExchange, stream: EventStream, principal: Principal): SseSink {
  const sink = new SseSink(
    http.stream(200, SSE_HEADERS),
    app,
    endWith(principal, () => stream.close()),
  );
  http.onGone(() => {
    sink.gone();
    stream.detach(sink);
  });
  return sink;
}

/** A process died before it had said everything on this stream: this one goes on with it. */
function restore(
  { app, sessions }: LegacyLane,
  live: LiveSession,
  { stream, notes, principal }: { stream: EventStream; notes: ReadonlyMap<string, string>; principal: Principal },
): void {
  if (stream.finished) return;
  if (notes.has(STANDING_NOTE)) return sessions.stand(live, stream);
  const exchange = { peer: live.session.peer(principal), calls: live.session.calls };
  if (!answerAnew(app, stream, notes.get(CALL_NOTE), exchange)) stream.finish();
}

/** DELETE: the client ends its session. */
export function serveDelete(lane: LegacyLane, http: HttpExchange, principal: Principal): void {
  const token = http.header(HEADER.sessionId);
  if (token === undefined) return refuse(http, 400, "DELETE needs an Mcp-Session-Id.");
  const opened = lane.sessions.open(token, principal);
  if (opened === undefined) return refuseGone(http, undefined);
  const { revision, issuedAt } = opened.facts;
  const durationMs = Math.max(0, Date.now() - issuedAt);
  lane.sessions.end(token, opened.facts);
  lane.app.instruments?.session({ event: "ended", revision: revision.version, transport: "http", durationMs });
  http.end(204, {});
}
