/** What all requests of the legacy era over Streamable HTTP share. */
import { ErrorCode } from "../../errors.js";
import {
  type MessageKind,
  messageKind,
  type NotificationMessage,
  type RequestMessage,
  type ResponseMessage,
} from "../../protocol/jsonrpc.js";
import type { App } from "../../server/app.js";
import { dispatchNotification, dispatchResponse } from "../../server/dispatch.js";
import type { Peer } from "../../server/peer.js";
import type { StreamRegistry } from "../../streams/registry.js";
import { acceptedForms } from "./negotiation.js";
import { PostExchange } from "./post-exchange.js";
import type { Protection } from "./protection.js";
import { refuseMessage } from "./respond.js";
import type { HttpSessions, LiveSession } from "./sessions.js";
import type { HttpExchange } from "./types.js";

/** What the legacy lane works with. */
export interface LegacyLane {
  readonly app: App;
  readonly protection: Protection;
  readonly sessions: HttpSessions;
  readonly streams: StreamRegistry;
}

const SESSION_GONE = "Session not found: it has ended or was never opened here. Send a new initialize request.";

export function isInitialize(body: unknown): body is RequestMessage {
  return messageKind(body) === "request" && (body as RequestMessage).method === "initialize";
}

/** 404: the session id is dead; the client has to begin anew. */
export function refuseGone(http: HttpExchange, body: unknown): void {
  const id = messageKind(body) === "request" ? (body as RequestMessage).id : undefined;
  refuseMessage(http, 404, { code: ErrorCode.InvalidRequest, message: SESSION_GONE }, id);
}

/** What is answered by nothing: a notification, or an answer of the client. */
export function accept(kind: MessageKind, body: unknown, live: LiveSession | undefined): void {
  if (kind === "notification") dispatchNotification(live?.session.calls, body as NotificationMessage);
  else dispatchResponse(live?.session, body as ResponseMessage);
}

/** The reply to a POST, from which a call speaks. */
export function exchangeFor(
  lane: LegacyLane,
  http: HttpExchange,
  peer: Peer,
  live: LiveSession | undefined,
): PostExchange {
  const { app, protection, streams } = lane;
  const resumable = live === undefined || !peer.revision.resumable ? undefined : { streams, owner: live.sid };
  const accepted = acceptedForms(http);
  return new PostExchange({ app, protection, http, peer, calls: live?.session.calls, accepted, resumable });
}
