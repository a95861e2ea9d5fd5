import { countedKey, type Principal } from "../../auth/principal.js";
import { HEADER } from "../../protocol/headers.js";
import type { EventStream } from "../../streams/event-stream.js";
import { type LegacyLane, refuseGone } from "./legacy-lane.js";
import { whenLookedUp } from "./look-up.js";
import { acceptedForms } from "./negotiation.js";
import { refuse, refuseBusy, refuseDraining, SSE_HEADERS } from "./respond.js";
import { answerAnew, CALL_NOTE, STANDING_NOTE } from "./restored.js";
import type { LiveSession } from "./sessions.js";
import { endWith, SseSink } from "./sse-sink.js";
import type { HttpExchange } from "./types.js";

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
  whenLookedUp(app, http, streams.find(lastEventId, facts.sid, countedKey(principal)), (cursor) => {
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
