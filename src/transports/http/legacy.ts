/** Streamable HTTP of 2025-03-26 to 2025-11-25: sessions by sealed id, standing streams, replay, batches. */
import type { Principal } from "../../auth/principal.js";
import { HEADER } from "../../protocol/headers.js";
import {
  encodeResponse,
  INVALID_REQUEST,
  messageKind,
  type RequestMessage,
  salvageId,
} from "../../protocol/jsonrpc.js";
import { HEADERLESS, revisionOf } from "../../protocol/revisions/index.js";
import { dispatchRequest } from "../../server/dispatch.js";
import { initializeResult } from "../../server/handlers/lifecycle.js";
import type { Peer } from "../../server/peer.js";
import { openWatched } from "../../server/watched-session.js";
import { forwardAnswers, straysOf } from "./answers.js";
import { serveBatch } from "./legacy-batch.js";
import { accept, exchangeFor, isInitialize, type LegacyLane, refuseGone } from "./legacy-lane.js";
import { JSON_HEADERS, refuse, refuseBusy, refuseDraining, refuseMessage } from "./respond.js";
import type { LiveSession } from "./sessions.js";
import type { HttpExchange } from "./types.js";

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
